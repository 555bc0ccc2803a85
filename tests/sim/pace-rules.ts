// What must hold of the frames on their way to the caller: decision 9's beat, and a pause's silence.
// Told of every frame by the rules of the call (call-rules.ts), whose first broken rule ends it.
import { LEAD_MS } from "../../service/limits.ts";

const FRAME_MS = 20;
/** Longest stall that is injected, and what it delays. */
const STALL_MS_MAX = 1_500;
/** The service's own bound, with the jitter of the frames that it counts. */
const PAUSE_MS_MAX = 2_500;

export class PaceRules {
  readonly #nowMs: () => number;
  readonly #fail: (rule: string) => never;
  /** A frame may leave with so much more than the lead ahead. */
  readonly #slackMs: number;
  #pausedMs = -1;
  #isResumed = false;
  #farEndFreeMs = 0;
  #underruns = 0;
  #starvations = 0;
  #stalledMs = Number.NEGATIVE_INFINITY;

  constructor(nowMs: () => number, fail: (rule: string) => never, slackMs: number) {
    this.#nowMs = nowMs;
    this.#fail = fail;
    this.#slackMs = slackMs;
  }

  onStall(): void {
    this.#stalledMs = this.#nowMs();
  }

  /** The event loop stood still a moment before `atMs`, and what it held up may still come. */
  isStalled(atMs: number): boolean {
    return atMs - this.#stalledMs < STALL_MS_MAX;
  }

  onFrameSent(positionSamples: number): void {
    const nowMs = this.#nowMs();
    if (this.#pausedMs >= 0) this.#fail("a paused agent is silent");
    this.#checkBeat(nowMs, positionSamples);
    this.#isResumed = false;
  }

  onUnderrun(isStarved: boolean): void {
    this.#underruns += 1;
    if (!isStarved && !this.isStalled(this.#nowMs())) this.#fail("the pacer keeps the beat");
  }

  onPause(): void {
    this.#pausedMs = this.#nowMs();
  }

  /** What follows a pause finds the far end dry, and nobody is to blame. */
  onResume(): void {
    this.#pausedMs = -1;
    this.#isResumed = true;
  }

  /** A pause waits for a decision, which is never far. */
  checkPause(): void {
    if (this.#pausedMs >= 0 && this.#nowMs() - this.#pausedMs > PAUSE_MS_MAX) {
      this.#fail("a pause comes to its end");
    }
  }

  onClear(): void {
    this.#pausedMs = -1;
    this.#farEndFreeMs = this.#nowMs();
  }

  /** The far end has played all it was sent, as far as can be known here. */
  isPlayedOut(): boolean {
    return this.#farEndFreeMs <= this.#nowMs();
  }

  /** Decision 9: never more than the lead ahead, never dry without an underrun counted. */
  #checkBeat(nowMs: number, positionSamples: number): void {
    const isDry = positionSamples > 0 && this.#farEndFreeMs < nowMs && !this.#isResumed;
    if (isDry) this.#starvations += 1;
    if (this.#starvations > this.#underruns) this.#fail("the far end runs dry only when counted");
    this.#farEndFreeMs = Math.max(this.#farEndFreeMs, nowMs) + FRAME_MS;
    if (this.#farEndFreeMs - nowMs > LEAD_MS + this.#slackMs) {
      this.#fail("at most the lead is sent ahead");
    }
  }
}
