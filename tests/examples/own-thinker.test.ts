// Goal: a user adds a thinker with one file and one line of configuration. Method: the example, in a
// whole service; the voice is scripted to ask it, the chat model to use its tool.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { loadConfig } from "../../service/config.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_TRACING } from "../../service/contract/tracing.ts";
import { startThinkers } from "../../service/main-thinkers.ts";
import {
  ask,
  dial,
  resultsOf,
  routed,
  startThinkersService,
  toolOutputs,
  untilAnswered,
} from "../e2e/thinkers-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const EXAMPLE = join(import.meta.dir, "../../examples/opening-hours-thinker.ts");

test("S1-07: the example's thinker is routed to, uses its tool and answers", async () => {
  const chat = `
  - when: { system: "when our shops are open", toolAnswered: false }
    answer: { toolCalls: [{ name: opening_hours, arguments: { city: Bern } }] }
  - when: { toolAnswered: true }
    answer: { text: "From nine to five, Monday to Saturday." }
`;
  const turns = [routed(1, "opening_hours", "When is the shop in Bern open?")];
  const argv = ["--thinkers-domains", `knowledge,${EXAMPLE}`];
  await using running = await startThinkersService({ turns, chat, argv });
  const { service } = running;
  const caller = await dial(service);
  ask(caller);
  await untilAnswered(service, caller);
  expect(toolOutputs(service.record(0))[0]?.output).toContain("nine to five");
  const tool = service.running.chatSimulator?.records.at(-1)?.request.messages.at(-1);
  expect(tool?.content).toBe("Monday to Saturday 9 to 17");
  expect(resultsOf(service, "opening_hours", "answered")).toBe(1);
});

test("the example stays under 40 lines", () => {
  expect(readFileSync(EXAMPLE, "utf8").trimEnd().split("\n").length).toBeLessThan(40);
});

test.each([
  ["./no-such-file.ts", "no thinker that comes along, nor a module that can be loaded"],
  [join(import.meta.dir, "own-thinker.test.ts"), "exports no function createThinker"],
  [`${EXAMPLE},${EXAMPLE}`, "opening_hours is there twice"],
])("refuses %p at the start, with what to do", async (domains, part) => {
  const argv = ["--upstream", "simulator", "--thinkers-domains", domains];
  const starting = startThinkers({
    config: loadConfig({ argv, env: {}, file: null }),
    clock: createSteppedClock(),
    random: createSeededRandom(1),
    log: SILENT_LOG,
    metrics: NO_METRICS,
    tracing: NO_TRACING,
  });
  const failure = await starting.then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toMatchObject({ code: "config_invalid" });
  expect(String(failure)).toContain(part);
});
