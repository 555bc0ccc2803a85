// Goal: thinkers work with the cascade as with the realtime API: the model of the cascade is given
// the routing tool, a thinker answers beside the voice, and what it found is spoken once.
// Method: the service on stepped time; the thinker asks nobody and takes a second; engines of fixed
// delay.
import { expect, test } from "bun:test";
import { join } from "node:path";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { type TimedCascade, timedCascade } from "../support/timed-cascade.ts";
import { tokensOf } from "../support/timed-engines.ts";
import { SHOP_HOURS } from "./shop-thinker.ts";

const WIDE = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;
const SHOP = join(import.meta.dir, "shop-thinker.ts");
const TURN_MS_MAX = 20_000;

test("S1-05, S1-27: a thinker's answer is handed to the cascade's model and spoken once", async () => {
  const made: { cascade?: TimedCascade } = {};
  await using service = await startSteppedService({
    argv: [
      ...["--thinkers-domains", SHOP],
      // This one asks no model, but thinkers want one to be there.
      ...["--language-model-url", "http://127.0.0.1:1/v1"],
    ],
    cascade: (clock) => {
      made.cascade = timedCascade(clock);
      return made.cascade.engines;
    },
  });
  const { cascade } = made;
  if (cascade === undefined) throw new Error("The service asked for no engines");
  cascade.ears.hear = () => "when are you open";
  const argumentsText = JSON.stringify({ domain: "opening_hours", query: "When are you open?" });
  const call = { id: "call_1", name: "route_to_thinker", argumentsText };
  cascade.model.answer = ({ messages }) => {
    const last = messages.at(-1);
    if (last?.role !== "tool") return ["One moment. ", { kind: "tool_call", call }];
    const { answer } = JSON.parse(last.text) as { answer: string };
    return tokensOf(`${answer}.`);
  };
  const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
  caller.say(loadSpeech("yes", WIDE));
  const finals = () =>
    noticesOf(caller, "transcript").filter((notice) => notice.final && notice.speaker === 2);
  await service.until(() => finals().length === 2, TURN_MS_MAX);
  await service.run(3_000);
  const [first, second, ...more] = cascade.model.requests;
  expect(more).toEqual([]);
  expect(first?.tools.map(({ name }) => name)).toEqual(["route_to_thinker"]);
  const answer = second?.messages.at(-1);
  expect(answer).toMatchObject({ role: "tool", toolCallId: "call_1" });
  expect(finals().map(({ text }) => text)).toEqual(["One moment.", `${SHOP_HOURS}.`]);
  expect(noticesOf(caller, "toolStatus").map(({ state }) => state)).toEqual(["started", "done"]);
  expect(service.complaints).toEqual([]);
});
