// What must hold of speculative turns (S1-68), whoever misbehaves: an answer that is not confirmed
// is neither heard nor acted upon, what is taken back leaves nothing behind, and the budget holds.
import type { SpeculationSettings } from "../../service/conversation/speculation.ts";
import type { Dice } from "./dice.ts";

const MINUTE_MS = 60_000;
/** One frame, the wheel's turn, and how late a simulated timer may be. */
const PLAY_MS_MAX = 20 + 5 + 4;

/** Many calls of the simulator speculate, some with hardly any patience. */
export function drawSpeculation(dice: Dice, silenceWindows: number): SpeculationSettings | null {
  if (!dice.chance(60)) return null;
  return {
    earlySilenceMs: dice.between(40, silenceWindows * 32 - 40),
    perTurnMax: dice.between(1, 3),
    perMinuteMax: dice.between(2, 12),
    hitRateMin: dice.pick([0, 0.5, 0.9]),
    sampleMin: dice.between(2, 6),
  };
}

export class SpeculationRules {
  readonly #nowMs: () => number;
  readonly #settings: SpeculationSettings | null;
  readonly #fail: (rule: string) => never;
  readonly #beganMs: number[] = [];
  #turnId = -1;
  #ofTurn = 0;
  #isPending = false;
  #isAsked = false;
  #isOff = false;
  #playByMs = Number.POSITIVE_INFINITY;

  constructor(
    nowMs: () => number,
    settings: SpeculationSettings | null,
    fail: (rule: string) => never,
  ) {
    this.#nowMs = nowMs;
    this.#settings = settings;
    this.#fail = fail;
  }

  onBegun(turnId: number): void {
    const settings = this.#settings;
    if (settings === null || this.#isOff) this.#fail("nobody speculates who is not told to");
    if (this.#isPending) this.#fail("one turn is speculated about at a time");
    if (turnId !== this.#turnId) this.#ofTurn = 0;
    this.#turnId = turnId;
    this.#ofTurn += 1;
    this.#beganMs.push(this.#nowMs());
    const ofMinute = this.#beganMs.filter((beganMs) => this.#nowMs() - beganMs < MINUTE_MS).length;
    if (this.#ofTurn > settings.perTurnMax || ofMinute > settings.perMinuteMax) {
      this.#fail("the budget of speculations holds");
    }
    this.#isPending = true;
    this.#isAsked = false;
  }

  /** -> true when a turn is asked about whose caller may go on. */
  onRequest(): boolean {
    this.#isAsked ||= this.#isPending;
    return this.#isPending;
  }

  /** The turn was one. -> true when its answer was asked for already. */
  onKept(): boolean {
    if (!this.#isPending) this.#fail("only a speculation is confirmed");
    return this.#isAsked;
  }

  /** isPlayable: enough of the answer is there to begin. */
  onReleased(isPlayable: boolean): void {
    this.#isPending = false;
    if (isPlayable) this.#playByMs = this.#nowMs() + PLAY_MS_MAX;
  }

  onDropped(): void {
    this.#isPending = false;
  }

  onOff(): void {
    this.#isOff = true;
  }

  onToolCarriedOut(): void {
    if (this.#isPending) this.#fail("no tool of an unconfirmed answer is called");
  }

  onFrameSent(): void {
    if (this.#isPending) this.#fail("a held answer is silent");
    this.#playByMs = Number.POSITIVE_INFINITY;
  }

  /** The far end was cleared, or the service's event loop stood still: nobody waits any more. */
  onExcused(): void {
    this.#playByMs = Number.POSITIVE_INFINITY;
  }

  /** Now and then. */
  check(): void {
    if (this.#nowMs() > this.#playByMs) this.#fail("a held answer plays within a frame");
  }
}
