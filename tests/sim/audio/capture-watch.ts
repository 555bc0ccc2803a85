// What the service captured, held against the caller's own bytes: every frame goes through a second
// core slot in one piece, and what is read off the tape must be that, bit for bit (decision 4).
// Station: between the real engine and the real lane; passes everything on.
import type { AudioEngine, TapeReader } from "../../../service/contract/audio-engine.ts";
import {
  CAPTURE_EVENT,
  type Core,
  type CoreSlot,
  type SlotFormat,
} from "../../../service/contract/core.ts";
import { VAD_SETTINGS_DEFAULT } from "../../../service/core/vad-defaults.ts";

/** After so long without media, silence may have been captured in its place (decision 16). */
const LATE_MS_MIN = 100;

export class CaptureWatch {
  readonly #nowMs: () => number;
  readonly #fail: (rule: string) => never;
  readonly #twin: CoreSlot;
  readonly #frameBytes: number;
  /** The caller's bytes of each frame that reached the service; others were lost. */
  readonly #arrived = new Map<number, Uint8Array>();
  readonly #captured: Uint8Array[] = [];
  #arrivedMs = 0;
  /** Frames before this one may have been taken for silence when what was held up came. */
  #filledTo = 0;
  #readFrame = -1;

  constructor(core: Core, format: SlotFormat, nowMs: () => number, fail: (rule: string) => never) {
    const twin = core.openSlot({ ...format, vadSource: "energy" }, VAD_SETTINGS_DEFAULT);
    if (twin === null) throw new Error("There is no slot for the twin");
    this.#twin = twin;
    this.#frameBytes = twin.upstreamFrameBytes;
    this.#nowMs = nowMs;
    this.#fail = fail;
  }

  framesCaptured(): number {
    return this.#captured.length;
  }

  close(): void {
    this.#twin.close();
  }

  /** Whole frames of the caller, from frame `first` on, are about to reach the service. */
  onArrival(first: number, frames: readonly Uint8Array[]): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#arrivedMs >= LATE_MS_MIN) this.#filledTo = this.#captured.length;
    this.#arrivedMs = nowMs;
    for (const [index, bytes] of frames.entries()) {
      if (first + index >= this.#captured.length) this.#arrived.set(first + index, bytes);
      else if (first + index >= this.#filledTo) this.#fail("what arrives in time is captured");
    }
  }

  /** The engine tells the lane of a frame: the twin takes the same one. */
  onFrame(bits: number, frameIndex: number): void {
    if (frameIndex < this.#captured.length) return;
    if (frameIndex > this.#captured.length) this.#fail("no frame is skipped");
    const bytes = this.#arrived.get(frameIndex);
    const isGap = (bits & CAPTURE_EVENT.GAP) !== 0;
    if (isGap === (bytes !== undefined)) this.#fail("what arrives in time is captured");
    if (bytes === undefined) this.#twin.ingestGap();
    else {
      this.#twin.input.set(bytes);
      this.#twin.ingest();
    }
    this.#captured.push(new Uint8Array(this.#twin.captureFrame(frameIndex)));
    this.#arrived.delete(frameIndex);
  }

  /** Reads the tape for the lane, and knows meanwhile which frames are read. */
  read(engine: AudioEngine, fromFrame: number, toFrame: number, read: TapeReader): number {
    this.#readFrame = fromFrame;
    const framesRead = engine.tapeRead(fromFrame, toFrame, read);
    this.#readFrame = -1;
    return framesRead;
  }

  /** Bytes that go upstream. -> the numbers of their frames. */
  framesOf(source: Uint8Array, start: number, end: number): number[] {
    if (this.#readFrame < 0) this.#fail("only what is on the tape goes upstream");
    const frames: number[] = [];
    for (let at = start; at < end; at += this.#frameBytes) {
      const twin = this.#captured[this.#readFrame];
      const bytes = source.subarray(at, at + this.#frameBytes);
      if (twin === undefined || Buffer.compare(bytes, twin) !== 0) {
        this.#fail("what goes upstream is what was said, bit for bit");
      }
      frames.push(this.#readFrame);
      this.#readFrame += 1;
    }
    return frames;
  }
}
