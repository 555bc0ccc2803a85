// The engine's turn tape over frame numbers: each stored frame is its own index in four bytes, so
// that the real span forwarder can carry it and the provider model can tell which frames came.
import type { TapeReader } from "../../service/contract/audio-engine.ts";
import { SEND } from "../../service/contract/send-result.ts";

/** Frames that the capture ring holds: 2 s. */
export const RING_FRAMES = 100;
export const FRAME_BYTES = 4;

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
      const bytes = new Uint8Array((end - first) * FRAME_BYTES);
      const view = new DataView(bytes.buffer);
      for (let frame = first; frame < end; frame += 1) {
        view.setUint32((frame - first) * FRAME_BYTES, frame, true);
      }
      if (read(bytes, 0, bytes.length) === SEND.DROPPED) return framesRead;
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

/** The frame numbers in [start, end) of what tapeRead handed out. */
export function framesIn(source: Uint8Array, start: number, end: number): number[] {
  const view = new DataView(source.buffer, source.byteOffset + start, end - start);
  const frames: number[] = [];
  for (let at = 0; at < end - start; at += FRAME_BYTES) frames.push(view.getUint32(at, true));
  return frames;
}
