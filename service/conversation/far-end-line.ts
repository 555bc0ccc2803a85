// When the far end plays what it was sent: one line per process of sending, corrected by reports.
// Station: inside the playout ledger; hears of every frame sent and of every report's delay.
//
// A frame plays when it arrives or when the one before it ends, whichever is later. The way there
// takes a constant time that we cannot see, and need not see: a `clear` takes the same way, so what
// the caller has heard when the clear arrives is what this line says at the moment we send it.
//
// A report (Twilio mark, `played`) comes late by the way there and back plus jitter. The smallest
// delay seen (at most REPORT_LAG_MS_MAX) is that way; only more than that can mean that the far end
// plays later than the line says:
//
//   excess < 0                     the line was moved too far, or the way is shorter: believe it at once
//   excess > REPORT_JITTER_MS_MAX  no jitter is that long: the far end stalled, move it at once
//   8 reports in a row > 20 ms     a steady delay is no jitter: move it by the smallest of them
//
// Moving too late is an error towards "heard less", the safe side. When reports are in use and
// stop, the line stops REPORT_TRUST_MS after the last one was due.

/** The longest way there and back that is believed; more is a far end that plays late. */
const REPORT_LAG_MS_MAX = 250;
/** Jitter that is still no stall. */
const REPORT_JITTER_MS_MAX = 150;
/** A delay smaller than a frame is never worth moving the line. */
const STEADY_EXCESS_MS = 20;
const STEADY_REPORTS = 8;
/**
 * Reports come every 100 ms; three missed ones mean that the far end no longer plays as we think.
 */
const REPORT_TRUST_MS = 400;

/** When a frame begins to play: as believed, and at the earliest (from its sending alone). */
export interface FrameStart {
  readonly startMs: number;
  readonly floorMs: number;
}

/** How many ms later (negative: earlier) everything unfinished plays than was believed. */
export interface LineMove {
  readonly movedMs: number;
  /** The same for the earliest moments; 0 unless the far end is quicker than its frames came. */
  readonly floorMovedMs: number;
}

const NO_MOVE: LineMove = { movedMs: 0, floorMovedMs: 0 };

export class FarEndLine {
  #freeMs = -1;
  #freeFloorMs = -1;
  /** Start of the present unbroken run of frames. */
  #runStartMs = -1;
  #runReports = 0;
  #isFiller = true;
  /** Start of the audio whose first report is still to come: silence is not reported on. */
  #reportableMs = -1;
  #hasReports = false;
  #reportedMs = -1;
  #lagMs = REPORT_LAG_MS_MAX;
  /** How much later than its sending the present run is believed to play. */
  #shiftMs = 0;
  #steadyReports = 0;
  #steadyExcessMs = 0;

  /** When everything sent so far has been played. */
  freeMs(): number {
    return this.#freeMs;
  }

  /** A frame went out; filler belongs to no item. */
  onSent(nowMs: number, frameMs: number, isFiller: boolean): FrameStart {
    if (nowMs > this.#freeMs) this.#beginRun(nowMs);
    const startMs = Math.max(nowMs, this.#freeMs);
    const floorMs = Math.max(nowMs, this.#freeFloorMs);
    if (this.#isFiller && !isFiller) this.#reportableMs = startMs;
    this.#isFiller = isFiller;
    this.#freeMs = startMs + frameMs;
    this.#freeFloorMs = floorMs + frameMs;
    return { startMs, floorMs };
  }

  /** What was sent is gone: the far end was told to drop it. */
  clear(nowMs: number): void {
    this.#freeMs = nowMs;
    this.#freeFloorMs = nowMs;
    this.#shiftMs = 0;
    this.#steadyReports = 0;
  }

  /** The moment up to which the line may be believed. */
  trustedMs(nowMs: number): number {
    if (!this.#hasReports) return nowMs;
    const dueMs = Math.max(this.#reportedMs, this.#reportableMs + this.#lagMs);
    return Math.min(nowMs, dueMs + REPORT_TRUST_MS);
  }

  /** A report came delayMs after the line says that its sample was played. */
  onReport(nowMs: number, delayMs: number): LineMove {
    this.#hasReports = true;
    this.#runReports += 1;
    this.#reportedMs = nowMs;
    const move = this.#moveFor(delayMs);
    this.#freeFloorMs += move.floorMovedMs;
    this.#freeMs = Math.max(this.#freeFloorMs, this.#freeMs + move.movedMs);
    return move;
  }

  #moveFor(delayMs: number): LineMove {
    const excessMs = delayMs - this.#lagMs;
    if (excessMs < 0) return this.#onQuickReport(excessMs, delayMs);
    if (excessMs > REPORT_JITTER_MS_MAX) return this.#moveLater(excessMs);
    this.#steadyExcessMs =
      this.#steadyReports === 0 ? excessMs : Math.min(excessMs, this.#steadyExcessMs);
    this.#steadyReports += 1;
    if (this.#steadyExcessMs <= STEADY_EXCESS_MS) this.#steadyReports = 0;
    if (this.#steadyReports < STEADY_REPORTS) return NO_MOVE;
    return this.#moveLater(this.#steadyExcessMs);
  }

  #moveLater(excessMs: number): LineMove {
    this.#shiftMs += excessMs;
    this.#steadyReports = 0;
    return { movedMs: excessMs, floorMovedMs: 0 };
  }

  #onQuickReport(excessMs: number, delayMs: number): LineMove {
    this.#steadyReports = 0;
    const backMs = Math.min(this.#shiftMs, -excessMs);
    this.#shiftMs -= backMs;
    const restMs = delayMs + backMs;
    if (restMs < this.#lagMs) this.#lagMs = Math.max(0, restMs);
    // Reported before it can have been played by our clock: the far end's runs faster.
    const floorMovedMs = Math.min(0, restMs);
    if (backMs === 0 && floorMovedMs === 0) return NO_MOVE;
    return { movedMs: floorMovedMs - backMs, floorMovedMs };
  }

  #beginRun(nowMs: number): void {
    // A whole run without one report: the far end has given up reporting, so trust the clock again.
    if (this.#runReports === 0 && this.#freeMs - this.#runStartMs > 2 * REPORT_TRUST_MS) {
      this.#hasReports = false;
    }
    this.#runStartMs = nowMs;
    this.#isFiller = true;
    this.#runReports = 0;
    this.#shiftMs = 0;
    this.#steadyReports = 0;
  }
}
