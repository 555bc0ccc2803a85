// How well lost frames are filled: SNR against the original at a loss rate, for the core's
// concealment and for the two fillers it must beat.

import type { LoadedCore } from "../../service/core/core.ts";

export type Filler = "core" | "silence" | "repeat";

/** How the frames of a signal are lost and filled. */
export interface LossPattern {
  readonly filler: Filler;
  readonly rateHz: 8000 | 16000;
  readonly loss: number;
  readonly random: () => number;
}

/** Signal over error in dB, over all signals together. */
export function filledSnrDb(
  core: LoadedCore,
  originals: readonly Float32Array[],
  how: LossPattern,
): number {
  let signal = 0;
  let error = 0;
  for (const original of originals) {
    const filled = fill(core, original, how);
    for (let index = 0; index < filled.length; index += 1) {
      signal += (original[index] ?? 0) ** 2;
      error += ((original[index] ?? 0) - (filled[index] ?? 0)) ** 2;
    }
  }
  return 10 * Math.log10(signal / error);
}

/** The signal as it is heard after loss and filling. */
export function fill(core: LoadedCore, original: Float32Array, how: LossPattern): Float32Array {
  const samples = how.rateHz / 50;
  const frames = Math.floor(original.length / samples);
  const filled = new Float32Array(frames * samples);
  const stream = core.datagram.openConcealment(how.rateHz);
  if (stream === null) throw new Error("no concealment stream left");
  const area = core.kernels.input.f32.subarray(0, samples);
  for (let frame = 0; frame < frames; frame += 1) {
    const start = frame * samples;
    const isLost = how.random() < how.loss && frame > 2;
    area.set(original.subarray(start, start + samples));
    if (how.filler === "core") {
      if (isLost) stream.lost();
      else stream.good();
    } else if (isLost && how.filler === "silence") area.fill(0);
    else if (isLost) area.set(filled.subarray(start - samples, start));
    filled.set(area, start);
  }
  stream.close();
  return filled;
}
