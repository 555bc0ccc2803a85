// What the pure conversation may do to the world, and what it may ask of the audio (decision 12).
// The service's lanes and the call simulator both implement this; the conversation never knows
// which. Every call is synchronous and returns at once; nothing here throws.
import type { EndReason, TurnDetection } from "./call-terms.ts";
import type { SendResult } from "./send-result.ts";
import type { CallNotice } from "./transport.ts";
import type { ResponseRequest } from "./upstream.ts";

/** Timers of one conversation; setting one again moves it. */
export type ConversationTimer =
  | "response_request"
  | "response_silent"
  | "answer_again"
  | "take_back"
  | "drain"
  | "goodbye";

/**
 * What the provider's acknowledgement of a commit is about: a turn of ours, the one committed early
 * and open still, one taken back meanwhile; what lay behind a commit of the provider's own, or a part
 * of one taken back that the provider committed; or that commit itself.
 */
export type CommitAck = "turn" | "early" | "taken_back" | "behind" | "provider";

/** Facts of the captured audio, read at the moment of an event. Positions: caller samples. */
export interface CaptureFacts {
  onsetPositionSamples(): number;
  endPositionSamples(): number;
  bargeInOnsetPositionSamples(): number;
  /** VAD_STATE of the core contract. */
  vadState(): number;
}

/** Is the turn over, now that the caller is silent? The answer names the generation. */
export interface TurnEndAsk {
  readonly generation: number;
  readonly turnId: number;
  /** First frame of the turn's span. */
  readonly firstFrame: number;
  readonly speechMs: number;
}

export interface CallEffects {
  /** Monotonic ms of the injected clock. */
  nowMs(): number;

  /**
   * Opens a span of caller audio that goes upstream, from frameIndex on. -> the first frame kept.
   */
  appendBegin(frameIndex: number): number;
  /** Closes the span after the newest frame. -> the frame after its last. */
  appendEnd(): number;
  /** Throws the open or closed, uncommitted span away, here and upstream. */
  appendDiscard(): void;
  /** Nothing before frameIndex of the open span is a turn's: a new session need not have it. */
  appendTrim(frameIndex: number): void;
  /**
   * Everything appended of the span goes out, then the commit. speechEndFrame: after it the span
   * holds only silence.
   */
  commit(turnId: number, speechEndFrame: number): void;
  /**
   * Commits what the open span holds so far; the span stays open, as the caller may go on. -> the
   * frame after the last one committed, -1: not now, nothing was done. firstFrame: where it would be
   * taken back to.
   */
  commitEarly(firstFrame: number, speechEndFrame: number): number;
  /** The early commit was the whole turn: the span is closed, or begins behind it if always sent. */
  keepEarly(): void;
  /** The caller went on: the span is appended again from frameIndex and is open as before. */
  takeBackEarly(frameIndex: number): void;
  /** The open span may be a whole turn (true), or goes on after all (false); nothing is decided. */
  hintTurnEnd(isMaybe: boolean): void;
  /** The silence that ends a turn in the core, from the next window on. */
  setTurnSilence(silenceMs: number): void;
  /** Asks whoever can tell; the answer comes as TurnEnd.onVote, or never. */
  askTurnEnd(ask: TurnEndAsk): void;
  /** Ends running speech in the core, so that its machine and ours agree. */
  forceSpeechEnd(): void;

  /** The provider's own detection goes on, but neither answers nor interrupts from now on. */
  answerHere(turnDetection: TurnDetection): void;
  respond(request: ResponseRequest): SendResult;
  cancelResponse(responseId: string): void;
  truncateItem(itemId: string, contentIndex: number, audioEndMs: number): void;
  deleteItem(itemId: string): void;

  /** Drops unsent audio and has the far end drop what it holds; the generation grows. */
  clearPlayback(): void;
  /** Nothing more is sent until resumePlayback; what is unsent is kept. clearPlayback ends it too. */
  pausePlayback(): void;
  resumePlayback(): void;
  /** The agent's level at the far end from now on, 0..1; 1 is untouched. Stays over a clear. */
  setPlaybackGain(gain: number, rampMs: number): void;
  /** What the next response brings is kept: none of it is played, no tool of it is called. */
  holdAnswer(): void;
  /** What is kept is played and called from now on, and what comes after it. */
  releaseAnswer(): void;
  /** What is kept is thrown away; the far end, which got nothing of it, is told nothing. */
  dropAnswer(): void;
  /** The operator's recording for an answer that did not come. -> its samples, 0: there is none. */
  apologySamples(): number;
  /** Queues it as this item, whole. -> DROPPED: the queue is full. */
  playApology(item: number): SendResult;
  /** The item's audio is complete though the provider never said so: play it out. */
  endPlaybackItem(item: number): void;
  /** Tells the core whether the barge-in accumulator owns onsets (decision 14). */
  setAgentAudible(isAudible: boolean): void;

  setTimer(timer: ConversationTimer, delayMs: number): void;
  clearTimer(timer: ConversationTimer): void;
  notice(notice: CallNotice): void;
  /** Counts something worth a metric; fixed names, never per frame. */
  count(name: ConversationCount): void;
  /** An answer was under way for so long when its turn was confirmed. */
  noteSavedMs(savedMs: number): void;
  /** The conversation is over: the call closes. */
  end(reason: EndReason): void;
}

export type ConversationCount =
  | "turn_committed"
  | "turn_too_short"
  | "turn_end_unheard"
  | "turn_continued"
  | "turn_vote_asked"
  | "turn_vote_over"
  | "turn_vote_goes_on"
  | "turn_vote_late"
  | "turn_vote_failed"
  | "false_onset"
  | "barge_in"
  | "barge_in_paused"
  | "barge_in_ducked"
  | "protected_speech_dropped"
  | "protected_speech_committed"
  | "response_asked"
  | "response_stale"
  | "response_expired"
  | "response_already_active"
  | "response_resync"
  | "answer_again"
  | "answer_failed"
  | "answer_unbegun"
  | "late_audio_dropped"
  | "truncated"
  | "item_deleted"
  | "speculation_begun"
  | "speculation_hit"
  | "speculation_miss"
  | "speculation_dropped"
  | "speculation_off"
  | "take_back_overdue"
  | "tool_output_cut"
  | "tool_output_kept"
  | "tool_output_lost"
  | "idle_nudge"
  | "idle_goodbye";
