// One call's whole audio subsystem (S4): it joins capture, tape, playback and events around one core
// slot and adds no step to the audio's way (S4-50). Usable without the server:
//
//   const shared = createAudioShared({ core, clock });          once per process
//   const engine = createAudioEngine(shared, config, listener); once per call
//   engine.initialize();
//
// Limits: one core slot a call; 60 s of tape and 300 s of answer, both out of the shared pool.
import { assert } from "../assert.ts";
import type {
  AudioEngine,
  AudioEngineConfig,
  AudioEvent,
  AudioEventKind,
  EngineListener,
  TapeReader,
} from "../contract/audio-engine.ts";
import type { Clock } from "../contract/clock.ts";
import { CAPTURE_EVENT, type Core, type CoreSlot, VAD_STATE } from "../contract/core.ts";
import type { VadSettings } from "../contract/core.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import { VoxError } from "../errors.ts";
import {
  CAPTURE_RING_MS,
  FRAME_MS,
  PREBUFFER_LATENCY_MS,
  PREBUFFER_QUALITY_MS,
} from "../limits.ts";
import { AudioEvents } from "./audio-events.ts";
import { BlockPool } from "./block-pool.ts";
import { Capture, type CaptureOwner } from "./capture.ts";
import { createEngineMetrics, type EngineMetrics } from "./engine-metrics.ts";
import { injectWav } from "./inject-wav.ts";
import { createPacer, type Pacer, type PacerClient, type PacerSeat } from "./pacer.ts";
import { Playback, type PlaybackOwner } from "./playback.ts";
import { SpeechEvents } from "./speech-events.ts";
import { TurnTape } from "./turn-tape.ts";

const CAPTURE_RING_FRAMES = CAPTURE_RING_MS / FRAME_MS;
/** Bits after which speech may have begun or ended. */
const SPEECH_BITS =
  CAPTURE_EVENT.ONSET_MAYBE | CAPTURE_EVENT.ONSET | CAPTURE_EVENT.ONSET_FALSE | CAPTURE_EVENT.END;
/** Memory for tapes and queues when the library's user names none. */
const POOL_BYTES = 64 * 1024 * 1024;

/** What all calls of a process share. */
export interface AudioShared {
  readonly core: Core;
  readonly clock: Clock;
  readonly pacer: Pacer;
  readonly pool: BlockPool;
  readonly metrics: EngineMetrics;
}

export interface AudioSharedOptions {
  readonly core: Core;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  /** Most memory for turn tapes and answer queues of all calls. */
  readonly poolBytes?: number;
}

/** Makes what all calls of a process share; no timer runs before a call plays. */
export function createAudioShared(options: AudioSharedOptions): AudioShared {
  const { core, clock } = options;
  const metrics = createEngineMetrics(options.metrics ?? NO_METRICS);
  const pool = new BlockPool(options.poolBytes ?? POOL_BYTES, metrics.audioPoolBytes);
  return { core, clock, pool, metrics, pacer: createPacer(clock, metrics) };
}

/**
 * Makes one call's audio. `listener` is called directly and synchronously; without one, subscribe()
 * and events() tell the same.
 */
export function createAudioEngine(
  shared: AudioShared,
  config: AudioEngineConfig,
  listener: EngineListener = SILENT_LISTENER,
): AudioEngine {
  return new CallAudio(shared, config, listener);
}

const SILENT_LISTENER: EngineListener = {
  onCaptureFrame: () => undefined,
  onPlaybackFrame: () => SEND.SENT,
  onPlaybackItemSent: () => undefined,
  onPlaybackUnderrun: () => undefined,
};

/** What exists between initialize and shutdown. */
interface Parts {
  readonly slot: CoreSlot;
  readonly capture: Capture;
  readonly tape: TurnTape;
  readonly playback: Playback;
  readonly seat: PacerSeat;
}

class CallAudio implements AudioEngine, CaptureOwner, PlaybackOwner, PacerClient {
  readonly #shared: AudioShared;
  readonly #listener: EngineListener;
  readonly #events: AudioEvents;
  readonly #speech: SpeechEvents;
  #config: AudioEngineConfig;
  #parts: Parts | null = null;

  constructor(shared: AudioShared, config: AudioEngineConfig, listener: EngineListener) {
    this.#shared = shared;
    this.#config = config;
    this.#listener = listener;
    this.#events = new AudioEvents(shared.metrics);
    this.#speech = new SpeechEvents(this.#events);
  }

  get config(): AudioEngineConfig {
    return this.#config;
  }

  initialize(): void {
    assert(this.#parts === null, "an engine was initialized twice");
    const { mode, vad, vadModel } = this.#config;
    const resampler = mode === "quality" ? "high" : this.#config.format.resampler;
    const format = { ...this.#config.format, resampler };
    const isBeside = format.vadSource === "beside";
    assert(isBeside === (vadModel !== undefined), "the VAD source and the VAD model disagree");
    const slot = this.#shared.core.openSlot(format, vad);
    if (slot === null) {
      throw new VoxError("Cannot open a call: every core slot is taken", {
        code: "slots_exhausted",
        isRetryable: true,
      });
    }
    const capture = new Capture(this.#shared, slot, this);
    const rateHz = format.callerRateHz === 8000 ? 8000 : 16000;
    const decide = (index: number, probability: number) => capture.decide(index, probability);
    if (vadModel !== undefined) capture.attachVad(vadModel.open(rateHz, decide));
    const tape = new TurnTape(this.#shared.pool, slot.upstreamFrameBytes, this.#shared.metrics);
    const playback = new Playback(this.#shared, slot, this, this.#prebufferMs());
    const seat = this.#shared.pacer.seat(this);
    this.#parts = { slot, capture, tape, playback, seat };
  }

  shutdown(): void {
    const parts = this.#parts;
    if (parts === null) return;
    this.#parts = null;
    parts.seat.deactivate();
    parts.capture.close();
    parts.playback.interrupt();
    parts.tape.clear();
    parts.slot.close();
    this.#events.close();
  }

  reset(): void {
    this.#parts?.playback.interrupt();
    this.#parts?.tape.clear();
    this.#parts?.capture.reset();
    this.#parts?.slot.resetVadCounters();
    this.#speech.reset();
    this.#placeSeat();
  }

  startCapture(): void {
    this.#parts?.capture.start();
    this.#placeSeat();
  }

  stopCapture(): void {
    this.#parts?.capture.stop();
    this.#placeSeat();
  }

  capture(source: Uint8Array, start: number, end: number, captureMs: number): void {
    this.#parts?.capture.write(source, start, end, captureMs);
  }

  captureBase64(payload: string, captureMs: number): void {
    this.#parts?.capture.writeBase64(payload, captureMs);
  }

  framesCaptured(): number {
    return this.#parts?.slot.framesIngested() ?? 0;
  }

  tapeBegin(frameIndex: number): number {
    if (this.#parts === null) return frameIndex;
    const { slot, tape } = this.#parts;
    const framesIngested = slot.framesIngested();
    const oldest = Math.max(0, framesIngested - CAPTURE_RING_FRAMES, tape.endLast());
    const first = Math.min(framesIngested, Math.max(frameIndex, oldest));
    tape.begin(first);
    for (let frame = first; frame < framesIngested; frame += 1) {
      tape.store(frame, slot.captureFrame(frame));
    }
    return first;
  }

  tapeEnd(): number {
    return this.#parts?.tape.end() ?? 0;
  }

  tapeRead(fromFrame: number, toFrame: number, read: TapeReader): number {
    return this.#parts?.tape.read(fromFrame, toFrame, read) ?? 0;
  }

  tapeDrop(frameIndex: number): void {
    this.#parts?.tape.drop(frameIndex);
  }

  applyVadSettings(settings: VadSettings): void {
    this.#parts?.slot.applyVadSettings(settings);
    this.#config = { ...this.#config, vad: settings };
  }

  setAgentAudible(isAudible: boolean): void {
    this.#parts?.slot.setAgentAudible(isAudible);
  }

  resetVadCounters(): void {
    this.#parts?.slot.resetVadCounters();
    this.#placeSeat();
  }

  forceEnd(): number {
    if (this.#parts === null) return 0;
    const { slot } = this.#parts;
    const bits = slot.forceEnd();
    if (bits !== 0) this.#tell(bits, slot.framesIngested() - 1);
    return bits;
  }

  vadState(): number {
    return this.#parts?.slot.vadState() ?? VAD_STATE.SILENCE;
  }

  probability(): number {
    return this.#parts?.slot.probability() ?? 0;
  }

  levelDbfs(): number {
    return this.#parts?.slot.levelDbfs() ?? 0;
  }

  onsetPositionSamples(): number {
    return this.#parts?.slot.onsetPositionSamples() ?? 0;
  }

  endPositionSamples(): number {
    return this.#parts?.slot.endPositionSamples() ?? 0;
  }

  bargeInOnsetPositionSamples(): number {
    return this.#parts?.slot.bargeInOnsetPositionSamples() ?? 0;
  }

  queuePlayback(item: number, source: Uint8Array, start: number, end: number): SendResult {
    return this.#parts?.playback.queue(item, source, start, end) ?? SEND.DROPPED;
  }

  endPlaybackItem(item: number): void {
    this.#parts?.playback.endItem(item);
  }

  interruptPlayback(): number {
    return this.#parts?.playback.interrupt() ?? 0;
  }

  pausePlayback(): void {
    this.#parts?.playback.pause();
  }

  resumePlayback(): void {
    this.#parts?.playback.resume();
  }

  setPlaybackGain(gain: number, rampMs: number): void {
    this.#parts?.slot.setPlaybackGain(gain, rampMs);
  }

  playbackQueuedMs(): number {
    return this.#parts?.playback.queuedMs() ?? 0;
  }

  isPlaying(): boolean {
    return this.#parts?.playback.isPlaying() ?? false;
  }

  subscribe(kind: AudioEventKind, handler: (event: AudioEvent) => void): number {
    return this.#events.subscribe(kind, handler);
  }

  unsubscribe(subscription: number): void {
    this.#events.unsubscribe(subscription);
  }

  events(): AsyncIterableIterator<AudioEvent> {
    return this.#events.iterate();
  }

  optimizeForLatency(): void {
    this.#optimizeFor("latency");
  }

  optimizeForQuality(): void {
    this.#optimizeFor("quality");
  }

  injectTestAudio(wav: Uint8Array): number {
    return this.#parts === null ? 0 : injectWav(wav, this.#parts.slot, this.#parts.capture);
  }

  // What the parts report. Not for the engine's user.

  onFrame(bits: number, frameIndex: number): void {
    const parts = this.#parts;
    if (parts === null) return;
    if (parts.tape.isOpen) parts.tape.store(frameIndex, parts.slot.captureFrame(frameIndex));
    this.#tell(bits, frameIndex);
  }

  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    itemPositionSamples: number,
    itemSamples: number,
  ): SendResult {
    return this.#listener.onPlaybackFrame(frame, item, itemPositionSamples, itemSamples);
  }

  onPlaybackUnderrun(item: number): void {
    this.#listener.onPlaybackUnderrun(item);
  }

  onItemLeft(item: number, samples: number): void {
    this.#listener.onPlaybackItemSent(item, samples);
    if (this.#events.wants("playback_complete")) {
      this.#events.emit({ kind: "playback_complete", item, samples });
    }
  }

  onQueueHigh(isHigh: boolean): void {
    this.#listener.onPlaybackQueueHigh?.(isHigh);
  }

  onPlaybackPhase(): void {
    this.#placeSeat();
  }

  onTick(nowMs: number): void {
    this.#parts?.playback.tick(nowMs);
    this.#parts?.capture.tick(nowMs);
  }

  onFault(error: unknown): void {
    this.shutdown();
    this.#listener.onFault?.(error);
  }

  #tell(bits: number, frameIndex: number): void {
    if ((bits & SPEECH_BITS) !== 0) this.#placeSeat();
    this.#listener.onCaptureFrame(bits, frameIndex);
    if (this.#events.isWanted && this.#parts !== null) {
      this.#speech.onFrame(this.#parts.slot, bits, frameIndex, this.#config.vad.preRollMs);
    }
  }

  /** The pacer wakes this call only while it plays or the caller's speech is open. */
  #placeSeat(): void {
    const parts = this.#parts;
    if (parts === null) return;
    if (parts.playback.wantsTick() || parts.capture.wantsTick()) parts.seat.activate();
    else parts.seat.deactivate();
  }

  #optimizeFor(mode: AudioEngineConfig["mode"]): void {
    this.#config = { ...this.#config, mode };
    this.#parts?.playback.setPrebuffer(this.#prebufferMs());
  }

  #prebufferMs(): number {
    return this.#config.mode === "quality" ? PREBUFFER_QUALITY_MS : PREBUFFER_LATENCY_MS;
  }
}
