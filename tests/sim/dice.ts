// Every choice of a simulated call comes from one of these: same seed, same call.
// Integers only, so that no rounding of one machine differs from another's.
import { createSeededRandom } from "../support/seeded-random.ts";

export class Dice {
  readonly #random;

  constructor(seed: number) {
    this.#random = createSeededRandom(seed);
    // Neighbouring seeds start alike; their first numbers are thrown away.
    for (let count = 0; count < 4; count += 1) this.#random.uint32();
  }

  /** A whole number from min to max, both possible. */
  between(min: number, max: number): number {
    return min + (this.#random.uint32() % (max - min + 1));
  }

  chance(percent: number): boolean {
    return this.between(0, 99) < percent;
  }

  pick<Choice>(choices: readonly [Choice, ...Choice[]]): Choice {
    return choices[this.between(0, choices.length - 1)] ?? choices[0];
  }
}
