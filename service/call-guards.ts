// Guards between the shared parts (pacer, upstream sockets) and one call: a throw inside a call's
// own code is that call's end and nobody else's (decision 18). They also let the three parts of a
// call know each other: the listener exists before the lane that it passes everything to.
import type { EngineListener } from "./contract/audio-engine.ts";
import type { Log } from "./contract/log.ts";
import { SEND, type SendResult } from "./contract/send-result.ts";

export type OnBug = (error: unknown) => void;

/** Passes the engine's callbacks to the lane; per frame, so no closure is made. */
export class GuardedEngineListener implements EngineListener {
  #target: EngineListener | null = null;
  #onBug: OnBug = () => undefined;

  /** Everything goes to `target` from now on. */
  attach(target: EngineListener, onBug: OnBug): void {
    this.#target = target;
    this.#onBug = onBug;
  }

  onCaptureFrame(bits: number, frameIndex: number): void {
    try {
      this.#target?.onCaptureFrame(bits, frameIndex);
    } catch (error) {
      this.#onBug(error);
    }
  }

  onPlaybackFrame(
    frame: Uint8Array,
    item: number,
    itemPositionSamples: number,
    itemSamples: number,
  ): SendResult {
    try {
      const target = this.#target;
      if (target === null) return SEND.DROPPED;
      return target.onPlaybackFrame(frame, item, itemPositionSamples, itemSamples);
    } catch (error) {
      this.#onBug(error);
      return SEND.DROPPED;
    }
  }

  onPlaybackItemSent(item: number, samples: number): void {
    try {
      this.#target?.onPlaybackItemSent(item, samples);
    } catch (error) {
      this.#onBug(error);
    }
  }

  onPlaybackUnderrun(item: number): void {
    try {
      this.#target?.onPlaybackUnderrun(item);
    } catch (error) {
      this.#onBug(error);
    }
  }

  onPlaybackQueueHigh(isHigh: boolean): void {
    try {
      this.#target?.onPlaybackQueueHigh?.(isHigh);
    } catch (error) {
      this.#onBug(error);
    }
  }

  onFault(error: unknown): void {
    this.#onBug(error);
  }
}

/** Takes every step of an ending, also those behind one that throws; each throw is logged. */
export function takeEvery(log: Log, steps: readonly (() => void)[]): void {
  for (const step of steps) {
    try {
      step();
    } catch (error) {
      log.error("call failed to end cleanly", { error: errorOf(error) });
    }
  }
}

/** What was thrown, as an error that can be logged. */
export function errorOf(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
