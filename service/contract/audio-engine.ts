// One call's whole audio subsystem (S4): capture, playback, voice activity, tape, events.
// Usable without the server: createAudioEngine(config) in engine/audio-engine.ts. The service
// reaches a call's audio through nothing else. Names settle D-37: interruptPlayback() returns the
// flushed milliseconds, events are typed, flush counts samples and says milliseconds.
// Hot path: `listener` is called directly and synchronously; async iterators and subscriptions are
// fed from the same place for users who do not need the last microsecond (S4-54).
import type { SlotFormat, VadSettings } from "./core.ts";
import type { SendResult } from "./send-result.ts";
import type { BesideVadModel } from "./vad-model.ts";

/** Direct callbacks of the fast lane: no allocation, no await, no throw. */
export interface EngineListener {
  /**
   * One 20 ms frame was captured. bits: CAPTURE_EVENT. frameIndex counts from 0 since the call
   * began and never skips (gaps are filled).
   */
  onCaptureFrame(bits: number, frameIndex: number): void;
  /**
   * The pacer hands one 20 ms frame in the caller's format. item, itemPositionSamples and
   * itemSamples (samples of the item in this frame, the rest is padding) are at the upstream's
   * rate. item 0 is filler that belongs to nothing (underrun).
   */
  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    itemPositionSamples: number,
    itemSamples: number,
  ): SendResult;
  /** The last sample of an ended item has been handed to onPlaybackFrame. */
  onPlaybackItemSent(item: number, samples: number): void;
  /** The queue ran empty inside an item that has not ended. */
  onPlaybackUnderrun(item: number): void;
  /**
   * true: the answer queue passed its high mark or refused audio, stop reading the upstream;
   * false: it is under its low mark, go on (decision 17).
   */
  onPlaybackQueueHigh?(isHigh: boolean): void;
  /**
   * Our own bug, while the pacer ran this call. The engine has shut itself down. Must not throw.
   */
  onFault?(error: unknown): void;
}

export type AudioEvent =
  | { readonly kind: "audio_chunk"; readonly frameIndex: number; readonly audio: Uint8Array }
  | { readonly kind: "speech_start"; readonly positionSamples: number }
  | { readonly kind: "speech_end"; readonly positionSamples: number }
  | { readonly kind: "playback_complete"; readonly item: number; readonly samples: number };

export type AudioEventKind = AudioEvent["kind"];

export interface AudioEngineConfig {
  readonly format: SlotFormat;
  readonly vad: VadSettings;
  /** latency: smallest prebuffer; quality: larger prebuffer and the `high` resampler. */
  readonly mode: "latency" | "quality";
  /** The model beside the core; only with format.vadSource "beside", and then required. */
  readonly vadModel?: BesideVadModel;
}

/** What a captured span looks like to whoever sends it on. */
export type TapeReader = (source: Uint8Array, start: number, end: number) => SendResult;

/**
 * Order: initialize, then anything, then shutdown; after it everything is ignored and answers 0.
 * Capture only reaches the core between startCapture and stopCapture.
 */
export interface AudioEngine {
  readonly config: AudioEngineConfig;
  initialize(): void;
  /** Frees slot, blocks and pacer place. Idempotent. */
  shutdown(): void;
  /** Counters, VAD state machine and playback; not the model's recurrent state. */
  reset(): void;

  // Capture. Bytes [start, end) of source in the caller's format; jumps in captureMs are filled.
  // -> bytes taken; the others came too late for their place, or nothing is captured.
  startCapture(): void;
  stopCapture(): void;
  capture(source: Uint8Array, start: number, end: number, captureMs: number): number;
  captureBase64(payload: string, captureMs: number): number;
  framesCaptured(): number;

  // Turn tape: spans of captured audio in the upstream's format, kept until dropped.
  /**
   * Starts a span at frameIndex (not older than 2 s, not before the end of the last span). -> first
   * frame.
   */
  tapeBegin(frameIndex: number): number;
  /** Frames after this one are no longer kept. -> frame after the last one of the span. */
  tapeEnd(): number;
  /**
   * Hands frames [from, to) of the tape to `read` in order, in parts that lie together. -> frames
   * read.
   */
  tapeRead(fromFrame: number, toFrame: number, read: TapeReader): number;
  /** The newest span never was: closed if open, its frames free to be part of a later one. */
  tapeUndo(): void;
  /** Forgets everything before frameIndex. */
  tapeDrop(frameIndex: number): void;

  // Voice activity.
  applyVadSettings(settings: VadSettings): void;
  setAgentAudible(isAudible: boolean): void;
  resetVadCounters(): void;
  /**
   * Ends running speech now. -> event bits, also given to the listener (when not 0) together with
   * the newest frameIndex once more.
   */
  forceEnd(): number;
  /** S4-08, VAD_STATE of the core contract. */
  vadState(): number;
  probability(): number;
  levelDbfs(): number;
  onsetPositionSamples(): number;
  endPositionSamples(): number;
  bargeInOnsetPositionSamples(): number;

  // Playback. Items are numbered by the caller of queuePlayback, from 1, growing.
  /**
   * Queues bytes [start, end) of an item in the upstream's format. A new item ends the one before.
   * DROPPED: over the limit, or the item was ended, interrupted or followed by another; nothing
   * taken.
   */
  queuePlayback(item: number, source: Uint8Array, start: number, end: number): SendResult;
  endPlaybackItem(item: number): void;
  /**
   * Drops everything unsent, ends a pause, takes the far end for cleared; later audio of the same
   * items is refused. The gain stays. -> milliseconds flushed.
   */
  interruptPlayback(): number;
  /** Nothing is sent any more; what was sent plays out, what is unsent stays. */
  pausePlayback(): void;
  resumePlayback(): void;
  setPlaybackGain(gain: number, rampMs: number): void;
  /** Unsent audio. */
  playbackQueuedMs(): number;
  /** Something is unsent, or the far end has not yet played all that was sent. */
  isPlaying(): boolean;

  // Events for users outside the hot path.
  subscribe(kind: AudioEventKind, handler: (event: AudioEvent) => void): number;
  unsubscribe(subscription: number): void;
  /** Typed events as they happen; bounded, the oldest is dropped and counted when nobody reads. */
  events(): AsyncIterableIterator<AudioEvent>;

  optimizeForLatency(): void;
  optimizeForQuality(): void;
  /**
   * Feeds a 16 bit mono WAV of the caller's rate as if it had arrived, frame by frame. -> frames.
   */
  injectTestAudio(wav: Uint8Array): number;
}
