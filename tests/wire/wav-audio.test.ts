// Goal: a WAV of 16 bit PCM is read whatever lies around its samples, and anything else is named.
// Method: headers built by hand from the specification.
import { describe, expect, test } from "bun:test";
import { readWavAudio } from "../../service/wire/wav-audio.ts";

function chunk(name: string, body: Uint8Array, saidBytes = body.length): Buffer {
  const head = Buffer.alloc(8);
  head.write(name, 0, "latin1");
  head.writeUInt32LE(saidBytes, 4);
  return Buffer.concat([head, body, Buffer.alloc(body.length % 2)]);
}

function format(tag: number, channels: number, rateHz: number, bits: number, more = 0): Buffer {
  const body = Buffer.alloc(16 + more);
  body.writeUInt16LE(tag, 0);
  body.writeUInt16LE(channels, 2);
  body.writeUInt32LE(rateHz, 4);
  body.writeUInt16LE(bits, 14);
  return chunk("fmt ", body);
}

function wav(...chunks: readonly Buffer[]): Uint8Array {
  const body = Buffer.concat([Buffer.from("WAVE", "latin1"), ...chunks]);
  return chunk("RIFF", body);
}

const SAMPLES = Buffer.from(new Int16Array([1, -2, 32_767, -32_768]).buffer);

describe("readWavAudio()", () => {
  test("finds the samples behind chunks that mean nothing to us", () => {
    const file = wav(
      format(1, 2, 22_050, 16),
      chunk("LIST", Buffer.alloc(3)),
      chunk("data", SAMPLES),
    );
    expect(readWavAudio(file)).toEqual({
      rateHz: 22_050,
      channels: 2,
      samples: new Int16Array([1, -2, 32_767, -32_768]),
    });
  });

  test("takes an extensible header, and a length that was not known when it was written", () => {
    const file = wav(format(0xfffe, 1, 8_000, 16, 24), chunk("data", SAMPLES, 0xffff_ffff));
    expect(readWavAudio(file)).toMatchObject({ rateHz: 8_000, samples: { length: 4 } });
  });

  test.each([
    ["an empty file", new Uint8Array(0), "it is no WAV file"],
    ["something else", Buffer.from("this is not a recording at all"), "it is no WAV file"],
    ["eight bits", wav(format(1, 1, 8_000, 8), chunk("data", SAMPLES)), "it is not 16 bit PCM"],
    ["a mu-law WAV", wav(format(7, 1, 8_000, 16), chunk("data", SAMPLES)), "it is not 16 bit PCM"],
    ["samples before their format", wav(chunk("data", SAMPLES)), "it is not 16 bit PCM"],
    ["no samples", wav(format(1, 1, 8_000, 16)), "it holds no audio"],
  ] as const)("names what is wrong with %s", (_what, file, problem) => {
    expect(readWavAudio(file)).toBe(problem);
  });
});
