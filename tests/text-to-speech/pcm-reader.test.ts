// Goal: the samples of a speech engine are the same however its bytes are cut, with a WAV header or
// without, and what is no 16 bit mono is refused. Method: a header by hand, cut everywhere.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { writeWav } from "../../scripts/caller/wav.ts";
import { PcmReader } from "../../service/text-to-speech/pcm-reader.ts";

const SAMPLES = Int16Array.from([1, -2, 300, -32_768, 32_767, 0, 77]);
const RAW = new Uint8Array(SAMPLES.buffer);

/** -> [samples, rate] */
function readIn(bytes: Uint8Array, cuts: readonly number[]): [number[], number] {
  const reader = new PcmReader("test", 24_000);
  const samples: number[] = [];
  let rateHz = 0;
  let at = 0;
  for (const count of [...cuts, bytes.length]) {
    const piece = reader.read(bytes.slice(at, at + count));
    at += count;
    if (piece === null) continue;
    samples.push(...piece.audio);
    rateHz = piece.rateHz;
  }
  return [samples, rateHz];
}

describe("PcmReader", () => {
  test("raw PCM and WAV give the same samples, wherever they are cut", () => {
    const wav = writeWav({ rateHz: 22_050, channels: 1, samples: SAMPLES });
    const cutting = fc.array(fc.integer({ min: 1, max: 9 }), { maxLength: 30 });
    fc.assert(
      fc.property(cutting, (cuts) => {
        expect(readIn(RAW, cuts)).toEqual([[...SAMPLES], 24_000]);
        expect(readIn(wav, cuts)).toEqual([[...SAMPLES], 22_050]);
      }),
    );
  });

  test("a byte that is left over is no sample", () => {
    expect(readIn(RAW.subarray(0, 5), [])[0]).toEqual([...SAMPLES.subarray(0, 2)]);
  });

  test("other chunks before the audio are passed over", () => {
    const wav = Buffer.from(writeWav({ rateHz: 8_000, channels: 1, samples: SAMPLES }));
    const list = Buffer.concat([
      Buffer.from("LIST"),
      Buffer.from([3, 0, 0, 0]),
      Buffer.from("abc\0"),
    ]);
    const odd = Buffer.concat([wav.subarray(0, 36), list, wav.subarray(36)]);
    expect(readIn(odd, [7])).toEqual([[...SAMPLES], 8_000]);
  });

  test("stereo, 8 bits, no format, a header without end: refused", () => {
    const wav = (change: (bytes: Buffer) => void) => {
      const bytes = Buffer.from(writeWav({ rateHz: 8_000, channels: 1, samples: SAMPLES }));
      change(bytes);
      return bytes;
    };
    const stereo = wav((bytes) => bytes.writeUInt16LE(2, 22));
    const narrow = wav((bytes) => bytes.writeUInt16LE(8, 34));
    const float = wav((bytes) => bytes.writeUInt16LE(3, 20));
    for (const bytes of [stereo, narrow, float]) {
      expect(() => readIn(bytes, [])).toThrow("must be 16 bit mono PCM");
    }
    const bare = Buffer.concat([Buffer.from("RIFF....WAVEdata"), Buffer.alloc(8)]);
    expect(() => readIn(bare, [])).toThrow("without its format");
    const endless = Buffer.concat([Buffer.from("RIFF....WAVEjunk"), Buffer.alloc(9_000, 1)]);
    expect(() => readIn(endless, [])).toThrow("without audio");
  });
});
