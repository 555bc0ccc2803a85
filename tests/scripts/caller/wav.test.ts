// WAV in and out: round trip, odd chunks, and what is refused.
import { describe, expect, test } from "bun:test";
import { readWav, writeWav } from "../../../scripts/caller/wav.ts";

const SAMPLES = Int16Array.of(0, 1, -1, 32_767, -32_768, 12_345);

describe("readWav()", () => {
  test("reads back what writeWav() wrote", () => {
    const audio = { rateHz: 16_000, channels: 2, samples: SAMPLES };
    expect(readWav(writeWav(audio), "a.wav")).toEqual(audio);
  });

  test("skips chunks it does not know, padded to even offsets", () => {
    const plain = writeWav({ rateHz: 8000, channels: 1, samples: SAMPLES });
    const list = Buffer.from("LIST\x03\x00\x00\x00abc\x00", "latin1");
    const bytes = Buffer.concat([plain.subarray(0, 36), list, plain.subarray(36)]);
    expect(readWav(bytes, "a.wav").samples).toEqual(SAMPLES);
  });

  test("takes what is there when the data chunk is cut short", () => {
    const bytes = writeWav({ rateHz: 8000, channels: 1, samples: SAMPLES });
    expect(readWav(bytes.subarray(0, bytes.length - 5), "a.wav").samples).toEqual(
      SAMPLES.subarray(0, 3),
    );
  });

  test("refuses other files and other sample formats by name", () => {
    expect(() => readWav(Buffer.from("ID3 not a wav at all"), "a.mp3")).toThrow(
      "Cannot read a.mp3: it is not a WAV file",
    );
    const bytes = writeWav({ rateHz: 8000, channels: 1, samples: SAMPLES });
    bytes[34] = 24;
    expect(() => readWav(bytes, "a.wav")).toThrow("24 bit, must be PCM with 16 bit");
    expect(() => readWav(bytes.subarray(0, 12), "a.wav")).toThrow("it holds no audio data");
  });
});
