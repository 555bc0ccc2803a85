// What a cascade is made of and how it behaves: engines by contract, settings by value. The main
// service makes both from the configuration; tests and benches give their own.
import type { Clock, Random } from "../contract/clock.ts";
import type { LanguageModel } from "../contract/language-model.ts";
import type { Log } from "../contract/log.ts";
import type { Metrics } from "../contract/metrics.ts";
import type { Retriever } from "../contract/retriever.ts";
import type { SpeechToText } from "../contract/speech-to-text.ts";
import type { TextStage } from "../contract/text-stage.ts";
import type { Speech } from "../contract/text-to-speech.ts";

export interface CascadeEngines {
  readonly speechToText: SpeechToText;
  readonly languageModel: LanguageModel;
  readonly speech: Speech;
  /** Between speech to text and language model, in order; usually none. */
  readonly textStages: readonly TextStage[];
  /** Passages for the model; usually none. */
  readonly retriever: Retriever | null;
}

export interface CascadeSettings {
  /** ISO 639-1 hint to the engines, "" to detect. */
  readonly language: string;
  readonly outputTokensMax: number;
  /** Longest wait for the words of a turn that is over. */
  readonly transcriptMsMax: number;
  /** Work that can be thrown away begins in the silence that may end a turn (D-28). */
  readonly isOverlapped: boolean;
  /** Passages are looked up while the caller speaks (S2-84). */
  readonly isPrefetched: boolean;
  /** A partial less sure than this is not looked up. */
  readonly confidenceMin: number;
  /** Said when words or an answer cannot be had; "" for nothing. */
  readonly apology: string;
  /** Said when a turn had no words; "" for nothing. */
  readonly unheard: string;
}

export interface CascadeDeps {
  readonly engines: CascadeEngines;
  readonly settings: CascadeSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log?: Log;
  readonly metrics?: Metrics;
}
