// One call's parts between initialize and shutdown, joined around one core slot: capture, tape,
// playback, events and the seat on the pacer's wheel. What one part reports goes from here to the
// others and to the listener, by direct calls.
// Station: behind engine/audio-engine.ts, which is the face to the outside.
import type { AudioEngineConfig, EngineListener } from "../contract/audio-engine.ts";
import { assert } from "../assert.ts";
import { CAPTURE_EVENT, type CoreSlot } from "../contract/core.ts";
import type { SendResult } from "../contract/send-result.ts";
import { VoxError } from "../errors.ts";
import {
  CAPTURE_RING_MS,
  FRAME_MS,
  PREBUFFER_LATENCY_MS,
  PREBUFFER_QUALITY_MS,
} from "../limits.ts";
import type { AudioEvents } from "./audio-events.ts";
import type { AudioShared } from "./audio-shared.ts";
import { Capture, type CaptureOwner } from "./capture.ts";
import type { PacerClient, PacerSeat } from "./pacer.ts";
import { Playback, type PlaybackOwner } from "./playback.ts";
import { SpeechEvents } from "./speech-events.ts";
import { TurnTape } from "./turn-tape.ts";

const CAPTURE_RING_FRAMES = CAPTURE_RING_MS / FRAME_MS;
/** Bits after which speech may have begun or ended. */
const SPEECH_BITS =
  CAPTURE_EVENT.ONSET_MAYBE | CAPTURE_EVENT.ONSET | CAPTURE_EVENT.ONSET_FALSE | CAPTURE_EVENT.END;

/** Who the parts belong to. */
export interface CallPartsOwner {
  readonly listener: EngineListener;
  readonly events: AudioEvents;
  /** The newest configuration. */
  config(): AudioEngineConfig;
  /** Our own bug inside a tick; must not throw. */
  fail(error: unknown): void;
}

export class CallParts implements CaptureOwner, PlaybackOwner, PacerClient {
  readonly slot: CoreSlot;
  readonly capture: Capture;
  readonly tape: TurnTape;
  readonly playback: Playback;
  readonly #owner: CallPartsOwner;
  readonly #speech: SpeechEvents;
  readonly #seat: PacerSeat;
  #isOpen = true;

  /** Takes a core slot. Errors: VoxError slots_exhausted. */
  constructor(shared: AudioShared, owner: CallPartsOwner) {
    const { vad, vadModel, format } = slotConfig(owner.config());
    const slot = shared.core.openSlot(format, vad);
    if (slot === null) {
      throw new VoxError("Cannot open a call: every core slot is taken", {
        code: "slots_exhausted",
        isRetryable: true,
      });
    }
    this.slot = slot;
    this.#owner = owner;
    this.#speech = new SpeechEvents(owner.events);
    this.capture = new Capture(shared, slot, this);
    const rateHz = format.callerRateHz === 8000 ? 8000 : 16000;
    const decide = (index: number, probability: number) => this.capture.decide(index, probability);
    if (vadModel !== undefined) this.capture.attachVad(vadModel.open(rateHz, decide));
    this.tape = new TurnTape(shared.pool, slot.upstreamFrameBytes, shared.metrics);
    this.playback = new Playback(shared, slot, this, prebufferMs(owner.config()));
    this.#seat = shared.pacer.seat(this);
  }

  /** Frees everything; called once. */
  close(): void {
    assert(this.#isOpen, "the parts of a call were closed twice");
    this.#isOpen = false;
    this.#seat.deactivate();
    this.capture.close();
    this.playback.interrupt();
    this.tape.clear();
    this.slot.close();
  }

  reset(): void {
    this.playback.interrupt();
    this.tape.clear();
    this.capture.reset();
    this.slot.resetVadCounters();
    this.#speech.reset();
    this.placeSeat();
  }

  /** Opens a tape span as early as frameIndex, with the past taken from the capture ring. */
  tapeBegin(frameIndex: number): number {
    const framesIngested = this.slot.framesIngested();
    const oldest = Math.max(0, framesIngested - CAPTURE_RING_FRAMES, this.tape.endLast());
    const first = Math.min(framesIngested, Math.max(frameIndex, oldest));
    this.tape.begin(first);
    for (let frame = first; frame < framesIngested; frame += 1) {
      this.tape.store(frame, this.slot.captureFrame(frame));
    }
    return first;
  }

  forceEnd(): number {
    const bits = this.slot.forceEnd();
    if (bits !== 0) this.#tell(bits, this.slot.framesIngested() - 1);
    return bits;
  }

  applyMode(): void {
    this.playback.setPrebuffer(prebufferMs(this.#owner.config()));
  }

  /** The pacer wakes this call only while it plays or the caller's speech is open. */
  placeSeat(): void {
    if (!this.#isOpen) return;
    if (this.playback.wantsTick() || this.capture.wantsTick()) this.#seat.activate();
    else this.#seat.deactivate();
  }

  onFrame(bits: number, frameIndex: number): void {
    if (this.tape.isOpen) this.tape.store(frameIndex, this.slot.captureFrame(frameIndex));
    this.#tell(bits, frameIndex);
  }

  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    itemPositionSamples: number,
    itemSamples: number,
  ): SendResult {
    const { listener } = this.#owner;
    return listener.onPlaybackFrame(frame, item, itemPositionSamples, itemSamples);
  }

  onPlaybackUnderrun(item: number): void {
    this.#owner.listener.onPlaybackUnderrun(item);
  }

  onItemLeft(item: number, samples: number): void {
    this.#owner.listener.onPlaybackItemSent(item, samples);
    if (!this.#owner.events.wants("playback_complete")) return;
    this.#owner.events.emit({ kind: "playback_complete", item, samples });
  }

  onQueueHigh(isHigh: boolean): void {
    this.#owner.listener.onPlaybackQueueHigh?.(isHigh);
  }

  onPlaybackPhase(): void {
    // Speech may keep the seat on a phase whose turn is far; a new segment takes the nearest one.
    if (this.playback.isStarting()) this.#seat.deactivate();
    this.placeSeat();
  }

  onTick(nowMs: number): void {
    this.playback.tick(nowMs);
    if (this.#isOpen) this.capture.tick(nowMs);
  }

  onFault(error: unknown): void {
    this.#owner.fail(error);
  }

  #tell(bits: number, frameIndex: number): void {
    if ((bits & SPEECH_BITS) !== 0) this.placeSeat();
    this.#owner.listener.onCaptureFrame(bits, frameIndex);
    if (!this.#owner.events.isWanted || !this.#isOpen) return;
    const { preRollMs } = this.#owner.config().vad;
    this.#speech.onFrame(this.slot, bits, frameIndex, preRollMs);
  }
}

/** What the slot is opened with. Quality mode takes the better resampler. */
function slotConfig({ format, vad, vadModel, mode }: AudioEngineConfig) {
  const isBeside = format.vadSource === "beside";
  assert(isBeside === (vadModel !== undefined), "the VAD source and the VAD model disagree");
  const resampler = mode === "quality" ? "high" : format.resampler;
  return { vad, vadModel, format: { ...format, resampler } as const };
}

function prebufferMs({ mode }: AudioEngineConfig): number {
  return mode === "quality" ? PREBUFFER_QUALITY_MS : PREBUFFER_LATENCY_MS;
}
