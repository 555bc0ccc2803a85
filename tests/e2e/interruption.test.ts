// Interruptions over both dialects: the agent falls silent, and the model is told to the
// millisecond what the caller heard: within 20 ms of the ear's own count, never beyond it.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { TRUNCATE_ERROR_MS_MAX } from "../../service/limits.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { DialOptions, SteppedService } from "../support/stepped-service.ts";
import { startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals, truncations } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const NO_GREETING = ["--routes-twilio-greeting", ""];
/** The words of the recording begin here, and so much of them interrupts. */
const WORDS_MS = 300;
const INTERRUPTING_MS = 200;
/**
 * More than that much is a late reaction: the voice model's windows, the noise floor, the raster.
 */
const REACTION_MS_MAX = 350;

const DIALECTS = [
  {
    name: "stream",
    bytesPerMs: 48,
    open: (service: SteppedService, dial?: DialOptions) =>
      service.call("/v1/stream", createProtobufLine(WIDE), dial),
  },
  {
    name: "phone",
    bytesPerMs: 8,
    open: (service: SteppedService, dial?: DialOptions) =>
      service.call("/twilio/media", createTwilioLine(IDS), dial),
  },
];

interface Cut {
  /** Of the answer, by the ear. */
  readonly heardMs: number;
  /** From the begin of the recording to the cut. */
  readonly saidMs: number;
}

/** Asks, listens for `listenMs`, then talks over the answer until it is cut. */
async function interrupt(service: SteppedService, caller: Caller, listenMs: number): Promise<Cut> {
  const beforeMs = caller.ear.heardMs();
  caller.say(loadSpeech("question", caller.format));
  await service.until(() => caller.ear.heardMs() - beforeMs >= listenMs, 30_000);
  const cuts = () => caller.timeline.entries.filter(({ kind }) => kind === "cleared").length;
  const cutsBefore = cuts();
  const startMs = service.clock.nowMs();
  caller.say(loadSpeech("interrupt", caller.format));
  await service.until(() => cuts() > cutsBefore, 3_000);
  const heardMs = caller.ear.heardMs() - beforeMs;
  return { heardMs, saidMs: service.clock.nowMs() - startMs };
}

/** All that the caller's mouth gave, as the upstream gets it: a phone's bytes as they are. */
function asUpstream(caller: Caller): Uint8Array {
  const sent = caller.mouth.sent();
  return caller.format === WIDE ? captureInOnePiece(sent, WIDE, UPSTREAM) : sent;
}

for (const { name, bytesPerMs, open } of DIALECTS) {
  describe(`an interruption over the ${name}`, () => {
    for (const listenMs of [60, 300, 1_010, 2_490]) {
      test(`S1-16, I6: after ${listenMs} ms the answer is cut, and truncated as heard`, async () => {
        await using service = await startSteppedService({ argv: NO_GREETING });
        const caller = await open(service);
        const { heardMs, saidMs } = await interrupt(service, caller, listenMs);
        const record = service.record(0);

        const cuts = truncations(record);
        expect(cuts).toHaveLength(1);
        const audioEndMs = cuts[0]?.audioEndMs ?? 0;
        expect(audioEndMs).toBeLessThanOrEqual(heardMs);
        expect(audioEndMs).toBeGreaterThanOrEqual(heardMs - TRUNCATE_ERROR_MS_MAX);
        expect(saidMs).toBeGreaterThanOrEqual(WORDS_MS + INTERRUPTING_MS);
        expect(saidMs).toBeLessThan(WORDS_MS + INTERRUPTING_MS + REACTION_MS_MAX);

        // Silence from the cut on, although more was generated and some was on its way.
        await service.run(1_000);
        expect(caller.ear.heardMs()).toBeCloseTo(heardMs, 6);
        expect(refusals(record)).toEqual([]);
      });
    }

    // The clear takes the same way as the audio, so the caller hears what was heard by the clock of
    // the sender; reports come two ways late and must not be taken for slow playing. Above 150 ms
    // there and back they are (far-end-line.ts): the error then is towards "heard less".
    for (const [delayMs, errorMsMax] of [
      [15, TRUNCATE_ERROR_MS_MAX],
      [60, TRUNCATE_ERROR_MS_MAX],
      [200, 300],
    ] as const) {
      test(`over a network of ${delayMs} ms each way it is truncated as heard`, async () => {
        await using service = await startSteppedService({ argv: NO_GREETING });
        const caller = await open(service, { delayMs: () => delayMs });
        const { heardMs } = await interrupt(service, caller, 1_500);
        const audioEndMs = truncations(service.record(0))[0]?.audioEndMs ?? 0;
        expect(audioEndMs).toBeLessThanOrEqual(heardMs);
        expect(audioEndMs).toBeGreaterThanOrEqual(heardMs - errorMsMax);
        expect(refusals(service.record(0))).toEqual([]);
        expect(service.complaints).toEqual([]);
      });
    }

    test("I2: the interrupting words are the next turn, whole, and only its answer is heard", async () => {
      await using service = await startSteppedService({ argv: NO_GREETING });
      const caller = await open(service);
      await interrupt(service, caller, 700);
      const heardMs = caller.ear.heardMs();
      await service.until(() => caller.ear.heardMs() - heardMs > 3_000, 30_000);
      const record = service.record(0);
      expect(record.committed).toHaveLength(2);
      // 6.08 s of words, the pre-roll before and the silence behind them.
      const committedMs = (record.committed[1]?.audio.byteLength ?? 0) / bytesPerMs;
      expect(committedMs).toBeGreaterThan(6_080);
      expect(committedMs).toBeLessThan(7_200);
      // Every byte of it is what the caller said, from the pre-roll to the end, in one piece.
      const said = Buffer.from(asUpstream(caller));
      const offset = said.indexOf(Buffer.from(record.committed[1]?.audio ?? []));
      expect(offset).toBeGreaterThan(0);
      expect(offset % (20 * bytesPerMs)).toBe(0);
      expect(caller.ear.staleFrames()).toBe(0);
      expect(overlappingCreates(record)).toEqual([]);
      expect(refusals(record)).toEqual([]);
      expect(service.complaints).toEqual([]);
    });
  });
}
