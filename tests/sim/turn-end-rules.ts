// What must hold of the end of a turn in every simulated call (beside call-rules.ts): the silence
// stays within its bounds, and a vote counts only for the silence that it was asked in. Plays the
// voter too: answers of any kind, in any time.
import { CAPTURE_EVENT } from "../../service/contract/core.ts";
import type { TurnEndSettings } from "../../service/conversation/turn-end.ts";
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";
import type { VirtualTime } from "./virtual-time.ts";

const WINDOW_MS = 32;
const SILENCE_MS_MIN = 224;
const SILENCE_MS_MAX = 960;
const EXTRA_MS = 800;
/** The earliest end that a vote may cause. */
const VOTE_QUIET_MS_MIN = 200;
const ANSWER_MS_MAX = 1_500;
const OVER_BITS = CAPTURE_EVENT.END_OFF | CAPTURE_EVENT.END;

export interface TurnEndRulesParts {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly knobs: Knobs;
  readonly fail: (rule: string) => never;
  readonly answer: (generation: number, probability: number) => void;
}

export class TurnEndRules {
  readonly #parts: TurnEndRulesParts;
  /** Counts the silences; a vote is good for one of them. */
  #silences = 0;
  #isLateVote = false;

  constructor(parts: TurnEndRulesParts) {
    this.#parts = parts;
  }

  settings(): TurnEndSettings {
    const { isSilenceAdaptive: isAdaptive, hasVoter, silenceWindows } = this.#parts.knobs;
    const vote = hasVoter ? { overShare: 0.8, goesOnShare: 0.3, extraMs: EXTRA_MS } : null;
    const bounds = { silenceMsMin: SILENCE_MS_MIN, silenceMsMax: SILENCE_MS_MAX };
    return { silenceMs: silenceWindows * WINDOW_MS, isAdaptive, ...bounds, vote };
  }

  onBits(bits: number): void {
    if ((bits & OVER_BITS) !== 0) this.#silences += 1;
  }

  onSilence(silenceMs: number): void {
    const { knobs, fail } = this.#parts;
    if (this.#isLateVote) fail("a late vote changes nothing");
    const presetMs = knobs.silenceWindows * WINDOW_MS;
    const learnedMin = knobs.isSilenceAdaptive ? SILENCE_MS_MIN : presetMs;
    const learnedMax = knobs.isSilenceAdaptive ? SILENCE_MS_MAX : presetMs;
    const min = knobs.hasVoter ? Math.min(learnedMin, VOTE_QUIET_MS_MIN) : learnedMin;
    const max = learnedMax + (knobs.hasVoter ? EXTRA_MS : 0);
    if (silenceMs < min || silenceMs > max) fail("the silence that ends a turn is within bounds");
  }

  onForce(): void {
    if (this.#isLateVote) this.#parts.fail("a late vote changes nothing");
  }

  onAsk(generation: number): void {
    const { time, dice, knobs, fail, answer } = this.#parts;
    if (!knobs.hasVoter) fail("nobody is asked where nobody votes");
    this.#silences += 1;
    const asked = this.#silences;
    time.atService(time.nowMs() + dice.between(0, ANSWER_MS_MAX), () => {
      this.#isLateVote = asked !== this.#silences;
      answer(generation, dice.between(0, 100) / 100);
      this.#isLateVote = false;
    });
  }
}
