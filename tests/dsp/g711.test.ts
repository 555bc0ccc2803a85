// Goal: G.711 to the bit: all 256 codes, all 65,536 samples, both laws, both directions.
// Method: against plain rules written from ITU-T G.711's tables (g711-twin.ts), and against the
// corner values the ITU-T Software Tools Library gives (0 -> FF/D5, -1 -> 7F/55).

import { describe, expect, test } from "bun:test";
import { makeCore } from "../core/core-fixture.ts";
import { alawDecodeTwin, alawEncodeTwin, mulawDecodeTwin, mulawEncodeTwin } from "./g711-twin.ts";

const { kernels } = makeCore(1);

const LAWS = [
  { law: "mulaw", encodeTwin: mulawEncodeTwin, decodeTwin: mulawDecodeTwin },
  { law: "alaw", encodeTwin: alawEncodeTwin, decodeTwin: alawDecodeTwin },
] as const;

function encode(law: "mulaw" | "alaw", samples: readonly number[]): number[] {
  samples.forEach((sample, index) => {
    kernels.input.f32[index] = sample / 32768;
  });
  kernels.encode(law, samples.length);
  return [...kernels.output.bytes.subarray(0, samples.length)];
}

function decode(law: "mulaw" | "alaw", codes: readonly number[]): number[] {
  kernels.input.bytes.set(codes);
  kernels.decode(law, codes.length);
  return [...kernels.output.f32.subarray(0, codes.length)].map((sample) => sample * 32768 + 0);
}

for (const { law, encodeTwin, decodeTwin } of LAWS) {
  describe(law, () => {
    test("decodes all 256 codes to the bit", () => {
      const codes = Array.from({ length: 256 }, (_, code) => code);
      expect(decode(law, codes)).toEqual(codes.map(decodeTwin));
    });

    test("encodes all 65,536 samples to the bit", () => {
      for (let start = -32768; start < 32768; start += 4096) {
        const samples = Array.from({ length: 4096 }, (_, index) => start + index);
        expect(encode(law, samples)).toEqual(samples.map(encodeTwin));
      }
    });

    test("gives the same for any length: whole vectors and leftovers", () => {
      const codes = Array.from({ length: 47 }, (_, index) => (index * 89) & 255);
      for (let length = 0; length <= 47; length += 1) {
        const part = codes.slice(0, length);
        const samples = part.map(decodeTwin);
        expect(decode(law, part)).toEqual(samples);
        expect(encode(law, samples)).toEqual(samples.map(encodeTwin));
      }
    });

    test("saturates beyond full scale and takes no number as silence", () => {
      const hot = [2, -2, 1e30, -1e30, Number.NaN].map((sample) => sample * 32768);
      const expected = [32767, -32768, 32767, -32768, 0].map(encodeTwin);
      const eighteen = [...hot, ...hot, ...hot, ...hot].slice(0, 18);
      expect(encode(law, eighteen).slice(0, 5)).toEqual(expected);
      expect(encode(law, eighteen).slice(15, 18)).toEqual(expected.slice(0, 3));
    });
  });
}

test("corner values are those of the ITU-T Software Tools Library", () => {
  expect(encode("mulaw", [0, -1, 32767, -32768])).toEqual([0xff, 0x7f, 0x80, 0x00]);
  expect(encode("alaw", [0, -1, 32767, -32768])).toEqual([0xd5, 0x55, 0xaa, 0x2a]);
  expect(decode("mulaw", [0x00, 0x80, 0x7f, 0xff])).toEqual([-32124, 32124, 0, 0]);
  expect(decode("alaw", [0x2a, 0xaa, 0x55, 0xd5])).toEqual([-32256, 32256, -8, 8]);
});

test("a code that is decoded and encoded comes back, except mu-law's negative zero", () => {
  const codes = Array.from({ length: 256 }, (_, code) => code);
  const changed = codes.filter(
    (code, index) => encode("mulaw", decode("mulaw", codes))[index] !== code,
  );
  expect(changed).toEqual([0x7f]);
  expect(encode("alaw", decode("alaw", codes))).toEqual(codes);
});
