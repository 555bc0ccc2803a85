// Goal: pcm16 and f32 conversion: identity, saturation, and what is no number (S2-04, S2-08).

import { expect, test } from "bun:test";
import { makeCore } from "../core/core-fixture.ts";

const { kernels } = makeCore(1);

test("S2-08, D-19: i16 -> f32 -> i16 is the identity on all 65,536 samples", () => {
  for (let start = -32768; start < 32768; start += 8192) {
    const samples = Int16Array.from({ length: 8192 }, (_, index) => start + index);
    kernels.input.pcm16.set(samples);
    expect(kernels.decode("pcm16", 8192)).toBe(0);
    expect(kernels.output.f32[5]).toBe((start + 5) / 32768);
    kernels.input.f32.set(kernels.output.f32.subarray(0, 8192));
    kernels.encode("pcm16", 8192);
    expect(kernels.output.pcm16.subarray(0, 8192)).toEqual(samples);
  }
});

test("f32 -> i16 rounds to nearest even and saturates, in vectors and leftovers", () => {
  const samples = [
    0.5,
    1.5,
    -0.5,
    2.5,
    40000,
    -40000,
    32767.4,
    -32768.4,
    32767.6,
    1e20,
    Number.NaN,
  ];
  const expected = [0, 2, 0, 2, 32767, -32768, 32767, -32768, 32767, 32767, 0];
  for (let shift = 0; shift < 8; shift += 1) {
    kernels.input.f32.fill(0, 0, 32);
    kernels.input.f32.set(
      samples.map((sample) => sample / 32768),
      shift,
    );
    kernels.encode("pcm16", shift + samples.length);
    const output = [...kernels.output.pcm16.subarray(shift, shift + samples.length)];
    expect(output.map((sample) => sample + 0)).toEqual(expected);
  }
});

test("T17: f32 input that is no number becomes silence and is counted", () => {
  const samples = [0.25, Number.NaN, Number.POSITIVE_INFINITY, -1, Number.NEGATIVE_INFINITY, 1e9];
  kernels.input.f32.set(samples);
  expect(kernels.decode("f32", 6)).toBe(3);
  expect([...kernels.output.f32.subarray(0, 6)]).toEqual([0.25, 0, 0, -1, 0, 8]);
});
