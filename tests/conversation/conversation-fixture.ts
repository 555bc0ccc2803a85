// A whole Conversation over recorded effects, with short words for what a caller, a provider and a
// pacer do. 8000 Hz on both sides, frames of 160 samples.
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import { Conversation } from "../../service/conversation/conversation.ts";
import type { ConversationSettings } from "../../service/conversation/conversation-settings.ts";
import { RecordedEffects } from "./recorded-effects.ts";

const FRAME_MS = 20;
export const FRAME_SAMPLES = 160;

const SETTINGS: ConversationSettings = {
  turnDetection: "local",
  callerRateHz: 8000,
  callerFrameSamples: FRAME_SAMPLES,
  upstreamRateHz: 8000,
  preRollMs: 300,
  commitMsMin: 100,
  turnMsMax: 60_000,
  responseWaitMs: 10_000,
  greeting: null,
  idle: null,
  protectedSpeech: "drop",
};

export class TestCall {
  readonly effects = new RecordedEffects();
  readonly conversation: Conversation;
  #frameIndex = 0;

  constructor(settings: Partial<ConversationSettings> = {}) {
    this.conversation = new Conversation({ ...SETTINGS, ...settings }, this.effects, this.effects);
    this.effects.onTimer = (timer) => this.conversation.onTimer(timer);
  }

  /** `count` frames pass, 20 ms each; the first one carries the bits. */
  frames(count: number, bits = 0): void {
    for (let index = 0; index < count; index += 1) {
      this.effects.clock.advance(FRAME_MS);
      this.effects.framesCaptured = this.#frameIndex + 1;
      this.conversation.onCapture(index === 0 ? bits : 0, this.#frameIndex);
      this.#frameIndex += 1;
    }
  }

  /** The caller speaks for so many frames, and the turn machine hears it begin. */
  speak(count: number): void {
    this.effects.onsetSamples = this.#frameIndex * FRAME_SAMPLES;
    this.effects.vad = VAD_STATE.SPEECH;
    this.frames(1, CAPTURE_EVENT.ONSET_MAYBE);
    this.frames(1, CAPTURE_EVENT.ONSET);
    this.frames(Math.max(0, count - 2));
    this.effects.endSamples = this.#frameIndex * FRAME_SAMPLES;
  }

  /** 15 frames of silence, with which the turn machine decides that it is the end. */
  fallSilent(): void {
    this.frames(14);
    this.effects.vad = VAD_STATE.SILENCE;
    this.frames(1, CAPTURE_EVENT.END);
  }

  /** The caller says something over this playing item until the accumulator has enough. */
  bargeIn(item: number): void {
    this.effects.bargeOnsetSamples = this.#frameIndex * FRAME_SAMPLES;
    this.effects.onsetSamples = this.effects.bargeOnsetSamples;
    this.effects.vad = VAD_STATE.SPEECH;
    this.#send(item);
    this.frames(1, CAPTURE_EVENT.BARGE_MAYBE | CAPTURE_EVENT.ONSET_MAYBE);
    this.playOn(item, 8);
    this.#send(item);
    this.frames(1, CAPTURE_EVENT.BARGE);
  }

  /** The provider takes up what was asked last. */
  created(responseId: string): void {
    this.conversation.onResponseCreated(responseId, this.effects.tag());
  }

  /** So many frames of audio of an item come from the provider. -> the item's number. */
  audio(responseId: string, itemId: string, count: number): number {
    const item = this.conversation.onAudio(responseId, itemId, 0);
    if (item !== 0) this.conversation.onAudioQueued(item, count * FRAME_SAMPLES);
    return item;
  }

  /** The pacer sends so many frames of the item: the lead at once, then in real time. */
  play(item: number, count: number): void {
    const leadFrames = Math.min(3, count);
    for (let index = 0; index < leadFrames; index += 1) this.#send(item);
    this.playOn(item, count - leadFrames);
  }

  /** So many frames more in real time, each after the 20 ms before it. */
  playOn(item: number, count: number): void {
    for (let index = 0; index < count; index += 1) {
      this.frames(1);
      this.#send(item);
    }
  }

  /** So many frames of the caller while the item plays on; the first one carries the bits. */
  framesOver(item: number, count: number, bits = 0): void {
    for (let index = 0; index < count; index += 1) {
      this.#send(item);
      this.frames(1, index === 0 ? bits : 0);
    }
  }

  #send(item: number): void {
    const sent = this.conversation.ledger().item(item)?.sentSamples ?? 0;
    this.conversation.onFrameSent(item, sent, FRAME_SAMPLES);
  }

  /** A turn from onset to response.created. */
  turn(responseId: string): void {
    this.speak(20);
    this.fallSilent();
    this.created(responseId);
  }

  noticesOf(kind: string) {
    return this.effects.notices.filter((notice) => notice.kind === kind);
  }
}
