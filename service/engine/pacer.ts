// The one clock that paces every call of the process: a wheel of 5 ms positions, four of them a
// frame, each call on one of the four phases (decision 9, S1-81, S1-83).
// Station: wakes engine/playback.ts (and the silence rule of engine/capture.ts) every 20 ms.
//
//   ms       0    5    10   15   20   25 …
//   position 0    1    2    3    4    5            phase = position mod 4
//   wakes    A,E  B    C    D    A,E  B            empty positions are slept through
//
// Each timer is set for a position's own time, counted from the wheel's start, so lateness never
// adds up (a repeating interval lost 1.04 s in 5 s under load). After a stall every phase is
// visited once; how much a call then catches up is its own rule.
// Limits: one timer; none while no seat is active. A seat that throws loses its place, the rest go
// on.
import { assert } from "../assert.ts";
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { FRAME_MS, PACER_WHEEL_MS } from "../limits.ts";
import type { EngineMetrics } from "./engine-metrics.ts";

const PHASES = FRAME_MS / PACER_WHEEL_MS;
/** Phases whose seats differ by less than this count as equally full: the earlier turn wins. */
const SEATS_SLACK = 8;
/** Sums of binary fractions may fall short of a position by less than this. */
const ROUNDING_MS = 1e-6;

/** What a seat does with its wake-ups. */
export interface PacerClient {
  /** Every 20 ms while active. No await, no allocation. */
  onTick(nowMs: number): void;
  /** onTick threw: our bug. The seat is inactive now. */
  onFault(error: unknown): void;
}

/** One call's place on the wheel. */
export interface PacerSeat {
  /**
   * Takes the phase whose turn comes next, of those not fuller than others. Never ticks at once.
   */
  activate(): void;
  deactivate(): void;
  readonly isActive: boolean;
}

export interface Pacer {
  seat(client: PacerClient): PacerSeat;
  /** Seats on each phase, for tests and health. */
  seatsOfPhase(phase: number): number;
}

/** Makes the process's pacer. Sets no timer until a seat is active. */
export function createPacer(clock: Clock, metrics: EngineMetrics): Pacer {
  return new WheelPacer(clock, metrics);
}

class WheelSeat implements PacerSeat {
  readonly client: PacerClient;
  readonly #wheel: WheelPacer;
  /** -1 while inactive. */
  phase = -1;
  place = -1;

  constructor(wheel: WheelPacer, client: PacerClient) {
    this.#wheel = wheel;
    this.client = client;
  }

  get isActive(): boolean {
    return this.phase >= 0;
  }

  activate(): void {
    if (this.phase < 0) this.#wheel.add(this);
  }

  deactivate(): void {
    if (this.phase >= 0) this.#wheel.remove(this);
  }
}

class WheelPacer implements Pacer {
  readonly #clock: Clock;
  readonly #metrics: EngineMetrics;
  readonly #phases: readonly WheelSeat[][] = Array.from({ length: PHASES }, () => []);
  readonly #onTimer = () => this.#wake();
  #seatCount = 0;
  #originMs = 0;
  /** Newest position that has been visited. */
  #position = 0;
  #positionDue = 0;
  #timer: TimerHandle | null = null;
  #isWaking = false;

  constructor(clock: Clock, metrics: EngineMetrics) {
    this.#clock = clock;
    this.#metrics = metrics;
  }

  seat(client: PacerClient): PacerSeat {
    return new WheelSeat(this, client);
  }

  seatsOfPhase(phase: number): number {
    return this.#phases[phase]?.length ?? 0;
  }

  add(seat: WheelSeat): void {
    if (this.#seatCount === 0 && !this.#isWaking) {
      // The wheel starts at position 0, which is due now.
      this.#originMs = this.#clock.nowMs();
      this.#position = -1;
    }
    this.#passEmptyPositions();
    seat.phase = this.#choosePhase();
    const seats = this.#seatsOf(seat.phase);
    seat.place = seats.length;
    seats.push(seat);
    this.#seatCount += 1;
    if (!this.#isWaking) this.#arm();
  }

  remove(seat: WheelSeat): void {
    const seats = this.#seatsOf(seat.phase);
    const last = seats.pop();
    assert(last !== undefined, "a pacer phase lost a seat");
    if (last !== seat) {
      seats[seat.place] = last;
      last.place = seat.place;
    }
    seat.phase = -1;
    seat.place = -1;
    this.#seatCount -= 1;
    if (this.#seatCount === 0 && !this.#isWaking) this.#disarm();
  }

  /**
   * Positions slept through count as visited, else a new seat on one of them would wake at once.
   */
  #passEmptyPositions(): void {
    if (this.#isWaking || this.#timer === null) return;
    const position = this.#positionAt(this.#clock.nowMs());
    if (position < this.#positionDue) this.#position = position;
  }

  #choosePhase(): number {
    let seatsMin = Number.POSITIVE_INFINITY;
    for (const seats of this.#phases) seatsMin = Math.min(seatsMin, seats.length);
    const next = this.#position + 1;
    for (let ahead = 0; ahead < PHASES; ahead += 1) {
      const phase = (next + ahead) % PHASES;
      if (this.#seatsOf(phase).length < seatsMin + SEATS_SLACK) return phase;
    }
    return next % PHASES;
  }

  #seatsOf(phase: number): WheelSeat[] {
    const seats = this.#phases[phase];
    assert(seats !== undefined, "a pacer phase is out of range");
    return seats;
  }

  #positionAt(nowMs: number): number {
    return Math.floor((nowMs - this.#originMs + ROUNDING_MS) / PACER_WHEEL_MS);
  }

  /** Sets the timer for the next position that has seats, unless that is what it is set for. */
  #arm(): void {
    let next = this.#position + 1;
    while (this.#seatsOf(next % PHASES).length === 0) next += 1;
    if (this.#timer !== null) {
      if (this.#positionDue === next) return;
      this.#disarm();
    }
    this.#positionDue = next;
    const dueMs = this.#originMs + next * PACER_WHEEL_MS;
    const delayMs = Math.max(0, dueMs - this.#clock.nowMs());
    this.#timer = this.#clock.setTimer(delayMs, this.#onTimer);
  }

  #disarm(): void {
    if (this.#timer !== null) this.#clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #wake(): void {
    this.#timer = null;
    const nowMs = this.#clock.nowMs();
    const dueMs = this.#originMs + this.#positionDue * PACER_WHEEL_MS;
    // A platform timer may fire a fraction early; the position then waits for its own time.
    const position = this.#positionAt(nowMs);
    if (position >= this.#positionDue) {
      this.#metrics.pacerLatenessMs.observe(Math.max(0, nowMs - dueMs));
      const first = Math.max(this.#position + 1, position - PHASES + 1);
      this.#position = position;
      this.#isWaking = true;
      for (let visited = first; visited <= position; visited += 1) {
        this.#visit(visited, nowMs);
      }
      this.#isWaking = false;
    }
    if (this.#seatCount > 0) this.#arm();
  }

  /**
   * Backwards, because a seat that leaves is replaced by the last one, which was visited already.
   */
  #visit(position: number, nowMs: number): void {
    const seats = this.#seatsOf(position % PHASES);
    for (let place = seats.length - 1; place >= 0; place -= 1) {
      const seat = seats[place];
      if (seat === undefined) continue;
      try {
        seat.client.onTick(nowMs);
      } catch (error) {
        this.#metrics.faults.add(1);
        seat.deactivate();
        seat.client.onFault(error);
      }
    }
  }
}
