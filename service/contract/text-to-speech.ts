// Text to speech. An ENGINE speaks one sentence; the STREAMER (cascade) takes the model's words,
// cuts them at sentence ends, queues them by priority and hands out audio in order.
// Engine audio is 16 bit mono PCM, little endian, at the engine's own rate; a stream hands it out at
// the rate it was opened with. The cascade knows streams, the streamer makes one of any engine.
import type { SendResult } from "./send-result.ts";

export interface Voice {
  readonly id: string;
  readonly name: string;
  /** BCP 47, "" when unknown. */
  readonly language: string;
  readonly gender: "male" | "female" | "neutral";
  readonly rateHz: number;
}

export interface TextToSpeechSupport {
  readonly hasSsml: boolean;
  readonly hasRate: boolean;
  readonly hasPitch: boolean;
  /** True: the first audio comes before the sentence is synthesised to its end. */
  readonly isStreaming: boolean;
  readonly hasWordTimes: boolean;
}

export interface SynthesisRequest {
  /** One sentence, normalised; SSML only where `hasSsml` and `isSsml`. */
  readonly text: string;
  readonly isSsml: boolean;
  readonly voice: string;
  /** BCP 47 hint, "" for the voice's own. */
  readonly language: string;
  /** 1.0 as the voice speaks. */
  readonly rate: number;
  readonly pitchSemitones: number;
}

/** A spoken word's place in the sentence's audio. */
export interface SpokenWord {
  readonly word: string;
  readonly startMs: number;
  readonly endMs: number;
}

export interface SpeechChunk {
  /** 16 bit samples; valid until the next chunk is asked for. */
  readonly audio: Int16Array;
  readonly rateHz: number;
  /** Words whose audio begins in this chunk; empty when the engine gives no times. */
  readonly words: readonly SpokenWord[];
}

export interface TextToSpeech {
  /** For metrics and logs, e.g. "espeak-ng" or "speech:kokoro". */
  readonly name: string;
  readonly support: TextToSpeechSupport;
  /** Throws VoxError with a ProviderFailureCode. */
  voices(signal: AbortSignal): Promise<readonly Voice[]>;
  /** Chunks in order; ends when all was spoken; throws VoxError (ProviderFailureCode); stops at `signal`. */
  synthesize(request: SynthesisRequest, signal: AbortSignal): AsyncIterable<SpeechChunk>;
  close(): void;
}

/** Urgent goes to the front of what waits, filler to its end (S2-52, D-13). */
export type SpeechPriority = "urgent" | "normal" | "filler";

/** Direct calls, from the event loop, never from within a call of the stream; must not throw. */
export interface SpeechStreamListener {
  /**
   * A sentence's audio begins: before its first onSpeech. `sentence` counts from 1 and grows; a
   * failed one has a number too. text: as it was pushed, without the spaces around it, not as it
   * was normalised.
   */
  onSentenceStarted(sentence: number, text: string, priority: SpeechPriority): void;
  /**
   * The next audio, at the stream's rate; `audio` is valid until this returns. words: those whose
   * audio begins in it, ms since the sentence's first sample; empty when the engine gives no times.
   * Up to 50 ms; sequence counts from 1 and grows by one, through all sentences.
   */
  onSpeech(
    sentence: number,
    audio: Int16Array,
    words: readonly SpokenWord[],
    sequence: number,
  ): void;
  onSentenceEnded(sentence: number): void;
  /** Nothing (more) of this sentence is spoken; the next one follows. The chain was tried. */
  onSentenceFailed(sentence: number, text: string, error: Error): void;
  /**
   * push() may go on: once after each BUFFERED or DROPPED (S2-60, D-34), not after clear(), which
   * makes room at once.
   */
  onRoom(): void;
  /** All that was pushed before finish() was handed out or failed. Once per finish(). */
  onFinished(): void;
}

/**
 * One call's voice. Order: push..., finish(), again for the next answer; interject() at any time.
 * Nothing comes after clear() of what was given before it, and no onFinished for it.
 */
export interface SpeechStream {
  /**
   * The model's next words; a sentence is spoken as soon as it is whole (S3-03). SENT: taken.
   * BUFFERED: taken, but the queue is full now. DROPPED: not taken, the queue was full. After both
   * the writer waits for onRoom.
   */
  push(text: string): SendResult;
  /** The text is complete: what is left is a sentence too. */
  finish(): void;
  /** A whole text at once, urgent unless said (S2-57). DROPPED: the queue is full. */
  interject(text: string, priority?: SpeechPriority): SendResult;
  /** Forgets everything, queued and running (S2-59); aborts what the engine is doing. */
  clear(): void;
  /** Hands out nothing until resume(); a streaming engine is not read meanwhile. */
  pause(): void;
  resume(): void;
  /** Another voice from the next sentence on. */
  setVoice(voice: string): void;
  /** Frees everything. Idempotent. */
  close(): void;
}

export interface SpeechStreamRequest {
  readonly rateHz: number;
  readonly voice: string;
  /** BCP 47 hint, "" for the voice's own. */
  readonly language: string;
}

/** What is configured once (engines, queue, rate, pitch) and opened for every call. */
export interface Speech {
  readonly name: string;
  open(request: SpeechStreamRequest, listener: SpeechStreamListener): SpeechStream;
  close(): void;
}
