// One call's whole audio subsystem (S4): it joins capture, tape, playback and events around one
// core slot and adds no step to the audio's way (S4-50). Usable without the server:
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
import { VAD_STATE, type VadSettings } from "../contract/core.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import { AudioEvents } from "./audio-events.ts";
import type { AudioShared } from "./audio-shared.ts";
import { CallParts, type CallPartsOwner } from "./call-parts.ts";
import { injectWav } from "./inject-wav.ts";

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

class CallAudio implements AudioEngine {
  readonly #shared: AudioShared;
  readonly #owner: CallPartsOwner;
  readonly #events: AudioEvents;
  #config: AudioEngineConfig;
  #parts: CallParts | null = null;

  constructor(shared: AudioShared, config: AudioEngineConfig, listener: EngineListener) {
    this.#shared = shared;
    this.#config = config;
    this.#events = new AudioEvents(shared.metrics);
    this.#owner = {
      listener,
      events: this.#events,
      config: () => this.#config,
      fail: (error) => this.#fail(error),
    };
  }

  get config(): AudioEngineConfig {
    return this.#config;
  }

  initialize(): void {
    assert(this.#parts === null, "an engine was initialized twice");
    this.#parts = new CallParts(this.#shared, this.#owner);
  }

  shutdown(): void {
    const parts = this.#parts;
    this.#parts = null;
    parts?.close();
    this.#events.close();
  }

  reset(): void {
    this.#parts?.reset();
  }

  startCapture(): void {
    this.#parts?.capture.start();
    this.#parts?.placeSeat();
  }

  stopCapture(): void {
    this.#parts?.capture.stop();
    this.#parts?.placeSeat();
  }

  capture(source: Uint8Array, start: number, end: number, captureMs: number): number {
    return this.#parts?.capture.write(source, start, end, captureMs) ?? 0;
  }

  captureBase64(payload: string, captureMs: number): number {
    return this.#parts?.capture.writeBase64(payload, captureMs) ?? 0;
  }

  framesCaptured(): number {
    return this.#parts?.slot.framesIngested() ?? 0;
  }

  tapeBegin(frameIndex: number): number {
    return this.#parts?.tapeBegin(frameIndex) ?? frameIndex;
  }

  tapeEnd(): number {
    return this.#parts?.tape.end() ?? 0;
  }

  tapeRead(fromFrame: number, toFrame: number, read: TapeReader): number {
    return this.#parts?.tape.read(fromFrame, toFrame, read) ?? 0;
  }

  tapeUndo(): void {
    this.#parts?.tape.undo();
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
    this.#parts?.placeSeat();
  }

  forceEnd(): number {
    return this.#parts?.forceEnd() ?? 0;
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

  #fail(error: unknown): void {
    try {
      this.shutdown();
      this.#owner.listener.onFault?.(error);
    } catch {
      // A second bug while the first is cleared away must not stop the other calls' pacer.
      this.#shared.metrics.faults.add(1);
    }
  }

  #optimizeFor(mode: AudioEngineConfig["mode"]): void {
    this.#config = { ...this.#config, mode };
    this.#parts?.applyMode();
  }
}
