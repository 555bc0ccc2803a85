// The engine's turn tape over frame numbers: each stored frame is its own index in four bytes, so
// that the real span forwarder can carry it and the provider model can tell which frames came.
import type { TapeReader } from "../../service/contract/audio-engine.ts";
import { SEND } from "../../service/contract/send-result.ts";

/** Frames that the capture ring holds: 2 s. */
export const RING_FRAMES = 100;
const FRAME_BYTES = 4;
const NUMBERS_MIN = 8_192;

/** 0, 1, 2 ... as the tape holds them, for all calls: a frame's bytes are where its number says. */
let numbers = new Uint8Array(0);

export class TapeModel {
  #captured = 0;
  #endLast = 0;
  #isOpen = false;
  #kept: { readonly first: number; end: number }[] = [];

  onFrame(): void {
    this.#captured += 1;
    const open = this.#kept.at(-1);
    if (!this.#isOpen || open === undefined) return;
    open.end = this.#captured;
    this.#endLast = this.#captured;
  }

  framesCaptured(): number {
    return this.#captured;
  }

  endLast(): number {
    return this.#endLast;
  }

  tapeBegin(frameIndex: number): number {
    const first = Math.max(frameIndex, this.#endLast, this.#captured - RING_FRAMES);
    this.#isOpen = true;
    this.#kept.push({ first, end: this.#captured });
    this.#endLast = this.#captured;
    return first;
  }

  tapeEnd(): number {
    this.#isOpen = false;
    return this.#endLast;
  }

  /** The newest span never was: its frames may be kept again. */
  tapeUndo(): void {
    const span = this.#kept.pop();
    this.#isOpen = false;
    if (span !== undefined) this.#endLast = span.first;
  }

  tapeRead(fromFrame: number, toFrame: number, read: TapeReader): number {
    let framesRead = 0;
    for (const span of this.#kept) {
      const first = Math.max(span.first, fromFrame);
      const end = Math.min(span.end, toFrame);
      if (first >= end) continue;
      const source = numbersTo(end);
      const sent = read(source, first * FRAME_BYTES, end * FRAME_BYTES);
      if (sent === SEND.DROPPED) return framesRead;
      framesRead += end - first;
    }
    return framesRead;
  }

  tapeDrop(frameIndex: number): void {
    this.#kept = this.#kept.filter((span, index) => {
      const isNewestOpen = this.#isOpen && index === this.#kept.length - 1;
      return isNewestOpen || span.end > frameIndex;
    });
  }
}

/** Frames of what tapeRead handed out: so many, each the one after the one before. */
export function framesIn(start: number, end: number): number {
  return (end - start) / FRAME_BYTES;
}

/** The number of the first of them. */
export function firstFrameIn(source: Uint8Array, start: number): number {
  let frame = 0;
  for (let at = FRAME_BYTES - 1; at >= 0; at -= 1) frame = frame * 256 + (source[start + at] ?? 0);
  return frame;
}

function numbersTo(endFrame: number): Uint8Array {
  if (endFrame * FRAME_BYTES <= numbers.length) return numbers;
  const count = Math.max(NUMBERS_MIN, 2 * endFrame);
  numbers = new Uint8Array(count * FRAME_BYTES);
  const view = new DataView(numbers.buffer);
  for (let frame = 0; frame < count; frame += 1) view.setUint32(frame * FRAME_BYTES, frame, true);
  return numbers;
}
