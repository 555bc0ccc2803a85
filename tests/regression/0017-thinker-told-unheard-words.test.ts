// The words that thinkers are told came from the transcripts of what the agent generated, which is
// all there long before it sounds. A caller who interrupted an answer and asked "what comes after
// that?" was answered by a thinker that took all of it for heard. It is told what the caller's
// history says now: the agent's words as far as they were heard.
import { expect, test } from "bun:test";
import {
  ask,
  dial,
  routed,
  startThinkersService,
  TURN_MS_MAX,
  untilAnswered,
} from "../e2e/thinkers-fixture.ts";
import { noticesOf } from "../support/stepped-service.ts";

const ANSWER = "First open the window then water the plants then feed the cat and close the door";

test("of an interrupted answer a thinker is told what was heard, and what was said since", async () => {
  const turns = [
    { when: { turn: 1 }, transcript: "What do I do?", answer: { text: ANSWER, toneMs: 8_000 } },
    routed(2, "knowledge", "What comes after the window?"),
  ];
  const chat = '  - answer: { text: "The plants." }';
  await using running = await startThinkersService({ turns, chat });
  const { service } = running;
  const caller = await dial(service);
  ask(caller);
  await service.until(() => caller.ear.heardMs() > 1_000, TURN_MS_MAX);
  const isWritten = () => noticesOf(caller, "transcript").some(({ text }) => text === ANSWER);
  await service.until(isWritten, TURN_MS_MAX);
  ask(caller);
  await service.until(() => noticesOf(caller, "bargeIn").length === 1, TURN_MS_MAX);
  await untilAnswered(service, caller);
  const prompt = service.running.chatSimulator?.records[0]?.request.messages[0]?.content ?? "";
  expect(prompt).toContain("First open the window");
  expect(prompt).not.toContain("close the door");
  expect(prompt).toContain("What do I do?");
  expect(prompt.indexOf("First open")).toBeGreaterThan(prompt.indexOf("What do I do?"));
});
