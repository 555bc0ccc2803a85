// Many calls at once whose callers do what callers do, by a seed: speak, talk over the agent, press
// keys, type, stop it, lose frames, vanish; on both lanes, over both transports. Whatever happens,
// the rules of every call must hold. The seed stands in the title; TEST_SEED=n tries another one.
import { describe, expect, test } from "bun:test";
import { Lane } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import type { Random } from "../../service/contract/clock.ts";
import { TRUNCATE_ERROR_MS_MAX } from "../../service/limits.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import type { SpeechName } from "../support/speech-files.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService, STEP_MS } from "../support/stepped-service.ts";
import { overlappingCreates, refusals, truncations } from "../support/upstream-facts.ts";

const SEED = Number(process.env["TEST_SEED"] ?? 20_261_120);
const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const UPSTREAM_FRAME_BYTES = 480 * 2;
const STREAMS = 5;
const PHONES = 5;
const CALL_MS = 40_000;
const TEST_MS_MAX = 60_000;
const WORDS: readonly SpeechName[] = ["question", "two-part", "yes", "no", "hold-on", "interrupt"];
function pick<T>(random: Random, from: readonly T[]): T {
  const chosen = from[random.uint32() % from.length];
  if (chosen === undefined) throw new Error("nothing to pick from");
  return chosen;
}

/** One thing a caller does, about every two seconds. */
function act(caller: Caller, random: Random): void {
  if (random.uint32() % 100 > 0) return;
  const choice = random.uint32() % 10;
  if (choice < 6 && !caller.mouth.isSpeaking()) {
    caller.say(loadSpeech(pick(random, WORDS), caller.format));
  } else if (choice === 6) caller.press(pick(random, ["1", "42#", "*"]));
  else if (choice === 7 && caller.format === WIDE) caller.typeText("Are you open on Sunday?");
  // The spans of a stream are compared bit for bit, so only phones lose frames.
  else if (choice === 7) caller.loseFrames(1 + (random.uint32() % 60));
  else if (choice === 8) caller.interrupt();
  else if (choice === 9) caller.endOfTurn();
}

async function openAll(service: SteppedService): Promise<Caller[]> {
  const callers: Caller[] = [];
  for (let index = 0; index < STREAMS; index += 1) {
    const lane = index % 2 === 0 ? Lane.FAST : Lane.BIG;
    callers.push(await service.call("/v1/stream", createProtobufLine(WIDE, { lane })));
    await service.run(60);
  }
  for (let index = 0; index < PHONES; index += 1) {
    const ids = { accountSid: "AC1", callSid: `CA${index}`, streamSid: `MZ${index}` };
    const line = createTwilioLine({ ...ids, customParameters: {} });
    callers.push(await service.call("/twilio/media", line));
    await service.run(60);
  }
  return callers;
}

/** Every span that was committed is, bit for bit, that span of what was said; none overlaps. */
function checkSpans(caller: Caller, committed: readonly { readonly audio: Uint8Array }[]): void {
  const turns = noticesOf(caller, "turnCommitted");
  const stream = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
  expect(committed.length).toBe(turns.length);
  for (const [index, { startMs, endMs }] of turns.entries()) {
    const from = (startMs / 20) * UPSTREAM_FRAME_BYTES;
    const span = stream.subarray(from, (endMs / 20) * UPSTREAM_FRAME_BYTES);
    expect(Buffer.compare(committed[index]?.audio ?? new Uint8Array(), span)).toBe(0);
    expect(startMs).toBeGreaterThanOrEqual(turns[index - 1]?.endMs ?? 0);
  }
}

/** What the service holds as heard is what the ear heard, never more. */
function checkReceipts(caller: Caller): void {
  for (const { item, heardMs } of noticesOf(caller, "receipt")) {
    const earMs = caller.ear.heardSamples(item) / 16;
    expect(heardMs).toBeLessThanOrEqual(earMs);
    expect(heardMs).toBeGreaterThanOrEqual(earMs - TRUNCATE_ERROR_MS_MAX);
  }
}

describe("many calls at once", () => {
  test(
    `hold their rules whatever the callers do (seed ${SEED})`,
    async () => {
      await using service = await startSteppedService({ seed: SEED });
      const timersBefore = service.clock.pendingTimers();
      const random = createSeededRandom(SEED);
      const callers = await openAll(service);
      for (let passedMs = 0; passedMs < CALL_MS; passedMs += STEP_MS) {
        for (const caller of callers) act(caller, random);
        await service.step();
      }
      await service.run(3_000);

      let turnCount = 0;
      let cutCount = 0;
      for (const [index, caller] of callers.entries()) {
        const record = service.record(index);
        expect(refusals(record)).toEqual([]);
        expect(overlappingCreates(record)).toEqual([]);
        expect(caller.unknownMessages).toEqual([]);
        expect(caller.isOpen()).toBe(true);
        if (index < STREAMS) {
          checkSpans(caller, record.committed);
          checkReceipts(caller);
        }
        turnCount += record.committed.length;
        cutCount += truncations(record).length;
      }
      expect(service.complaints).toEqual([]);
      expect(turnCount).toBeGreaterThan(callers.length);
      expect(cutCount).toBeGreaterThan(0);

      // Half of them say goodbye, half vanish: nothing stays behind, not even a timer.
      for (const [index, caller] of callers.entries()) {
        if (index % 2 === 0) caller.hangUp();
        else caller.drop();
      }
      await service.until(() => callers.every((caller) => !caller.isOpen()), 2_000);
      await service.run(1_000);
      expect(service.running.calls.callsOpen()).toBe(0);
      expect(service.simulator.lines()).toHaveLength(0);
      expect(service.clock.pendingTimers()).toBe(timersBefore);
    },
    TEST_MS_MAX,
  );
});
