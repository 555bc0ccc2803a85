// The LSTM cell and the head of Silero VAD, with the sigmoid and tanh they need.
// Station: after the encoder; last of the Silero kernel; owns the recurrent state.
// Source: Hochreiter and Schmidhuber 1997, in PyTorch's form (gates i, f, g, o); exp by argument
// reduction and a degree-5 polynomial, Moshier, Cephes `expf`, 1992.
// Departure: the integer part of the exponent is taken with the 1.5 x 2^23 trick (one add), as
// wasm's truncation with saturation is several instructions on x86; tanh is 2 sigmoid(2x) - 1,
// whose absolute error is what matters here. The two matrix products are one, of [input, old
// hidden], with both biases merged; eight units and their four gates go at a time, so that a gate
// never goes through memory.

import {
  SILERO_CELL_AT,
  SILERO_HEAD_AT,
  SILERO_HIDDEN,
  SILERO_LSTM_AT,
  SILERO_LSTM_BIAS_AT,
  SILERO_LSTM_COLUMNS,
  SILERO_LSTM_IN_AT,
} from "./silero-layout";

/** exp is taken of at most this: e^87 and its reciprocal are still normal f32 numbers. */
const EXPONENT_MAX: f32 = 87.0;
const LOG2_E: f32 = 1.4426950408889634;
/** ln 2 in two parts, so that n times the first is exact. */
const LN2_HIGH: f32 = 0.693359375;
const LN2_LOW: f32 = -2.1219444e-4;
const ROUND_MAGIC: f32 = 12582912.0;

/** Advances hidden and cell state (f32[128] each) by the input that conv4 left in scratch. */
export function lstmStep(state: usize, weights: usize, scratch: usize): void {
  const input = scratch + SILERO_LSTM_IN_AT;
  const inputEnd = input + SILERO_LSTM_COLUMNS * 4;
  // All units need the old hidden state, and the state is overwritten below.
  memory.copy(input + SILERO_HIDDEN * 4, state, SILERO_HIDDEN * 4);
  let weight = weights + SILERO_LSTM_AT;
  let bias = weights + SILERO_LSTM_BIAS_AT;
  for (let unit: usize = 0; unit < <usize>(SILERO_HIDDEN * 4); unit += 32) {
    let in0 = v128.load(bias);
    let in1 = v128.load(bias, 16);
    let forget0 = v128.load(bias, 32);
    let forget1 = v128.load(bias, 48);
    let cell0 = v128.load(bias, 64);
    let cell1 = v128.load(bias, 80);
    let out0 = v128.load(bias, 96);
    let out1 = v128.load(bias, 112);
    // Two columns a turn: 4 % of the step, measured on an AMD EPYC (Zen 5), 2026-11-20.
    for (let at = input; at < inputEnd; at += 8) {
      const x = v128.load32_splat(at);
      in0 = f32x4.add(in0, f32x4.mul(x, v128.load(weight)));
      in1 = f32x4.add(in1, f32x4.mul(x, v128.load(weight, 16)));
      forget0 = f32x4.add(forget0, f32x4.mul(x, v128.load(weight, 32)));
      forget1 = f32x4.add(forget1, f32x4.mul(x, v128.load(weight, 48)));
      cell0 = f32x4.add(cell0, f32x4.mul(x, v128.load(weight, 64)));
      cell1 = f32x4.add(cell1, f32x4.mul(x, v128.load(weight, 80)));
      out0 = f32x4.add(out0, f32x4.mul(x, v128.load(weight, 96)));
      out1 = f32x4.add(out1, f32x4.mul(x, v128.load(weight, 112)));
      const y = v128.load32_splat(at, 4);
      in0 = f32x4.add(in0, f32x4.mul(y, v128.load(weight, 128)));
      in1 = f32x4.add(in1, f32x4.mul(y, v128.load(weight, 144)));
      forget0 = f32x4.add(forget0, f32x4.mul(y, v128.load(weight, 160)));
      forget1 = f32x4.add(forget1, f32x4.mul(y, v128.load(weight, 176)));
      cell0 = f32x4.add(cell0, f32x4.mul(y, v128.load(weight, 192)));
      cell1 = f32x4.add(cell1, f32x4.mul(y, v128.load(weight, 208)));
      out0 = f32x4.add(out0, f32x4.mul(y, v128.load(weight, 224)));
      out1 = f32x4.add(out1, f32x4.mul(y, v128.load(weight, 240)));
      weight += 256;
    }
    advance(state + unit, in0, forget0, cell0, out0);
    advance(state + unit + 16, in1, forget1, cell1, out1);
    bias += 128;
  }
}

/** The head: ReLU of the new hidden state, 128 -> 1, sigmoid. */
export function speechProbability(state: usize, weights: usize): f32 {
  const zero = f32x4.splat(0);
  let sum = f32x4.splat(0);
  for (let at: usize = 0; at < <usize>(SILERO_HIDDEN * 4); at += 16) {
    const positive = f32x4.pmax(v128.load(state + at), zero);
    sum = f32x4.add(sum, f32x4.mul(positive, v128.load(weights + at, SILERO_HEAD_AT)));
  }
  const total =
    f32x4.extract_lane(sum, 0) +
    f32x4.extract_lane(sum, 1) +
    (f32x4.extract_lane(sum, 2) + f32x4.extract_lane(sum, 3)) +
    load<f32>(weights, SILERO_HEAD_AT + SILERO_HIDDEN * 4);
  return f32x4.extract_lane(sigmoid4(f32x4.splat(total)), 0);
}

/** c = f c + i g, h = o tanh(c), for four units. */
function advance(
  state: usize,
  gateIn: v128,
  gateForget: v128,
  gateCell: v128,
  gateOut: v128,
): void {
  const kept = f32x4.mul(sigmoid4(gateForget), v128.load(state, SILERO_CELL_AT));
  const cell = f32x4.add(kept, f32x4.mul(sigmoid4(gateIn), tanh4(gateCell)));
  v128.store(state, cell, SILERO_CELL_AT);
  v128.store(state, f32x4.mul(sigmoid4(gateOut), tanh4(cell)));
}

/** 1 / (1 + e^-x) of each lane, absolute error under 1e-7. */
function sigmoid4(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp4(f32x4.neg(x))));
}

/** tanh of each lane, absolute error under 2e-7. */
function tanh4(x: v128): v128 {
  const doubled = sigmoid4(f32x4.add(x, x));
  return f32x4.sub(f32x4.add(doubled, doubled), f32x4.splat(1));
}

function exp4(x: v128): v128 {
  const bounded = f32x4.pmax(f32x4.splat(-EXPONENT_MAX), f32x4.pmin(f32x4.splat(EXPONENT_MAX), x));
  const magic = f32x4.splat(ROUND_MAGIC);
  const shifted = f32x4.add(f32x4.mul(bounded, f32x4.splat(LOG2_E)), magic);
  const whole = f32x4.sub(shifted, magic);
  const high = f32x4.sub(bounded, f32x4.mul(whole, f32x4.splat(LN2_HIGH)));
  const r = f32x4.sub(high, f32x4.mul(whole, f32x4.splat(LN2_LOW)));
  let p = f32x4.splat(1.98756915e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.mul(f32x4.mul(r, r), p), f32x4.add(r, f32x4.splat(1)));
  // The low bits of `shifted` are the integer n: moved into the exponent they multiply by 2^n.
  return i32x4.add(p, i32x4.shl(shifted, 23));
}
