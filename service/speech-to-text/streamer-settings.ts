// What the operator decides about the streamer, what the source document has it be
// (S2-31), and what all streams of a streamer share.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import type { SpeechToTextEngine } from "../contract/speech-to-text.ts";
import type { SampleBlocks } from "./sample-blocks.ts";
import type { SpeechMetrics } from "./speech-metrics.ts";

export interface SpeechStreamerSettings {
  /** New audio after which the window is written down again (S2-31). */
  readonly chunkMs: number;
  /** Audio that two windows share where a long utterance is cut (S2-39). */
  readonly overlapMs: number;
  /** Audio held of one utterance. */
  readonly bufferMs: number;
  /** False: the engine is asked at the end of the utterance only. */
  readonly hasPartials: boolean;
  /** Words below it are never certain before the end; the final keeps them (D-12). */
  readonly confidenceMin: number;
  readonly stableWordsMin: number;
  /** An engine that takes longer has failed. */
  readonly answerMsMax: number;
  /** What the engine may expect to hear: names, products. "" for nothing. */
  readonly prompt: string;
  /** Audio held of all utterances together. */
  readonly memoryBytesMax: number;
}

/** What all streams of a streamer share. */
export interface SpeechStreamDeps {
  readonly engine: SpeechToTextEngine;
  readonly clock: Clock;
  readonly settings: SpeechStreamerSettings;
  readonly metrics: SpeechMetrics;
  readonly blocks: SampleBlocks;
}

export const SPEECH_STREAMER_DEFAULTS: SpeechStreamerSettings = {
  chunkMs: 500,
  overlapMs: 100,
  bufferMs: 30_000,
  hasPartials: true,
  confidenceMin: 0.7,
  stableWordsMin: 3,
  answerMsMax: 10_000,
  prompt: "",
  memoryBytesMax: 256 * 1024 * 1024,
};

/** The defaults with `changes`; settings that contradict each other are our bug. */
export function streamerSettings(
  changes: Partial<SpeechStreamerSettings> | undefined,
): SpeechStreamerSettings {
  const settings = { ...SPEECH_STREAMER_DEFAULTS, ...changes };
  const { chunkMs, overlapMs, bufferMs, answerMsMax } = settings;
  assert(chunkMs > 0, "a chunk must hold something");
  assert(overlapMs < chunkMs, "an overlap must be shorter than a chunk");
  assert(chunkMs * 4 <= bufferMs, "the buffer must hold a few chunks");
  assert(answerMsMax > 0, "an engine needs time to answer");
  return settings;
}
