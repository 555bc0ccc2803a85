// Views over one slot's memory, made when a slot is first opened with a format and kept:
// reopening costs nothing, and per-frame code never makes a view.

import { Buffer } from "node:buffer";
import { CAPTURE_RING_FRAMES } from "../../dsp/limits.ts";
import * as map from "../../dsp/memory-map.ts";

/** The views a CoreSlot hands out. */
export interface SlotViews {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly window: Float32Array;
  readonly captureFrames: readonly Uint8Array[];
}

/** Sizes that decide the views; equal sizes share them. */
export interface SlotSizes {
  readonly callerFrameBytes: number;
  readonly upstreamFrameBytes: number;
  readonly windowSamples: number;
}

/** All views ever made, one set per slot and sizes: at most 1,024 x the formats in use. */
export class SlotViewCache {
  readonly #memory: ArrayBuffer;
  readonly #views = new Map<string, SlotViews>();

  constructor(memory: ArrayBuffer) {
    this.#memory = memory;
  }

  find(index: number, sizes: SlotSizes): SlotViews {
    const { callerFrameBytes, upstreamFrameBytes, windowSamples } = sizes;
    const key = `${index} ${callerFrameBytes} ${upstreamFrameBytes} ${windowSamples}`;
    const known = this.#views.get(key);
    if (known !== undefined) return known;
    const views = this.#make(index, sizes);
    this.#views.set(key, views);
    return views;
  }

  #make(index: number, sizes: SlotSizes): SlotViews {
    const slot = map.SLOTS_BASE + index * map.SLOT_BYTES;
    const port = map.PORTS_BASE + index * map.PORT_BYTES;
    const captureFrames: Uint8Array[] = [];
    for (let frame = 0; frame < CAPTURE_RING_FRAMES; frame += 1) {
      const offset = slot + map.SLOT_CAPTURE_RING + frame * sizes.upstreamFrameBytes;
      captureFrames.push(Buffer.from(this.#memory, offset, sizes.upstreamFrameBytes));
    }
    return {
      input: Buffer.from(this.#memory, port + map.PORT_INPUT, sizes.callerFrameBytes),
      output: Buffer.from(this.#memory, port + map.PORT_OUTPUT, sizes.callerFrameBytes),
      window: new Float32Array(this.#memory, slot + map.SLOT_WINDOW_DONE, sizes.windowSamples),
      captureFrames,
    };
  }
}
