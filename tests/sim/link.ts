// One direction of a connection: what is sent arrives later, in order, as TCP delivers it.
import type { Dice } from "./dice.ts";
import type { VirtualTime } from "./virtual-time.ts";

export class Link {
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  readonly #wayMs: number;
  readonly #isToService: boolean;
  #jitterMs: number;
  #lastMs = 0;

  constructor(
    time: VirtualTime,
    dice: Dice,
    wayMs: number,
    jitterMs: number,
    isToService: boolean,
  ) {
    this.#time = time;
    this.#dice = dice;
    this.#wayMs = wayMs;
    this.#jitterMs = jitterMs;
    this.#isToService = isToService;
  }

  wayMs(): number {
    return this.#wayMs;
  }

  calm(): void {
    this.#jitterMs = 0;
  }

  /** Nothing arrives for so long; then all of it does. */
  holdUp(durationMs: number): void {
    this.#lastMs = Math.max(this.#lastMs, this.#time.nowMs() + durationMs);
  }

  send(arrive: () => void): void {
    const jitterMs = this.#jitterMs === 0 ? 0 : this.#dice.between(0, this.#jitterMs);
    this.#lastMs = Math.max(this.#lastMs, this.#time.nowMs() + this.#wayMs + jitterMs);
    if (this.#isToService) this.#time.atService(this.#lastMs, arrive);
    else this.#time.at(this.#lastMs, arrive);
  }
}
