// The store of what thinkers found, in one simulated call: at once, slow or away. It lives outside
// the service: its time is the world's.
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";
import type { VirtualTime } from "./virtual-time.ts";

const STORE_MS_MAX = 1_000;

export interface OutsideWorld {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly knobs: Knobs;
  /** A promise of the outside world has settled: what waits for it goes on. */
  readonly onSettled: () => void;
}

export class ResultStoreModel {
  readonly #world: OutsideWorld;
  readonly #kept = new Map<string, { readonly value: string; readonly endsMs: number }>();
  #isCalm = false;

  constructor(world: OutsideWorld) {
    this.#world = world;
  }

  calm(): void {
    this.#isCalm = true;
  }

  cached(scope: string, key: string): Promise<string | null> {
    return this.#settle(() => {
      const kept = this.#kept.get(`${scope} ${key}`);
      return kept !== undefined && kept.endsMs > this.#world.time.nowMs() ? kept.value : null;
    });
  }

  cache(scope: string, key: string, value: string, keepMs: number): Promise<void> {
    return this.#settle(() => {
      this.#kept.set(`${scope} ${key}`, { value, endsMs: this.#world.time.nowMs() + keepMs });
    });
  }

  #settle<Value>(act: () => Value): Promise<Value> {
    const { dice, knobs } = this.#world;
    if (!this.#isCalm && dice.chance(knobs.storeAwayPercent)) {
      return Promise.reject(new Error("store away"));
    }
    if (this.#isCalm || dice.chance(60)) return Promise.resolve(act());
    const { promise, resolve } = Promise.withResolvers<Value>();
    afterMs(this.#world, dice.between(1, STORE_MS_MAX), () => resolve(act()));
    return promise;
  }
}

/** Something outside happens, and the service hears of it when its event loop is free. */
export function afterMs({ time, onSettled }: OutsideWorld, delayMs: number, act: () => void): void {
  time.atService(time.nowMs() + delayMs, () => {
    act();
    onSettled();
  });
}
