// The four convolutions of the Silero encoder, each with its ReLU.
// Station: between the magnitude spectrum and the LSTM of the Silero kernel.
// Source: Silero VAD v6.2 graph: k3 s1, k3 s2, k3 s2, k3 s1, all padded by 1.
// Departure: taps that would only meet the padding are left out. Time steps shrink 4 -> 2 -> 1,
// so they are written out; the vector's lane is the output channel. Eight accumulators hide the
// latency of the add and still fit the 16 vector registers of x86.

import {
  SILERO_CONV1_AT,
  SILERO_CONV1_BIAS_AT,
  SILERO_CONV1_CHANNELS,
  SILERO_CONV1_OUT_AT,
  SILERO_CONV2_AT,
  SILERO_CONV2_BIAS_AT,
  SILERO_CONV2_CHANNELS,
  SILERO_CONV2_OUT_AT,
  SILERO_CONV3_AT,
  SILERO_CONV3_BIAS_AT,
  SILERO_CONV3_CHANNELS,
  SILERO_CONV3_OUT_AT,
  SILERO_CONV4_AT,
  SILERO_CONV4_BIAS_AT,
  SILERO_HIDDEN,
  SILERO_LSTM_IN_AT,
  SILERO_MAGNITUDE_AT,
} from "./silero-layout";

/** 129 (65) bins x 4 frames -> 4 frames x 128 channels. Eight channels and all frames at once. */
export function conv1(weights: usize, scratch: usize, bins: i32): void {
  let weight = weights + SILERO_CONV1_AT;
  const inputEnd = scratch + SILERO_MAGNITUDE_AT + ((<usize>bins) << 4);
  for (let channel: usize = 0; channel < <usize>(SILERO_CONV1_CHANNELS * 4); channel += 32) {
    const bias = weights + SILERO_CONV1_BIAS_AT + channel;
    let low0 = v128.load(bias);
    let low1 = low0;
    let low2 = low0;
    let low3 = low0;
    let high0 = v128.load(bias, 16);
    let high1 = high0;
    let high2 = high0;
    let high3 = high0;
    for (let input = scratch + SILERO_MAGNITUDE_AT; input < inputEnd; input += 16) {
      const x0 = v128.load32_splat(input);
      const x1 = v128.load32_splat(input, 4);
      const x2 = v128.load32_splat(input, 8);
      const x3 = v128.load32_splat(input, 12);
      const before = v128.load(weight);
      low1 = f32x4.add(low1, f32x4.mul(x0, before));
      low2 = f32x4.add(low2, f32x4.mul(x1, before));
      low3 = f32x4.add(low3, f32x4.mul(x2, before));
      const beforeHigh = v128.load(weight, 16);
      high1 = f32x4.add(high1, f32x4.mul(x0, beforeHigh));
      high2 = f32x4.add(high2, f32x4.mul(x1, beforeHigh));
      high3 = f32x4.add(high3, f32x4.mul(x2, beforeHigh));
      const centre = v128.load(weight, 32);
      low0 = f32x4.add(low0, f32x4.mul(x0, centre));
      low1 = f32x4.add(low1, f32x4.mul(x1, centre));
      low2 = f32x4.add(low2, f32x4.mul(x2, centre));
      low3 = f32x4.add(low3, f32x4.mul(x3, centre));
      const centreHigh = v128.load(weight, 48);
      high0 = f32x4.add(high0, f32x4.mul(x0, centreHigh));
      high1 = f32x4.add(high1, f32x4.mul(x1, centreHigh));
      high2 = f32x4.add(high2, f32x4.mul(x2, centreHigh));
      high3 = f32x4.add(high3, f32x4.mul(x3, centreHigh));
      const after = v128.load(weight, 64);
      low0 = f32x4.add(low0, f32x4.mul(x1, after));
      low1 = f32x4.add(low1, f32x4.mul(x2, after));
      low2 = f32x4.add(low2, f32x4.mul(x3, after));
      const afterHigh = v128.load(weight, 80);
      high0 = f32x4.add(high0, f32x4.mul(x1, afterHigh));
      high1 = f32x4.add(high1, f32x4.mul(x2, afterHigh));
      high2 = f32x4.add(high2, f32x4.mul(x3, afterHigh));
      weight += 96;
    }
    const output = scratch + SILERO_CONV1_OUT_AT + channel;
    storePositive(output, low0, high0);
    storePositive(output + SILERO_CONV1_CHANNELS * 4, low1, high1);
    storePositive(output + SILERO_CONV1_CHANNELS * 8, low2, high2);
    storePositive(output + SILERO_CONV1_CHANNELS * 12, low3, high3);
  }
}

/** 4 frames x 128 -> 2 frames x 64, stride 2: frame 0 sees inputs 0 1, frame 1 sees 1 2 3. */
export function conv2(weights: usize, scratch: usize): void {
  let weight = weights + SILERO_CONV2_AT;
  const inputEnd = scratch + SILERO_CONV1_OUT_AT + SILERO_CONV1_CHANNELS * 4;
  for (let channel: usize = 0; channel < <usize>(SILERO_CONV2_CHANNELS * 4); channel += 64) {
    const bias = weights + SILERO_CONV2_BIAS_AT + channel;
    let early0 = v128.load(bias);
    let early1 = v128.load(bias, 16);
    let early2 = v128.load(bias, 32);
    let early3 = v128.load(bias, 48);
    let late0 = early0;
    let late1 = early1;
    let late2 = early2;
    let late3 = early3;
    for (let input = scratch + SILERO_CONV1_OUT_AT; input < inputEnd; input += 4) {
      const x0 = v128.load32_splat(input);
      const x1 = v128.load32_splat(input, SILERO_CONV1_CHANNELS * 4);
      const x2 = v128.load32_splat(input, SILERO_CONV1_CHANNELS * 8);
      const x3 = v128.load32_splat(input, SILERO_CONV1_CHANNELS * 12);
      late0 = f32x4.add(late0, f32x4.mul(x1, v128.load(weight)));
      late1 = f32x4.add(late1, f32x4.mul(x1, v128.load(weight, 16)));
      late2 = f32x4.add(late2, f32x4.mul(x1, v128.load(weight, 32)));
      late3 = f32x4.add(late3, f32x4.mul(x1, v128.load(weight, 48)));
      let tap = v128.load(weight, 64);
      early0 = f32x4.add(early0, f32x4.mul(x0, tap));
      late0 = f32x4.add(late0, f32x4.mul(x2, tap));
      tap = v128.load(weight, 80);
      early1 = f32x4.add(early1, f32x4.mul(x0, tap));
      late1 = f32x4.add(late1, f32x4.mul(x2, tap));
      tap = v128.load(weight, 96);
      early2 = f32x4.add(early2, f32x4.mul(x0, tap));
      late2 = f32x4.add(late2, f32x4.mul(x2, tap));
      tap = v128.load(weight, 112);
      early3 = f32x4.add(early3, f32x4.mul(x0, tap));
      late3 = f32x4.add(late3, f32x4.mul(x2, tap));
      tap = v128.load(weight, 128);
      early0 = f32x4.add(early0, f32x4.mul(x1, tap));
      late0 = f32x4.add(late0, f32x4.mul(x3, tap));
      tap = v128.load(weight, 144);
      early1 = f32x4.add(early1, f32x4.mul(x1, tap));
      late1 = f32x4.add(late1, f32x4.mul(x3, tap));
      tap = v128.load(weight, 160);
      early2 = f32x4.add(early2, f32x4.mul(x1, tap));
      late2 = f32x4.add(late2, f32x4.mul(x3, tap));
      tap = v128.load(weight, 176);
      early3 = f32x4.add(early3, f32x4.mul(x1, tap));
      late3 = f32x4.add(late3, f32x4.mul(x3, tap));
      weight += 192;
    }
    const output = scratch + SILERO_CONV2_OUT_AT + channel;
    storePositive(output, early0, early1);
    storePositive(output + 32, early2, early3);
    storePositive(output + SILERO_CONV2_CHANNELS * 4, late0, late1);
    storePositive(output + SILERO_CONV2_CHANNELS * 4 + 32, late2, late3);
  }
}

/** 2 frames x 64 -> 64: the one output frame sees inputs 0 and 1. */
export function conv3(weights: usize, scratch: usize): void {
  for (let channel: usize = 0; channel < <usize>(SILERO_CONV3_CHANNELS * 4); channel += 128) {
    // The inputs are one row of 128: taps and inputs together are a plain product.
    product32(
      scratch + SILERO_CONV2_OUT_AT,
      2 * SILERO_CONV2_CHANNELS,
      weights + SILERO_CONV3_AT + channel * 2 * SILERO_CONV2_CHANNELS,
      weights + SILERO_CONV3_BIAS_AT + channel,
      scratch + SILERO_CONV3_OUT_AT + channel,
    );
  }
}

/** 64 -> 128: one frame, so only the centre tap meets data. Its output is the LSTM's input. */
export function conv4(weights: usize, scratch: usize): void {
  for (let channel: usize = 0; channel < <usize>(SILERO_HIDDEN * 4); channel += 128) {
    product32(
      scratch + SILERO_CONV3_OUT_AT,
      SILERO_CONV3_CHANNELS,
      weights + SILERO_CONV4_AT + channel * SILERO_CONV3_CHANNELS,
      weights + SILERO_CONV4_BIAS_AT + channel,
      scratch + SILERO_LSTM_IN_AT + channel,
    );
  }
}

/** 32 outputs of a matrix-vector product, bias and ReLU. Weights: inputs x 32, as read. */
function product32(
  input: usize,
  inputCount: usize,
  weights: usize,
  bias: usize,
  output: usize,
): void {
  let sum0 = v128.load(bias);
  let sum1 = v128.load(bias, 16);
  let sum2 = v128.load(bias, 32);
  let sum3 = v128.load(bias, 48);
  let sum4 = v128.load(bias, 64);
  let sum5 = v128.load(bias, 80);
  let sum6 = v128.load(bias, 96);
  let sum7 = v128.load(bias, 112);
  const inputEnd = input + (inputCount << 2);
  let weight = weights;
  for (let at = input; at < inputEnd; at += 4) {
    const x = v128.load32_splat(at);
    sum0 = f32x4.add(sum0, f32x4.mul(x, v128.load(weight)));
    sum1 = f32x4.add(sum1, f32x4.mul(x, v128.load(weight, 16)));
    sum2 = f32x4.add(sum2, f32x4.mul(x, v128.load(weight, 32)));
    sum3 = f32x4.add(sum3, f32x4.mul(x, v128.load(weight, 48)));
    sum4 = f32x4.add(sum4, f32x4.mul(x, v128.load(weight, 64)));
    sum5 = f32x4.add(sum5, f32x4.mul(x, v128.load(weight, 80)));
    sum6 = f32x4.add(sum6, f32x4.mul(x, v128.load(weight, 96)));
    sum7 = f32x4.add(sum7, f32x4.mul(x, v128.load(weight, 112)));
    weight += 128;
  }
  storePositive(output, sum0, sum1);
  storePositive(output + 32, sum2, sum3);
  storePositive(output + 64, sum4, sum5);
  storePositive(output + 96, sum6, sum7);
}

/** ReLU of two vectors. pmax is one instruction; max would add three for NaN and -0. */
function storePositive(output: usize, first: v128, second: v128): void {
  const zero = f32x4.splat(0);
  v128.store(output, f32x4.pmax(first, zero));
  v128.store(output, f32x4.pmax(second, zero), 16);
}
