// Randomness that repeats: the Random of every test (style 45). The seed belongs into the output of
// a failing test.
import type { Random } from "../../service/contract/clock.ts";

const WEYL_INCREMENT = 0x9e37_79b9;

/**
 * Same seed, same numbers. Not for secrets.
 * Source: a Weyl sequence through the 32 bit finalizer of MurmurHash3 (Appleby 2011), as SplitMix
 * (Steele, Lea, Flood 2014) does in 64 bits; period 2^32.
 */
export function createSeededRandom(seed: number): Random {
  let state = seed >>> 0;
  const uint32 = (): number => {
    state = (state + WEYL_INCREMENT) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  };
  return {
    uint32,
    hex(count) {
      let text = "";
      for (let index = 0; index < count; index += 1) {
        text += (uint32() >>> 24).toString(16).padStart(2, "0");
      }
      return text;
    },
  };
}
