// An AudioEngine for tests of whatever uses one: no wasm, no model, time from the injected clock, a
// caller who speaks on command, a network that takes its time (S4-12). Everything above the core is
// the real engine, so the mock cannot drift away from it; both pass
// tests/conformance/audio-engine.ts.
import { Buffer } from "node:buffer";
import { assert } from "../assert.ts";
import type { AudioEngine, AudioEngineConfig, EngineListener } from "../contract/audio-engine.ts";
import type { Clock } from "../contract/clock.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import { SEND } from "../contract/send-result.ts";
import { FRAME_MS } from "../limits.ts";
import { createAudioEngine } from "./audio-engine.ts";
import { createAudioShared } from "./audio-shared.ts";
import { createMockCore } from "./mock-core.ts";
import { SAMPLE_BYTES, writeSample } from "./mock-codec.ts";

/** A spoken word with the pause after it, at the pace of a calm speaker. */
const WORD_MS = 400;
/** Silence behind simulated speech beyond what ends a turn. */
const SILENCE_MARGIN_MS = 200;
const TONE_HZ = 300;
const TONE_PEAK = 12_000;

export interface MockAudioEngine extends AudioEngine {
  /**
   * The caller speaks for so many milliseconds, or says a text (400 ms a word), then is silent
   * until the turn must have ended. One frame per 20 ms of the clock, the first one now; a second
   * call waits for the first. Needs startCapture.
   */
  simulateUserSpeech(speech: number | string): void;
  /** What the caller sends and what is sent to the caller arrives this much later, in order. */
  simulateNetworkDelay(delayMs: number): void;
}

export interface MockAudioEngineOptions {
  readonly clock: Clock;
  readonly config: AudioEngineConfig;
  readonly listener?: EngineListener;
  readonly metrics?: Metrics;
}

/** Makes one; initialize() as with the real engine. */
export function createMockAudioEngine(options: MockAudioEngineOptions): MockAudioEngine {
  const { clock, config, metrics = NO_METRICS } = options;
  const network = new SlowNetwork(clock);
  const listener = options.listener === undefined ? undefined : delayed(options.listener, network);
  const shared = createAudioShared({ core: createMockCore(1), clock, metrics });
  const engine = createAudioEngine(shared, config, listener);
  const capture = engine.capture.bind(engine);
  const captureBase64 = engine.captureBase64.bind(engine);
  const caller = new SpeakingCaller(clock, config, (frame, captureMs) =>
    network.carry(() => capture(frame, 0, frame.length, captureMs)),
  );
  return Object.assign(engine, {
    capture(source: Uint8Array, start: number, end: number, captureMs: number): number {
      if (network.delayMs === 0) return capture(source, start, end, captureMs);
      const copy = Uint8Array.from(source.subarray(start, end));
      network.carry(() => capture(copy, 0, copy.length, captureMs));
      return copy.length;
    },
    captureBase64(payload: string, captureMs: number): number {
      if (network.delayMs === 0) return captureBase64(payload, captureMs);
      network.carry(() => captureBase64(payload, captureMs));
      return Buffer.byteLength(payload, "base64");
    },
    simulateUserSpeech: (speech: number | string) => caller.speak(speech),
    simulateNetworkDelay(delayMs: number): void {
      assert(delayMs >= 0, "a network cannot deliver before it was sent");
      network.delayMs = delayMs;
    },
  });
}

/** Carries acts in order, each at least delayMs after it was sent. */
class SlowNetwork {
  delayMs = 0;
  readonly #clock: Clock;
  #arrivedLastMs = 0;
  #underWay = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  carry(act: () => void): void {
    const nowMs = this.#clock.nowMs();
    if (this.delayMs === 0 && this.#underWay === 0) {
      act();
      return;
    }
    this.#arrivedLastMs = Math.max(this.#arrivedLastMs, nowMs + this.delayMs);
    this.#underWay += 1;
    this.#clock.setTimer(this.#arrivedLastMs - nowMs, () => {
      this.#underWay -= 1;
      act();
    });
  }
}

/** Capture is told at once: only what travels to the caller takes its time. */
function delayed(listener: EngineListener, network: SlowNetwork): EngineListener {
  return {
    onCaptureFrame: (bits, frameIndex) => listener.onCaptureFrame(bits, frameIndex),
    onPlaybackFrame(frame, item, positionSamples, samples) {
      if (network.delayMs === 0) {
        return listener.onPlaybackFrame(frame, item, positionSamples, samples);
      }
      const copy = Uint8Array.from(frame);
      network.carry(() => void listener.onPlaybackFrame(copy, item, positionSamples, samples));
      return SEND.SENT;
    },
    onPlaybackItemSent(item, samples) {
      network.carry(() => listener.onPlaybackItemSent(item, samples));
    },
    onPlaybackUnderrun: (item) => listener.onPlaybackUnderrun(item),
    onPlaybackQueueHigh: (isHigh) => listener.onPlaybackQueueHigh?.(isHigh),
    onFault: (error) => listener.onFault?.(error),
  };
}

class SpeakingCaller {
  readonly #clock: Clock;
  readonly #config: AudioEngineConfig;
  readonly #send: (frame: Buffer, captureMs: number) => void;
  /** Frames still to come; true is speech. */
  readonly #frames: boolean[] = [];
  #sampleIndex = 0;
  #isSpeaking = false;
  #dueMs = 0;

  constructor(
    clock: Clock,
    config: AudioEngineConfig,
    send: (frame: Buffer, captureMs: number) => void,
  ) {
    this.#clock = clock;
    this.#config = config;
    this.#send = send;
  }

  speak(speech: number | string): void {
    const words = typeof speech === "string" ? speech.split(/\s+/).filter(Boolean).length : 0;
    const speechMs = typeof speech === "string" ? words * WORD_MS : speech;
    assert(speechMs >= 0, "speech cannot last less than nothing");
    const silenceMs = this.#config.vad.minSilenceMs + SILENCE_MARGIN_MS;
    for (let ms = 0; ms < speechMs; ms += FRAME_MS) this.#frames.push(true);
    for (let ms = 0; ms < silenceMs; ms += FRAME_MS) this.#frames.push(false);
    if (this.#isSpeaking) return;
    this.#isSpeaking = true;
    this.#dueMs = this.#clock.nowMs();
    this.#next();
  }

  #next(): void {
    const isSpeech = this.#frames.shift();
    if (isSpeech === undefined) {
      this.#isSpeaking = false;
      return;
    }
    this.#send(this.#frame(isSpeech), this.#dueMs);
    this.#dueMs += FRAME_MS;
    this.#clock.setTimer(Math.max(0, this.#dueMs - this.#clock.nowMs()), () => this.#next());
  }

  #frame(isSpeech: boolean): Buffer {
    const { callerEncoding, callerChannels, callerRateHz } = this.#config.format;
    const samples = (callerRateHz * FRAME_MS) / 1000;
    const frame = Buffer.alloc(samples * callerChannels * SAMPLE_BYTES[callerEncoding]);
    for (let index = 0; index < samples; index += 1) {
      const phase = (2 * Math.PI * TONE_HZ * this.#sampleIndex) / callerRateHz;
      this.#sampleIndex += 1;
      const sample = isSpeech ? Math.round(TONE_PEAK * Math.sin(phase)) : 0;
      for (let channel = 0; channel < callerChannels; channel += 1) {
        writeSample(frame, index * callerChannels + channel, callerEncoding, sample);
      }
    }
    return frame;
  }
}
