// Goal: whatever a call asks of the cascade, in whatever order, and whichever engine fails meanwhile,
// its promises hold: one answer at a time, one end for each, no sound after an end, nothing thrown,
// nothing left running.
// Method: seeded sequences of every command and fault, on stepped time; a failing seed is printed.
import { expect, test } from "bun:test";
import { createSeededRandom } from "../support/seeded-random.ts";
import { tokensOf } from "../support/timed-engines.ts";
import { type CascadeUnderTest, openCascade } from "./cascade-fixture.ts";

const SEEDS = 60;
const STEPS = 60;
const AUDIO = new Uint8Array(3_200).fill(1);

type Pick = (count: number) => number;
type Act = (under: CascadeUnderTest, pick: Pick) => void;

const lastItem = (under: CascadeUnderTest) => String(under.of("onAudio").at(-1)?.[1] ?? "none");

const ACTS: readonly Act[] = [
  ({ upstream }) => upstream.append(AUDIO, 0, AUDIO.length),
  ({ upstream }) => upstream.append(AUDIO, 0, AUDIO.length),
  ({ upstream }) => upstream.commit(),
  ({ upstream }) => upstream.clearInput(),
  ({ upstream }) => upstream.hintTurnEnd?.(true),
  ({ upstream }) => upstream.hintTurnEnd?.(false),
  ({ upstream }) => upstream.respond({ instructions: "", tag: "turn" }),
  ({ upstream }) => upstream.respond({ instructions: "Say hello", tag: "nudge" }),
  ({ upstream }) => upstream.respond({ instructions: "", tag: "ack", openingText: "I see." }),
  ({ upstream }) => upstream.cancel(""),
  (under, pick) => under.upstream.truncate(lastItem(under), 0, pick(3_000)),
  (under) => under.upstream.deleteItem(lastItem(under)),
  ({ upstream }) => upstream.createText("user", "and today?"),
  ({ upstream }) => upstream.submitToolOutput("call_1", "{}"),
  ({ upstream }) => upstream.pauseReading(),
  ({ upstream }) => upstream.resumeReading(),
  ({ upstream }) => upstream.updateSession({ voice: "other" }),
  ({ ears }, pick) => {
    ears.failsWith = pick(3) === 0 ? "engine_unavailable" : null;
  },
  ({ ears }, pick) => {
    ears.hear = () => (pick(4) === 0 ? "" : "when do you close");
  },
  ({ model }, pick) => {
    model.failsAfter = pick(3) === 0 ? pick(4) : null;
  },
  ({ model }, pick) => {
    const call = { id: `call_${pick(3)}`, name: "lookup", argumentsText: "{}" };
    model.answer = () =>
      pick(3) === 0 ? [{ kind: "tool_call", call }] : tokensOf("We close at eight. Do come by.");
  },
  ({ voice }, pick) => {
    voice.failsWith = pick(3) === 0 ? "engine_timeout" : null;
  },
];

/** Every answer has one beginning and one end, in turn, and sounds only in between. */
function expectInOrder(under: CascadeUnderTest): void {
  let active: unknown = null;
  for (const [name, ...args] of under.heard) {
    const [responseId] = args;
    if (name === "onResponseCreated") {
      expect(active).toBeNull();
      active = responseId;
    } else if (name === "onResponseDone") {
      expect(responseId).toBe(active);
      active = null;
    } else if (/^on(Audio|AudioDone|AgentTranscript|StageLatency|ToolCall)$/.test(name)) {
      expect(responseId).toBe(active);
    }
  }
  expect(active).toBeNull();
}

test("S2-87, D-34: any order of commands and faults keeps the promises", async () => {
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const random = createSeededRandom(seed);
    const pick: Pick = (count) => random.uint32() % count;
    const under = await openCascade({ settings: { transcriptMsMax: 2_000 } });
    try {
      for (let step = 0; step < STEPS; step += 1) {
        ACTS[pick(ACTS.length)]?.(under, pick);
        await under.run(pick(4) === 0 ? pick(1_500) : pick(60));
      }
      under.upstream.resumeReading();
      await under.run(30_000);
      expectInOrder(under);
      const committed = under.of("onCommitted").length;
      expect(under.of("onCallerTranscript").length).toBeLessThanOrEqual(committed);
      expect(under.of("onClosed")).toEqual([]);
      under.upstream.close();
      await under.run(30_000);
      expect(under.heard.at(-1)?.[0]).toBe("onClosed");
      expect(under.clock.pendingTimers()).toBe(0);
    } catch (error) {
      throw new Error(`Seed ${seed} broke a promise`, { cause: error });
    }
  }
}, 120_000);
