// The caller's confirmed speech as typed events: speech_start, every frame of it as audio_chunk
// (pre-roll first, no frame twice), speech_end (S4-04, S4-07, S4-13).
// Station: beside the frame's way; copies a frame only for somebody who asked for chunks.
// Limits: the pre-roll reaches back at most as far as the capture ring, 2 s.
import { CAPTURE_EVENT, type CoreSlot } from "../contract/core.ts";
import { CAPTURE_RING_MS, FRAME_MS } from "../limits.ts";
import type { AudioEvents } from "./audio-events.ts";

const CAPTURE_RING_FRAMES = CAPTURE_RING_MS / FRAME_MS;

export class SpeechEvents {
  readonly #events: AudioEvents;
  #isSpeech = false;
  /** First frame that has not been given out as a chunk. */
  #frameNext = 0;

  constructor(events: AudioEvents) {
    this.#events = events;
  }

  reset(): void {
    this.#isSpeech = false;
  }

  /** Reads the frame's bits; frameIndex is the newest frame, already in the capture ring. */
  onFrame(slot: CoreSlot, bits: number, frameIndex: number, preRollMs: number): void {
    if ((bits & CAPTURE_EVENT.ONSET) !== 0) this.#begin(slot, frameIndex, preRollMs);
    if (this.#isSpeech) this.#giveChunks(slot, frameIndex);
    if ((bits & CAPTURE_EVENT.END) === 0 || !this.#isSpeech) return;
    this.#isSpeech = false;
    this.#events.emit({ kind: "speech_end", positionSamples: slot.endPositionSamples() });
  }

  #begin(slot: CoreSlot, frameIndex: number, preRollMs: number): void {
    const positionSamples = slot.onsetPositionSamples();
    const onsetFrame = Math.floor(positionSamples / slot.callerFrameSamples);
    const first = onsetFrame - Math.ceil(preRollMs / FRAME_MS);
    const oldest = Math.max(0, frameIndex + 1 - CAPTURE_RING_FRAMES, this.#frameNext);
    this.#frameNext = Math.max(first, oldest);
    this.#isSpeech = true;
    this.#events.emit({ kind: "speech_start", positionSamples });
  }

  #giveChunks(slot: CoreSlot, frameIndex: number): void {
    if (!this.#events.wants("audio_chunk")) {
      this.#frameNext = frameIndex + 1;
      return;
    }
    for (; this.#frameNext <= frameIndex; this.#frameNext += 1) {
      const audio = Uint8Array.from(slot.captureFrame(this.#frameNext));
      this.#events.emit({ kind: "audio_chunk", frameIndex: this.#frameNext, audio });
    }
  }
}
