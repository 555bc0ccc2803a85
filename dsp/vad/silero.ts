// Silero VAD, the whole forward pass: one window of samples -> probability of speech.
// Station: inside ingest, after decode and level, when a frame completes a window of 32 ms.
// Source: Silero VAD v6.2 (Silero Team, 2020-present, MIT); the graph of silero_vad.onnx.
// Departures, all proven equal against onnxruntime (max difference 1e-4, see docs/vad.md):
//   - the STFT is an FFT: its convolution kernel is a periodic Hann times a DFT, to 8e-8;
//   - taps that only meet padding are left out (conv1 10 of 12, conv2 5 of 6, conv3 2 of 3,
//     conv4 1 of 3), which is half of the multiplications the graph asks for;
//   - the LSTM's two products and two biases are one product of [input, hidden].
// Limits: f32 SIMD, no relaxed SIMD (no gain measured, and it would differ between machines),
// no allocation, no branch on data: every window costs the same.

import { SILERO_16K_FFT_SAMPLES, SILERO_8K_FFT_SAMPLES } from "./silero-layout";
import { stftMagnitudes } from "./silero-stft";
import { conv1, conv2, conv3, conv4 } from "./silero-conv";
import { lstmStep, speechProbability } from "./silero-lstm";

/**
 * Probability that a window holds speech; advances the recurrent state.
 * Shape:  `input` f32[576] at 16 kHz or f32[288] at 8 kHz: the last 64 (32) samples before the
 *         window, then its 512 (256) samples. Without that context v6.2 never says speech.
 * Units:  samples -1..1 (finite); `fftSamples` 256 at 16 kHz, 128 at 8 kHz; `gain` is what the
 *         level normaliser multiplies samples by, 1 = as they are. Returns 0..1.
 * State:  `state` hidden and cell, f32[256], zeros when a call opens, never cleared within it.
 * Cost:   no allocation; about 15 us (16 kHz) and 11 us (8 kHz), see bench/results.
 */
export function sileroForward(
  input: usize,
  state: usize,
  weights: usize,
  scratch: usize,
  fftSamples: i32,
  gain: f32,
): f32 {
  assert(fftSamples == SILERO_16K_FFT_SAMPLES || fftSamples == SILERO_8K_FFT_SAMPLES);
  assert(((input | state | weights | scratch) & 15) == 0);
  stftMagnitudes(input, weights, scratch, fftSamples, gain);
  conv1(weights, scratch, (fftSamples >> 1) + 1);
  conv2(weights, scratch);
  conv3(weights, scratch);
  conv4(weights, scratch);
  lstmStep(state, weights, scratch);
  return speechProbability(state, weights);
}
