// The caller's microphone on its way to the service: frames become messages of some length, some are
// lost before they are sent, at times nothing is sent at all, and the network holds things up. Each
// message says the caller's clock at its first sample, so that the service knows what is missing.
import { fromPcm16, frameBytes } from "../../../scripts/caller/audio-format.ts";
import type { Dice } from "../dice.ts";
import type { AudioKnobs } from "./audio-knobs.ts";

const FRAME_MS = 20;
const PAUSE_FRAMES_MAX = 100;

export interface MouthOwner {
  /** Bytes [0, length) leave the caller at captureMs of its clock. */
  send(message: Uint8Array, captureMs: number, firstFrame: number, frames: Uint8Array[]): void;
}

export class Mouth {
  /** Frames that were never sent. */
  readonly lost = new Set<number>();
  readonly #dice: Dice;
  readonly #knobs: AudioKnobs;
  readonly #owner: MouthOwner;
  readonly #frameBytes: number;
  #frame = 0;
  #frames: Uint8Array[] = [];
  #pausedFrames = 0;
  #isCalm = false;
  /** What of the newest frames is not sent yet, when messages have any size. */
  #rest: Uint8Array = new Uint8Array();
  #sentBytes = 0;

  constructor(dice: Dice, knobs: AudioKnobs, owner: MouthOwner) {
    this.#dice = dice;
    this.#knobs = knobs;
    this.#owner = owner;
    this.#frameBytes = frameBytes(knobs.format);
  }

  calm(): void {
    this.#isCalm = true;
  }

  /** The next 20 ms, mono. */
  speak(samples: Int16Array): void {
    const bytes = this.#encode(samples);
    const frame = this.#frame;
    this.#frame += 1;
    if (this.#knobs.messageFrames === 0) this.#speakInPieces(bytes, frame);
    else this.#speakInFrames(bytes, frame);
  }

  #encode(samples: Int16Array): Uint8Array {
    const { encoding, channels } = this.#knobs.format;
    if (channels === 1) return fromPcm16(encoding, samples);
    const both = new Int16Array(samples.length * 2);
    for (let index = 0; index < samples.length; index += 1) {
      both.fill(samples[index] ?? 0, index * 2, index * 2 + 2);
    }
    return fromPcm16(encoding, both);
  }

  #speakInFrames(bytes: Uint8Array, frame: number): void {
    const { lostPercent, pausedPercent, messageFrames } = this.#knobs;
    if (this.#pausedFrames > 0) {
      this.#pausedFrames -= 1;
      this.lost.add(frame);
      return;
    }
    this.#frames.push(bytes);
    if (this.#frames.length < messageFrames) return;
    const first = frame + 1 - this.#frames.length;
    const frames = this.#frames.splice(0);
    // The first message says where the caller's clock begins.
    if (first > 0 && !this.#isCalm && this.#dice.chance(lostPercent)) {
      for (let index = 0; index < frames.length; index += 1) this.lost.add(first + index);
    } else {
      this.#owner.send(Buffer.concat(frames), first * FRAME_MS, first, frames);
    }
    if (!this.#isCalm && this.#dice.chance(pausedPercent)) {
      this.#pausedFrames = this.#dice.between(1, PAUSE_FRAMES_MAX);
    }
  }

  /** Messages that end within a sample's frame, but never within a sample. */
  #speakInPieces(bytes: Uint8Array, frame: number): void {
    this.#frames.push(bytes);
    this.#rest = Buffer.concat([this.#rest, bytes]);
    const unit = this.#frameBytes / 20;
    const units = this.#dice.between(1, Math.floor(this.#rest.length / unit));
    const message = this.#rest.subarray(0, units * unit);
    this.#rest = this.#rest.subarray(units * unit);
    const first = frame + 1 - this.#frames.length;
    const captureMs = this.#sentBytes / unit;
    this.#sentBytes += message.length;
    const whole = Math.floor(this.#sentBytes / this.#frameBytes) - first;
    this.#owner.send(message, captureMs, first, this.#frames.splice(0, whole));
  }
}
