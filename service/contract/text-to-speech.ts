// Text to speech. An ENGINE speaks one sentence; the STREAMER (cascade) takes the model's words,
// cuts them at sentence ends, queues them by priority and hands out audio in order.
// Audio is 16 bit mono PCM, little endian, at the engine's own rate.

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
