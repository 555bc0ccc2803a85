// A recording in the line's format: untouched when it fits, through the core when it does not.
import { describe, expect, test } from "bun:test";
import { toPcm16 } from "../../../scripts/caller/audio-format.ts";
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import { convertSpeech } from "../../../scripts/caller/convert-speech.ts";

const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const NARROW: AudioFormat = { encoding: "pcm16", rateHz: 8000, channels: 1 };

/** One second of a sine at half of full scale. */
function tone(rateHz: number, hz: number): Int16Array {
  return Int16Array.from({ length: rateHz }, (_, index) =>
    Math.round(16_384 * Math.sin((2 * Math.PI * hz * index) / rateHz)),
  );
}

/** Power in dB over full scale, without the first and last 100 ms. */
function powerDb(samples: Int16Array): number {
  const edge = Math.floor(samples.length / 10);
  const middle = samples.subarray(edge, samples.length - edge);
  const power = middle.reduce((sum, sample) => sum + sample * sample, 0) / middle.length;
  return 10 * Math.log10(power / 32_768 ** 2);
}

describe("convertSpeech()", () => {
  test("leaves samples alone that fit", () => {
    const samples = tone(8000, 440);
    const bytes = convertSpeech({ rateHz: 8000, channels: 1, samples }, NARROW);
    expect(toPcm16(NARROW, bytes)).toEqual(samples);
  });

  test("changes the rate without changing the level, and keeps aliases out", () => {
    const convert = (hz: number) => {
      const wav = { rateHz: 16_000, channels: 1, samples: tone(16_000, hz) };
      return toPcm16(NARROW, convertSpeech(wav, NARROW));
    };
    // A sine of half scale has -9.03 dB. 5 kHz does not exist at 8 kHz: it would fold to 3 kHz.
    expect(powerDb(convert(1_000))).toBeCloseTo(-9.03, 1);
    expect(powerDb(convert(5_000))).toBeLessThan(-70);
    expect(Math.abs(convert(1_000).length - 8_000)).toBeLessThanOrEqual(400);
  });

  test("gives mu-law bytes for a phone", () => {
    const wav = { rateHz: 16_000, channels: 1, samples: tone(16_000, 1_000) };
    const bytes = convertSpeech(wav, PHONE);
    // The steps of mu-law are up to 6 % wide, which moves a tone's power by less than 0.2 dB.
    expect(Math.abs(powerDb(toPcm16(PHONE, bytes)) + 9.03)).toBeLessThan(0.2);
  });

  test("says what a recording must be when there is no way", () => {
    const samples = tone(8000, 440);
    expect(() => convertSpeech({ rateHz: 11_025, channels: 1, samples }, PHONE)).toThrow(
      "it has 11025 Hz and 1 channels, must be 8000 Hz and 1",
    );
    expect(() =>
      convertSpeech(
        { rateHz: 8000, channels: 1, samples },
        { encoding: "pcm16", rateHz: 48_000, channels: 1 },
      ),
    ).toThrow("must be 48000 Hz");
  });
});
