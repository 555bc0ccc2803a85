// NaN and infinite samples of one connection's f32 audio. The core turns each into 0 and counts it;
// here it is decided when there are so many that the caller's encoder must be broken (threat T17).
import { NON_FINITE_SHARE_MAX } from "../limits.ts";

export interface NonFiniteWatch {
  /**
   * Looks at bytes [start, end) of little-endian f32 samples.
   * -> false when over 1 % of one second's samples were not finite.
   * Cost: one pass over the exponent bytes, no allocation (about 1 us for 960 samples).
   */
  look(message: Uint8Array, start: number, end: number): boolean;
}

/** samplesPerSecond: rate times channels. */
export function createNonFiniteWatch(samplesPerSecond: number): NonFiniteWatch {
  const countMax = samplesPerSecond * NON_FINITE_SHARE_MAX;
  let seenSamples = 0;
  let badCount = 0;
  return {
    look(message, start, end) {
      for (let index = start; index + 4 <= end; index += 4) {
        // All eight exponent bits set: seven in the last byte, one in the byte before.
        const isBad =
          ((message[index + 3] ?? 0) & 0x7f) === 0x7f && (message[index + 2] ?? 0) >= 0x80;
        if (isBad) badCount += 1;
        seenSamples += 1;
        if (badCount > countMax) return false;
        if (seenSamples === samplesPerSecond) {
          seenSamples = 0;
          badCount = 0;
        }
      }
      return true;
    },
  };
}
