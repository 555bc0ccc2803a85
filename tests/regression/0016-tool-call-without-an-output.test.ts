// A thinker's source had a title of a megabyte. The number of sources was bounded, their length was
// not: the output was over what the provider's socket takes, was dropped, and nobody looked. The
// caller's side was told `done`, the model waited for its answer for the rest of the call.
import { expect, test } from "bun:test";
import { join } from "node:path";
import {
  ask,
  dial,
  routed,
  startThinkersService,
  toolOutputs,
  untilAnswered,
} from "../e2e/thinkers-fixture.ts";
import { noticesOf } from "../support/stepped-service.ts";

test("RT-09: the title is cut, and the call has its output", async () => {
  const domains = join(import.meta.dir, "../e2e/long-title-thinker.ts");
  const turns = [routed(1, "shop", "Are you open?"), routed(2, "shop", "Are you open?")];
  const argv = ["--thinkers-domains", domains];
  await using running = await startThinkersService({ turns, chat: "  []", argv });
  const { service } = running;
  const caller = await dial(service);
  for (let turn = 1; turn <= turns.length; turn += 1) {
    ask(caller);
    await untilAnswered(service, caller, turn);
    await service.run(3_000);
  }
  const outputs = toolOutputs(service.record(0)).map(({ output }) => JSON.parse(output));
  const answer = {
    answer: "We are open.",
    sources: [{ title: "t".repeat(200), url: "https://shop.example" }],
  };
  expect(outputs).toEqual([answer, answer]);
  const states = noticesOf(caller, "toolStatus").map(({ state }) => state);
  expect(states).toEqual(["started", "done", "started", "done"]);
});
