// G.711 by rule: anchor values from ITU-T G.711 tables 1a to 2b, then properties over all codes.
import { describe, expect, test } from "bun:test";
import { decodeAlaw, decodeMulaw, encodeAlaw, encodeMulaw } from "../../../scripts/caller/g711.ts";

const CODES = Array.from({ length: 256 }, (_, code) => code);

describe("G.711", () => {
  test("decodes the ends and the middle of both tables", () => {
    // Table 2a: 8031 of 14 bits (x 4), 0; table 1a: 4032 of 13 bits (x 8), 1.
    expect(
      CODES.map(decodeMulaw).filter((_, code) => [0x00, 0x80, 0x7f, 0xff].includes(code)),
    ).toEqual([-32_124, 0, 32_124, 0]);
    expect([0x2a, 0xaa, 0x55, 0xd5].map(decodeAlaw)).toEqual([-32_256, 32_256, -8, 8]);
  });

  test("encodes every decoded value back to its code, but for the second zero of mu-law", () => {
    expect(CODES.map((code) => encodeAlaw(decodeAlaw(code)))).toEqual(CODES);
    expect(CODES.map((code) => encodeMulaw(decodeMulaw(code)))).toEqual(
      CODES.map((code) => (code === 0x7f ? 0xff : code)),
    );
  });

  test("encoding never goes down while the sample goes up, and clips at the ends", () => {
    for (const [encode, decode] of [
      [encodeMulaw, decodeMulaw],
      [encodeAlaw, decodeAlaw],
    ] as const) {
      let last = Number.NEGATIVE_INFINITY;
      let stepBackCount = 0;
      for (let sample = -32_768; sample <= 32_767; sample += 1) {
        const value = decode(encode(sample));
        if (value < last) stepBackCount += 1;
        last = value;
      }
      expect(stepBackCount).toBe(0);
      expect(decode(encode(32_767))).toBeGreaterThan(32_000);
      expect(decode(encode(-32_768))).toBeLessThan(-32_000);
    }
  });
});
