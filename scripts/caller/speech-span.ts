// Where the loud part of a recording begins and ends, so that the caller knows when its own mouth
// stopped. A ruler for latencies on clean recordings, not a voice activity detector: a block of
// 10 ms counts from -50 dBFS on, as in tests/speech/README.md.
import type { AudioFormat } from "./audio-format.ts";
import { toPcm16 } from "./audio-format.ts";

export interface SpeechSpan {
  readonly startMs: number;
  readonly endMs: number;
}

const BLOCK_MS = 10;
const LOUD_DBFS = -50;

/** Span from the first to the end of the last loud block, or null when nothing is loud. */
export function speechSpan(format: AudioFormat, audio: Uint8Array): SpeechSpan | null {
  const samples = toPcm16(format, audio);
  const blockSamples = Math.floor((format.rateHz * BLOCK_MS) / 1000) * format.channels;
  const powerMin = (32_768 * 10 ** (LOUD_DBFS / 20)) ** 2;
  let first = -1;
  let last = -1;
  for (let block = 0; block * blockSamples < samples.length; block += 1) {
    const part = samples.subarray(block * blockSamples, (block + 1) * blockSamples);
    const power = part.reduce((sum, sample) => sum + sample * sample, 0) / part.length;
    if (power < powerMin) continue;
    if (first < 0) first = block;
    last = block;
  }
  if (first < 0) return null;
  return { startMs: first * BLOCK_MS, endMs: (last + 1) * BLOCK_MS };
}
