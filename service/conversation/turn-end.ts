// When the caller's turn is over: the silence that the core waits for, moved by what this caller
// does (adaptive-silence.ts) and by a model's vote, if there is one (contract/turn-end-vote.ts).
// Station: fed by caller-turns.ts once per frame under local detection, after the speech had it.
// The rule itself stays in the core (decision 13); this sets its number between frames.
//
//            END_MAYBE: the vote is asked            END
//   talking ---------------------------> quiet -----------------> over, until it is known whether
//      ^     END_OFF: a pause, learned     |                      the caller goes on (CONTINUED_MS)
//      +-----------------------------------+                      or the answer is heard
//                                          | "over": the core ends it now, or after VOTE_QUIET_MS_MIN
//                                          | "goes on": extraMs more, for this silence only
//
// A vote counts only for the silence that it was asked in: every other one is late.
import type { CallEffects, CaptureFacts } from "../contract/call-effects.ts";
import type { TurnEndState } from "../contract/conversation-state.ts";
import { CAPTURE_EVENT } from "../contract/core.ts";
import type { CallerSpeech } from "./caller-speech.ts";
import { AdaptiveSilence, type AdaptiveSilenceSettings } from "./adaptive-silence.ts";

const FRAME_MS = 20;
/** A new onset so soon after our end, with nothing of the answer heard: the turn was not over. */
const CONTINUED_MS = 1_000;
/** However sure the vote is: a breath between two words is that long. */
const VOTE_QUIET_MS_MIN = 200;
const NEVER = -1;

export interface TurnEndSettings extends AdaptiveSilenceSettings {
  /** null: nobody is asked. */
  readonly vote: TurnEndVoteSettings | null;
}

export interface TurnEndVoteSettings {
  /** Probability from which the turn is over. */
  readonly overShare: number;
  /** Probability up to which the caller goes on. */
  readonly goesOnShare: number;
  /** What a "goes on" adds to the silence, once per silence. */
  readonly extraMs: number;
}

/** -> null where the core's silence stands as it is. */
export function turnEndOf(
  { turnEnd, callerRateHz }: { readonly turnEnd?: TurnEndSettings; readonly callerRateHz: number },
  effects: CallEffects,
  facts: CaptureFacts,
  speech: CallerSpeech,
): TurnEnd | null {
  if (turnEnd === undefined) return null;
  return new TurnEnd(turnEnd, effects, facts, { speech, callerRateHz });
}

interface TurnEndParts {
  readonly speech: CallerSpeech;
  readonly callerRateHz: number;
}

export class TurnEnd {
  readonly #settings: TurnEndSettings;
  readonly #effects: CallEffects;
  readonly #facts: CaptureFacts;
  readonly #parts: TurnEndParts;
  readonly #adaptive: AdaptiveSilence;
  #appliedMs: number;
  #quietFrames = NEVER;
  #generation = 0;
  #isVoteAwaited = false;
  /** Frames captured when the newest turn ended; NEVER once it is known how good an end it was. */
  #endedFrame = NEVER;
  /** Who ends the running turn, or ended the newest one. */
  #endedBy: "silence" | "vote" | "command" = "silence";
  #hadLongPause = false;

  constructor(
    settings: TurnEndSettings,
    effects: CallEffects,
    facts: CaptureFacts,
    parts: TurnEndParts,
  ) {
    this.#settings = settings;
    this.#effects = effects;
    this.#facts = facts;
    this.#parts = parts;
    this.#adaptive = new AdaptiveSilence(settings);
    this.#appliedMs = settings.silenceMs;
  }

  state(): TurnEndState {
    const isMaybeOver = this.#quietFrames !== NEVER;
    return {
      isMaybeOver,
      quietMs: isMaybeOver ? this.#quietFrames * FRAME_MS : 0,
      silenceMs: this.#appliedMs,
      learnedMs: this.#adaptive.silenceMs(),
      isVoteAwaited: this.#isVoteAwaited,
    };
  }

  /** The embedding program sets another silence during the call. */
  configure(silenceMs: number, isAdaptive: boolean): void {
    this.#adaptive.restart(silenceMs, isAdaptive);
    this.#apply(silenceMs);
  }

  /** One frame, after the speech had its bits. */
  onCapture(bits: number, turnId: number, isAgentAudible: boolean): void {
    if (isAgentAudible && this.#endedFrame !== NEVER) this.#settle(false);
    if (this.#parts.speech.phase() !== "turn") return;
    if ((bits & CAPTURE_EVENT.END_MAYBE) !== 0) this.#onQuiet(turnId);
    else if ((bits & CAPTURE_EVENT.END_OFF) !== 0) this.#onPauseOver();
    else if (this.#quietFrames !== NEVER) this.#quietFrames += 1;
  }

  /** The caller's application ends the turn: what silence it took says nothing. */
  onForced(): void {
    this.#endedBy = "command";
  }

  onTurnStarted(onsetFrame: number): void {
    if (this.#endedFrame !== NEVER) {
      this.#settle((onsetFrame - this.#endedFrame) * FRAME_MS < CONTINUED_MS);
    }
    this.#forget();
    this.#endedBy = "silence";
    this.#hadLongPause = false;
  }

  /** framesCaptured: the turn was decided at the end of that many frames. */
  onTurnEnded(framesCaptured: number): void {
    const isOurs = this.#quietFrames !== NEVER && this.#endedBy !== "command";
    this.#endedFrame = isOurs ? framesCaptured : NEVER;
    this.#forget();
  }

  /** The caller's side of the turns changed hands. */
  onReleased(): void {
    this.#endedFrame = NEVER;
    this.#forget();
  }

  /** A model says how likely the turn is over. 0..1; generation: of the question. */
  onVote(generation: number, probability: number): void {
    const { vote } = this.#settings;
    if (vote === null || generation !== this.#generation || this.#quietFrames === NEVER) {
      this.#effects.count("turn_vote_late");
      return;
    }
    this.#isVoteAwaited = false;
    if (probability >= vote.overShare) this.#endEarly();
    else if (probability <= vote.goesOnShare) {
      this.#effects.count("turn_vote_goes_on");
      this.#apply(this.#adaptive.silenceMs() + vote.extraMs);
    }
  }

  #endEarly(): void {
    this.#effects.count("turn_vote_over");
    this.#endedBy = "vote";
    if (this.#quietFrames * FRAME_MS >= VOTE_QUIET_MS_MIN) this.#effects.forceSpeechEnd();
    else this.#apply(Math.min(this.#appliedMs, VOTE_QUIET_MS_MIN));
  }

  #onQuiet(turnId: number): void {
    this.#quietFrames = 0;
    this.#generation += 1;
    if (this.#settings.vote === null) return;
    this.#isVoteAwaited = true;
    const { speech, callerRateHz } = this.#parts;
    const samples = this.#facts.endPositionSamples() - this.#facts.onsetPositionSamples();
    const speechMs = Math.max(0, Math.floor((samples * 1000) / callerRateHz));
    this.#effects.count("turn_vote_asked");
    const firstFrame = speech.firstFrame();
    this.#effects.askTurnEnd({ generation: this.#generation, turnId, firstFrame, speechMs });
  }

  #onPauseOver(): void {
    const pauseMs = this.#quietFrames * FRAME_MS;
    this.#forget();
    this.#endedBy = "silence";
    if (this.#adaptive.onPause(pauseMs)) this.#hadLongPause = true;
    this.#apply(this.#adaptive.silenceMs());
  }

  /** It is known how the newest end was: the caller went on with the turn, or it was a good one. */
  #settle(isContinued: boolean): void {
    this.#endedFrame = NEVER;
    if (isContinued) this.#effects.count("turn_continued");
    // What the vote decided says nothing about the silence.
    if (this.#endedBy !== "silence") return;
    if (isContinued) this.#adaptive.onCut();
    else if (!this.#hadLongPause) this.#adaptive.onCleanEnd();
    this.#apply(this.#adaptive.silenceMs());
  }

  /** Nothing is quiet any more; a vote that still comes is late. */
  #forget(): void {
    this.#quietFrames = NEVER;
    this.#generation += 1;
    this.#isVoteAwaited = false;
    this.#apply(this.#adaptive.silenceMs());
  }

  #apply(silenceMs: number): void {
    if (silenceMs === this.#appliedMs) return;
    this.#appliedMs = silenceMs;
    this.#effects.setTurnSilence(silenceMs);
  }
}
