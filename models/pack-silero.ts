// Packs the weights of a Silero VAD ONNX file into the order in which the core's kernel reads.
// Station: boot only, between the ONNX reader and core memory.
// Source: the layer names and shapes of Silero VAD v5 to v6.2 (all the same graph); the layout is
// drawn in dsp/vad/silero-layout.ts.
// Limits: the file must hold both rates (an If on the rate), as silero_vad.onnx does. The STFT
// kernel of the file is checked, not packed: the core computes it by FFT.

import * as layout from "../dsp/vad/silero-layout.ts";
import type { OnnxTensor } from "./onnx-tensors.ts";

/** Rates the Silero network exists for, in Hz. */
export type SileroRateHz = 8000 | 16000;

/** Largest difference between the file's STFT kernel and a Hann-windowed DFT (found: 8e-8). */
const STFT_DIFFERENCE_MAX = 1e-6;

/**
 * The weights of one rate in the kernel's order.
 * Shape:  tensors of the whole file -> SILERO_16K_WEIGHTS_BYTES (8K) bytes, f32 and u32, little
 *         endian.
 * Errors: RangeError naming the layer when a tensor is missing, has another shape, or when the
 *         STFT kernel is not the one the FFT replaces: then the file is no Silero v5 or v6 model.
 */
export function packSilero(
  tensors: ReadonlyMap<string, OnnxTensor>,
  rateHz: SileroRateHz,
): Uint8Array {
  const fftSamples =
    rateHz === 16000 ? layout.SILERO_16K_FFT_SAMPLES : layout.SILERO_8K_FFT_SAMPLES;
  const bins = fftSamples / 2 + 1;
  const network = findNetwork(tensors, fftSamples);
  checkStft(network("stft.forward_basis_buffer", [fftSamples + 2, 1, fftSamples]), fftSamples);
  const packed = new Packed(
    rateHz === 16000 ? layout.SILERO_16K_WEIGHTS_BYTES : layout.SILERO_8K_WEIGHTS_BYTES,
  );
  packLstm(packed, network);
  packConv(packed, network, CONV2);
  packConv(packed, network, CONV3);
  packConv(packed, network, CONV4);
  const hidden = layout.SILERO_HIDDEN;
  packed.copy(layout.SILERO_HEAD_AT, network("decoder.decoder.2.weight", [1, hidden, 1]));
  packed.copy(layout.SILERO_HEAD_AT + hidden * 4, network("decoder.decoder.2.bias", [1]));
  packConv(packed, network, { ...CONV1, inputs: bins });
  packTables(packed, fftSamples);
  return packed.bytes;
}

type Network = (layer: string, dims: readonly number[]) => Float32Array;

/** The branch of the If that holds this rate's network, told by the length of its STFT. */
function findNetwork(tensors: ReadonlyMap<string, OnnxTensor>, fftSamples: number): Network {
  const suffix = "stft.forward_basis_buffer";
  for (const [path, tensor] of tensors) {
    if (!path.endsWith(suffix) || tensor.dims[2] !== fftSamples) continue;
    const prefix = path.slice(0, -suffix.length);
    return (layer, dims) => tensorOf(tensors.get(prefix + layer), layer, dims);
  }
  throw new RangeError(`Cannot pack Silero weights: there is no STFT of ${fftSamples} samples`);
}

function tensorOf(
  tensor: OnnxTensor | undefined,
  layer: string,
  dims: readonly number[],
): Float32Array {
  const found = tensor === undefined ? "missing" : tensor.dims.join("x");
  if (tensor !== undefined && found === dims.join("x")) return tensor.values;
  throw new RangeError(
    `Cannot pack Silero weights: ${layer} is ${found}, must be ${dims.join("x")}`,
  );
}

/** The file's kernel must be a periodic Hann times cos (first half) and -sin (second half). */
function checkStft(basis: Float32Array, fftSamples: number): void {
  const bins = fftSamples / 2 + 1;
  let difference = 0;
  for (let row = 0; row < 2 * bins; row++) {
    for (let index = 0; index < fftSamples; index++) {
      // The product is reduced first: the angle of bin x index stays within one turn.
      const angle = (2 * Math.PI * (((row % bins) * index) % fftSamples)) / fftSamples;
      const wave = row < bins ? Math.cos(angle) : -Math.sin(angle);
      const wanted = hann(index, fftSamples) * wave;
      difference = Math.max(difference, Math.abs(at(basis, row * fftSamples + index) - wanted));
    }
  }
  if (difference <= STFT_DIFFERENCE_MAX) return;
  throw new RangeError(
    `Cannot pack Silero weights: the STFT differs from a Hann DFT by ${difference}, ` +
      `must be at most ${STFT_DIFFERENCE_MAX}`,
  );
}

function hann(index: number, fftSamples: number): number {
  return 0.5 - 0.5 * Math.cos((2 * Math.PI * index) / fftSamples);
}

/** [512, 128] twice -> blocks of 8 units: 256 columns x gates i f g o x 8 units. */
function packLstm(packed: Packed, network: Network): void {
  const hidden = layout.SILERO_HIDDEN;
  const input = network("decoder.rnn.weight_ih", [4 * hidden, hidden]);
  const recurrent = network("decoder.rnn.weight_hh", [4 * hidden, hidden]);
  const biasInput = network("decoder.rnn.bias_ih", [4 * hidden]);
  const biasRecurrent = network("decoder.rnn.bias_hh", [4 * hidden]);
  let target = layout.SILERO_LSTM_AT;
  let targetBias = layout.SILERO_LSTM_BIAS_AT;
  for (let unit = 0; unit < hidden; unit += 8) {
    for (let column = 0; column < layout.SILERO_LSTM_COLUMNS; column++) {
      const matrix = column < hidden ? input : recurrent;
      for (let lane = 0; lane < 32; lane++) {
        const row = gateRow(unit, lane);
        packed.set(target, at(matrix, row * hidden + (column % hidden)));
        target += 4;
      }
    }
    for (let lane = 0; lane < 32; lane++) {
      const row = gateRow(unit, lane);
      packed.set(targetBias, at(biasInput, row) + at(biasRecurrent, row));
      targetBias += 4;
    }
  }
}

/** Row of the 512 (gate i, f, g, o by 128 units) that stands in `lane` of a block of 32. */
function gateRow(unit: number, lane: number): number {
  const gate = Math.floor(lane / 8);
  return gate * layout.SILERO_HIDDEN + unit + (lane % 8);
}

interface ConvPacking {
  readonly layer: string;
  readonly weightsAt: number;
  readonly biasAt: number;
  readonly inputs: number;
  readonly outputs: number;
  /** Output channels that the kernel computes at once. */
  readonly block: number;
  /** The taps that meet data, in the order the kernel wants them. */
  readonly taps: readonly number[];
  /** True: tap by tap, each over all inputs (inputs of both frames lie in one row). */
  readonly isTapMajor: boolean;
}

const CONV1: Omit<ConvPacking, "inputs"> = {
  layer: "encoder.0.reparam_conv",
  weightsAt: layout.SILERO_CONV1_AT,
  biasAt: layout.SILERO_CONV1_BIAS_AT,
  outputs: layout.SILERO_CONV1_CHANNELS,
  block: 8,
  taps: [0, 1, 2],
  isTapMajor: false,
};
const CONV2: ConvPacking = {
  layer: "encoder.1.reparam_conv",
  weightsAt: layout.SILERO_CONV2_AT,
  biasAt: layout.SILERO_CONV2_BIAS_AT,
  inputs: layout.SILERO_CONV1_CHANNELS,
  outputs: layout.SILERO_CONV2_CHANNELS,
  block: 16,
  taps: [0, 1, 2],
  isTapMajor: false,
};
const CONV3: ConvPacking = {
  layer: "encoder.2.reparam_conv",
  weightsAt: layout.SILERO_CONV3_AT,
  biasAt: layout.SILERO_CONV3_BIAS_AT,
  inputs: layout.SILERO_CONV2_CHANNELS,
  outputs: layout.SILERO_CONV3_CHANNELS,
  block: 32,
  taps: [1, 2],
  isTapMajor: true,
};
const CONV4: ConvPacking = {
  layer: "encoder.3.reparam_conv",
  weightsAt: layout.SILERO_CONV4_AT,
  biasAt: layout.SILERO_CONV4_BIAS_AT,
  inputs: layout.SILERO_CONV3_CHANNELS,
  outputs: layout.SILERO_HIDDEN,
  block: 32,
  taps: [1],
  isTapMajor: true,
};

/** [outputs, inputs, 3] -> blocks of outputs: (inputs x taps or taps x inputs) x block. */
function packConv(packed: Packed, network: Network, conv: ConvPacking): void {
  const weights = network(`${conv.layer}.weight`, [conv.outputs, conv.inputs, 3]);
  packed.copy(conv.biasAt, network(`${conv.layer}.bias`, [conv.outputs]));
  const steps = conv.inputs * conv.taps.length;
  let target = conv.weightsAt;
  for (let output = 0; output < conv.outputs; output += conv.block) {
    for (let step = 0; step < steps; step++) {
      const input = conv.isTapMajor ? step % conv.inputs : Math.floor(step / conv.taps.length);
      const order = conv.isTapMajor ? Math.floor(step / conv.inputs) : step % conv.taps.length;
      const tap = at(conv.taps, order);
      for (let lane = 0; lane < conv.block; lane++) {
        packed.set(target, at(weights, ((output + lane) * conv.inputs + input) * 3 + tap));
        target += 4;
      }
    }
  }
}

/** Window, twiddles and bit reversal of the FFT that stands for the STFT kernel. */
function packTables(packed: Packed, fftSamples: number): void {
  const points = fftSamples / 2;
  for (let index = 0; index < fftSamples; index++) {
    packed.set(layout.SILERO_HANN_AT + index * 4, hann(index, fftSamples));
  }
  for (let index = 0; index < points / 2; index++) {
    packed.setTurn(layout.SILERO_TWIDDLE_AT + index * 8, index / points);
    packed.setTurn(layout.SILERO_SPLIT_AT + index * 8, (index + 1) / fftSamples);
  }
  const bits = Math.log2(points);
  for (let index = 0; index < points; index++) {
    let reversed = 0;
    for (let bit = 0; bit < bits; bit++) reversed |= ((index >> bit) & 1) << (bits - 1 - bit);
    packed.setUint32(layout.SILERO_REVERSAL_AT + index * 4, reversed * 32);
  }
}

class Packed {
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(byteCount: number) {
    this.bytes = new Uint8Array(byteCount);
    this.#view = new DataView(this.bytes.buffer);
  }

  set(byteOffset: number, value: number): void {
    this.#view.setFloat32(byteOffset, value, true);
  }

  setUint32(byteOffset: number, value: number): void {
    this.#view.setUint32(byteOffset, value, true);
  }

  /** cos and sin of a share of a full turn. */
  setTurn(byteOffset: number, turn: number): void {
    this.set(byteOffset, Math.cos(2 * Math.PI * turn));
    this.set(byteOffset + 4, Math.sin(2 * Math.PI * turn));
  }

  copy(byteOffset: number, values: Float32Array): void {
    for (let index = 0; index < values.length; index++) {
      this.set(byteOffset + index * 4, at(values, index));
    }
  }
}

function at(values: ArrayLike<number>, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`Cannot pack Silero weights: no value ${index}`);
  return value;
}
