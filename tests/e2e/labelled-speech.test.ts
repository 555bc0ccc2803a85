// Real recordings with hand-made labels, where there are some: VOXBRIDGE_SPEECH_DIR names a folder
// of
// 16 kHz WAV files with `name,start,end,label,…` beside them (.scv). They are not part of the
// project. The agent answers in every longer pause and the recording then talks over it, so turns
// and interruptions come as they come; what is asserted holds for every call whatever is said in
// it.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { TRUNCATE_ERROR_MS_MAX } from "../../service/limits.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import type { LabelledSpan } from "../support/speech-files.ts";
import { labelledRecordings, loadRecording } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals, truncations } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const UPSTREAM_FRAME_BYTES = 480 * 2;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const RECORDINGS_MAX = 30;
const TEST_MS_MAX = 60_000;
/** Of all labelled speech, so much lies in committed spans: short words may be no turn. */
const COVERED_SHARE_MIN = 0.9;

const recordings = labelledRecordings(RECORDINGS_MAX);
if (recordings.length === 0) {
  console.warn(
    "NOT RUN: tests on real speech; set VOXBRIDGE_SPEECH_DIR to a folder of labelled WAVs",
  );
}

/** Says the recording and waits until nothing is left to answer. */
async function speak(service: SteppedService, caller: Caller, speech: Uint8Array): Promise<void> {
  caller.say(speech);
  await service.until(() => !caller.mouth.isSpeaking(), 60_000);
  await service.run(2_000);
  await service.until(() => !caller.ear.isPlaying(), 60_000);
}

/** Milliseconds of `labels` that lie inside one of `spans`. */
function coveredMs(labels: readonly LabelledSpan[], spans: readonly LabelledSpan[]): number {
  let sumMs = 0;
  for (const label of labels) {
    for (const span of spans) {
      const startMs = Math.max(label.startMs, span.startMs);
      sumMs += Math.max(0, Math.min(label.endMs, span.endMs) - startMs);
    }
  }
  return sumMs;
}

function lengthMs(spans: readonly LabelledSpan[]): number {
  return spans.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
}

describe.skipIf(recordings.length === 0)("real speech", () => {
  test(
    "over the stream: every turn bit for bit, every interruption as heard, nothing lost",
    async () => {
      let labelledMs = 0;
      let sentMs = 0;
      let cutCount = 0;
      for (const { name, path, labels } of recordings) {
        await using service = await startSteppedService();
        const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
        await speak(service, caller, loadRecording(path, WIDE));
        const record = service.record(0);
        const turns = noticesOf(caller, "turnCommitted");
        expect([name, refusals(record), overlappingCreates(record)]).toEqual([name, [], []]);
        expect([name, record.committed.length]).toEqual([name, turns.length]);

        const stream = captureInOnePiece(caller.mouth.sent(), WIDE, UPSTREAM);
        for (const [index, { startMs, endMs }] of turns.entries()) {
          const from = (startMs / 20) * UPSTREAM_FRAME_BYTES;
          const span = stream.subarray(from, (endMs / 20) * UPSTREAM_FRAME_BYTES);
          const sent = record.committed[index]?.audio ?? new Uint8Array();
          expect([name, index, Buffer.compare(sent, span)]).toEqual([name, index, 0]);
        }

        const cuts = truncations(record);
        const bargeIns = noticesOf(caller, "bargeIn").filter(({ heardMs }) => heardMs > 0);
        expect([name, cuts.length]).toEqual([name, bargeIns.length]);
        for (const [index, { item }] of bargeIns.entries()) {
          const heardMs = caller.ear.heardSamples(item) / 16;
          const errorMs = heardMs - (cuts[index]?.audioEndMs ?? 0);
          expect([name, item, errorMs >= 0 && errorMs <= TRUNCATE_ERROR_MS_MAX]).toEqual([
            name,
            item,
            true,
          ]);
        }
        expect(service.complaints).toEqual([]);
        labelledMs += lengthMs(labels);
        sentMs += coveredMs(labels, turns);
        cutCount += cuts.length;
      }
      expect(sentMs / labelledMs).toBeGreaterThan(COVERED_SHARE_MIN);
      expect(cutCount).toBeGreaterThan(0);
    },
    TEST_MS_MAX,
  );

  test(
    "over the phone: every committed byte is what the caller said, in order",
    async () => {
      let labelledMs = 0;
      let sentMs = 0;
      for (const { name, path, labels } of recordings) {
        await using service = await startSteppedService({ argv: ["--routes-twilio-greeting", ""] });
        const caller = await service.call("/twilio/media", createTwilioLine(IDS));
        await speak(service, caller, loadRecording(path, PHONE));
        const record = service.record(0);
        expect([name, refusals(record), overlappingCreates(record)]).toEqual([name, [], []]);
        const said = Buffer.from(caller.mouth.sent());
        const spans: LabelledSpan[] = [];
        let after = 0;
        for (const { audio } of record.committed) {
          const offset = said.indexOf(Buffer.from(audio), after);
          expect([name, offset >= after]).toEqual([name, true]);
          after = offset + audio.byteLength;
          spans.push({ startMs: offset / 8, endMs: after / 8 });
        }
        labelledMs += lengthMs(labels);
        sentMs += coveredMs(labels, spans);
        expect(service.complaints).toEqual([]);
      }
      expect(sentMs / labelledMs).toBeGreaterThan(COVERED_SHARE_MIN);
    },
    TEST_MS_MAX,
  );
});
