// Goal: decoded deltas are whole samples in one buffer, whatever the cuts. Method: random cuts of
// known bytes, seeded by fast-check (which prints its seed when it fails).
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { createAudioDeltas } from "../../service/upstream/audio-deltas.ts";

describe("createAudioDeltas()", () => {
  test("gives pcm16 back byte for byte in whole samples, cut anywhere", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 99 }), { maxLength: 20 }), (pieces) => {
        const deltas = createAudioDeltas(2);
        const decoded = pieces.map((piece) => {
          const byteCount = deltas.decode("item", Buffer.from(piece).toString("base64"));
          expect(byteCount % 2).toBe(0);
          return Uint8Array.from(deltas.audio.subarray(0, byteCount));
        });
        const whole = Buffer.concat(pieces);
        const even = whole.subarray(0, whole.length - (whole.length % 2));
        expect(Buffer.compare(Buffer.concat(decoded), even)).toBe(0);
      }),
    );
  });

  test("carries no byte from one item into the next", () => {
    const deltas = createAudioDeltas(2);
    expect(deltas.decode("a", Buffer.from([1, 2, 3]).toString("base64"))).toBe(2);
    expect(deltas.decode("b", Buffer.from([4, 5]).toString("base64"))).toBe(2);
    expect([...deltas.audio.subarray(0, 2)]).toEqual([4, 5]);
  });

  test("uses its buffer again and grows it when it must", () => {
    const deltas = createAudioDeltas(1);
    deltas.decode("a", "AAAA");
    const first = deltas.audio;
    deltas.decode("a", Buffer.alloc(12_000).toString("base64"));
    expect(deltas.audio).toBe(first);
    expect(deltas.decode("a", Buffer.alloc(100_000).toString("base64"))).toBe(100_000);
    expect(deltas.audio.length).toBe(131_072);
  });

  test("never throws on text that is not base64", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        const deltas = createAudioDeltas(2);
        const byteCount = deltas.decode("a", text);
        expect(byteCount).toBeLessThanOrEqual(Math.ceil(text.length / 4) * 3);
      }),
    );
  });
});
