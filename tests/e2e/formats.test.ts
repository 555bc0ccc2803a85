// One question in every format a caller may speak: the committed span equals the core's conversion
// of the whole stream in one piece, the answer comes back in the same format. Recordings are
// stretched to higher rates by drawing lines between samples: good enough to be speech, and both
// sides of the comparison get the same bytes.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { fromPcm16, toPcm16 } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { captureInOnePiece, playInOnePiece } from "../support/core-passage.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { refusals } from "../support/upstream-facts.ts";

const FORMATS: readonly AudioFormat[] = [
  { encoding: "pcm16", rateHz: 8000, channels: 1 },
  { encoding: "mulaw", rateHz: 8000, channels: 1 },
  { encoding: "alaw", rateHz: 8000, channels: 1 },
  { encoding: "f32", rateHz: 16_000, channels: 1 },
  { encoding: "pcm16", rateHz: 22_050, channels: 1 },
  { encoding: "pcm16", rateHz: 24_000, channels: 1 },
  { encoding: "pcm16", rateHz: 44_100, channels: 2 },
  { encoding: "f32", rateHz: 48_000, channels: 2 },
];

const SOURCE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 20_000;

function speechIn(format: AudioFormat): Uint8Array {
  if (format.rateHz <= 8000) return loadSpeech("hold-on", format);
  const samples = toPcm16(SOURCE, loadSpeech("hold-on", SOURCE));
  const count = Math.floor((samples.length * format.rateHz) / SOURCE.rateHz);
  const stretched = new Int16Array(count * format.channels);
  for (let index = 0; index < count; index += 1) {
    const position = (index * SOURCE.rateHz) / format.rateHz;
    const before = samples[Math.floor(position)] ?? 0;
    const after = samples[Math.ceil(position)] ?? 0;
    const sample = before + (after - before) * (position % 1);
    stretched.fill(sample, index * format.channels, (index + 1) * format.channels);
  }
  return fromPcm16(format.encoding, stretched);
}

describe("a question and its answer", () => {
  test("as JSON text, for people: the same turns, the same samples", async () => {
    await using service = await startSteppedService();
    const format = SOURCE;
    const caller = await service.call("/v1/stream", createProtobufLine(format, {}, "json"));
    caller.say(speechIn(format));
    const isHeard = () => noticesOf(caller, "receipt").some(({ complete }) => complete);
    await service.until(() => isHeard() && !caller.ear.isPlaying(), TURN_MS_MAX);
    const committed = service.record(0).committed[0]?.audio ?? new Uint8Array();
    const upstream = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
    const expected = playInOnePiece(committed, format, upstream);
    expect(Buffer.compare(caller.ear.heardBytes(), expected)).toBe(0);
    expect(noticesOf(caller, "started")).toMatchObject([{ upstream: "simulator" }]);
    expect(service.complaints).toEqual([]);
  });

  for (const format of FORMATS) {
    const { encoding, rateHz, channels } = format;
    test(`S2-02, S2-05: ${encoding}, ${rateHz} Hz, ${channels} channel(s)`, async () => {
      await using service = await startSteppedService();
      const caller = await service.call("/v1/stream", createProtobufLine(format));
      caller.say(speechIn(format));
      const isHeard = () => noticesOf(caller, "receipt").some(({ complete }) => complete);
      await service.until(() => isHeard() && !caller.ear.isPlaying(), TURN_MS_MAX);

      const isG711 = encoding === "mulaw" || encoding === "alaw";
      const upstream = isG711
        ? ({ upstreamEncoding: encoding, upstreamRateHz: 8000 } as const)
        : ({ upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const);
      const bytesPerMs = isG711 ? 8 : 48;
      const record = service.record(0);
      const { startMs = 0, endMs = 0 } = noticesOf(caller, "turnCommitted")[0] ?? {};
      const stream = captureInOnePiece(caller.mouth.sent(), format, upstream);
      const span = stream.subarray(startMs * bytesPerMs, endMs * bytesPerMs);
      const committed = record.committed[0]?.audio ?? new Uint8Array();
      expect(record.committed).toHaveLength(1);
      expect(Buffer.compare(committed, span)).toBe(0);

      const expected = playInOnePiece(committed, format, upstream);
      expect(Buffer.compare(caller.ear.heardBytes(), expected)).toBe(0);
      expect(refusals(record)).toEqual([]);
      expect(service.complaints).toEqual([]);
    });
  }
});
