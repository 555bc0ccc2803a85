// Speech to text, in two steps. An ENGINE writes down one piece of audio (Whisper behind HTTP and
// the like). A STREAM hears a call: it takes audio as it comes, tells partials while the caller
// speaks and one final per utterance. The streamer makes a stream of any engine; engines that
// stream by themselves (a transcription socket) are streams directly. The cascade knows streams.
// Audio is 16 bit mono PCM, little endian, at the rate given at open.
import type { SendResult } from "./send-result.ts";

export interface TranscribedWord {
  readonly word: string;
  /** Ms since the first sample: of the utterance, or of the piece that an engine was given. */
  readonly startMs: number;
  readonly endMs: number;
  /** 0..1; 1 when the engine does not say. */
  readonly confidence: number;
}

export interface Transcript {
  readonly text: string;
  /** 0..1; 1 when the engine does not say. */
  readonly confidence: number;
  /** As in TranscribedWord. */
  readonly startMs: number;
  readonly endMs: number;
  /** ISO 639-1, "" when unknown. */
  readonly language: string;
  /** Empty when the engine gives no word times. */
  readonly words: readonly TranscribedWord[];
}

export interface SpeechToTextSupport {
  /** ISO 639-1; "any" when the engine does not say. */
  readonly languages: readonly string[] | "any";
  readonly isLanguageDetected: boolean;
  readonly hasWordTimes: boolean;
  readonly hasConfidence: boolean;
  /** True: it hears audio as it is spoken; false: it is asked again and again. */
  readonly isStreaming: boolean;
  /** Chunk that suits it (S2-33). */
  readonly chunkMs: number;
}

/** Writes down one piece of audio; knows nothing of others. */
export interface SpeechToTextEngine {
  readonly name: string;
  readonly support: SpeechToTextSupport;
  /** Throws VoxError with a ProviderFailureCode. `audio` stays as it is until it settles. */
  transcribe(
    audio: Int16Array,
    options: { readonly rateHz: number; readonly language: string; readonly prompt: string },
    signal: AbortSignal,
  ): Promise<Transcript>;
  close(): void;
}

/** Direct calls; must not throw. After a final or a failure nothing comes before resume(). */
export interface SpeechToTextListener {
  /** Words after the last final that may still change; only when they changed (S2-38). */
  onPartial(utterance: number, transcript: Transcript): void;
  /** A sentence that will not change any more, before the utterance is over (S2-37). */
  onSentence(utterance: number, transcript: Transcript): void;
  /**
   * Everything heard of the utterance (D-26), sentences told before included. Exactly one of
   * onFinal and onFailed for each finish() that was not taken back, never from within it.
   */
  onFinal(utterance: number, transcript: Transcript): void;
  onFailed(utterance: number, error: Error): void;
}

/**
 * One call's ears. Order: begin(n), append..., then finish() or cancel(); n grows. finish() may be
 * taken back by resume(), before or after its final came: the same utterance goes on, and the next
 * finish() brings a final of all of it (D-28). Audio appended after finish() is kept for that case
 * only. begin() and cancel() end this: what is kept of the utterance before is forgotten.
 */
export interface SpeechToTextStream {
  begin(utterance: number): void;
  /** Whole samples in bytes [start, end) of `source`, copied. DROPPED: no memory, or no utterance. */
  append(source: Uint8Array, start: number, end: number): SendResult;
  /** The caller may be done: write down the rest now. Asked again before resume(): no effect. */
  finish(): void;
  /** The caller goes on after all: what finish() asked for is void, no word is lost. */
  resume(): void;
  /** Forgets the utterance; nothing more is told of it. */
  cancel(): void;
  /** Frees everything. Idempotent. */
  close(): void;
}

export interface SpeechToTextRequest {
  readonly rateHz: number;
  /** ISO 639-1 hint, "" to detect. */
  readonly language: string;
}

/** What is configured once and opened for every call. */
export interface SpeechToText {
  readonly name: string;
  readonly support: SpeechToTextSupport;
  /** Throws VoxError `unsupported_language` for a hint that is not in `support.languages`. */
  open(request: SpeechToTextRequest, listener: SpeechToTextListener): SpeechToTextStream;
  close(): void;
}
