// A core without wasm for tests of programs that use the engine: the contract of contract/core.ts
// in plain TypeScript, speech decided by loudness alone, samples converted roughly. It allocates.
// Station: in the place of the real core, under mock-audio-engine.ts.
import { Buffer } from "node:buffer";
import { assert } from "../assert.ts";
import {
  CAPTURE_EVENT,
  type Core,
  type CoreCounter,
  type CoreSlot,
  type SlotFormat,
  type VadSettings,
} from "../contract/core.ts";
import { CAPTURE_RING_MS, FRAME_MS, FRAMES_PER_SECOND, PLAYBACK_RING_MS } from "../limits.ts";
import { readSample, SAMPLE_BYTES, writeSample } from "./mock-codec.ts";
import { MockVad } from "./mock-vad.ts";
import { silenceByte } from "./silence-byte.ts";

const CAPTURE_RING_FRAMES = CAPTURE_RING_MS / FRAME_MS;
/** Speech is louder than this; a quiet room and line noise are not. */
const LOUD_DBFS = -40;
const SILENT_DBFS = -96;

/** slotCount: calls at a time. */
export function createMockCore(slotCount: number): Core {
  const open = new Set<number>();
  return {
    slotCount,
    slotsOpen: () => open.size,
    loadSileroWeights: () => undefined,
    openSlot(format, settings) {
      let index = 0;
      while (open.has(index)) index += 1;
      if (index >= slotCount) return null;
      open.add(index);
      return new MockSlot(index, format, settings, () => void open.delete(index));
    },
  };
}

class MockSlot implements CoreSlot {
  readonly index: number;
  readonly format: SlotFormat;
  readonly callerFrameSamples: number;
  readonly callerFrameBytes: number;
  readonly upstreamFrameSamples: number;
  readonly upstreamFrameBytes: number;
  readonly input: Buffer;
  readonly output: Buffer;
  readonly window = new Float32Array(0);
  readonly #ring: Buffer[] = [];
  readonly #queue: Buffer;
  readonly #vad: MockVad;
  readonly #onClosed: () => void;
  readonly #counters = new Map<CoreCounter, number>();
  #queuedBytes = 0;
  #levelDbfs = SILENT_DBFS;
  #gain = 1;

  constructor(index: number, format: SlotFormat, settings: VadSettings, onClosed: () => void) {
    assert(format.vadSource !== "beside", "the mock core decides about speech by itself");
    this.index = index;
    this.format = format;
    this.callerFrameSamples = format.callerRateHz / FRAMES_PER_SECOND;
    const sampleBytes = SAMPLE_BYTES[format.callerEncoding] * format.callerChannels;
    this.callerFrameBytes = this.callerFrameSamples * sampleBytes;
    this.upstreamFrameSamples = format.upstreamRateHz / FRAMES_PER_SECOND;
    this.upstreamFrameBytes = this.upstreamFrameSamples * SAMPLE_BYTES[format.upstreamEncoding];
    this.input = Buffer.alloc(this.callerFrameBytes);
    this.output = Buffer.alloc(this.callerFrameBytes);
    for (let frame = 0; frame < CAPTURE_RING_FRAMES; frame += 1) {
      this.#ring.push(Buffer.alloc(this.upstreamFrameBytes));
    }
    this.#queue = Buffer.alloc((PLAYBACK_RING_MS / FRAME_MS) * this.upstreamFrameBytes);
    this.#vad = new MockVad(settings);
    this.#onClosed = onClosed;
  }

  ingest(): number {
    const frame = this.captureFrameBuffer(this.framesIngested());
    let squares = 0;
    const { callerEncoding, callerChannels, upstreamEncoding } = this.format;
    for (let index = 0; index < this.upstreamFrameSamples; index += 1) {
      const source = Math.floor((index * this.callerFrameSamples) / this.upstreamFrameSamples);
      const sample = readSample(this.input, source * callerChannels, callerEncoding);
      squares += (sample / 32768) ** 2;
      writeSample(frame, index, upstreamEncoding, sample);
    }
    // Equal formats pass untouched, as in the real core.
    if (this.#isSameFormat()) this.input.copy(frame);
    const meanSquare = squares / this.upstreamFrameSamples;
    this.#levelDbfs = meanSquare === 0 ? SILENT_DBFS : 10 * Math.log10(meanSquare);
    return this.#framed(this.#levelDbfs > LOUD_DBFS);
  }

  ingestGap(): number {
    this.captureFrameBuffer(this.framesIngested()).fill(silenceByte(this.format.upstreamEncoding));
    this.#levelDbfs = SILENT_DBFS;
    this.#count("gapFrames");
    return this.#framed(false) | CAPTURE_EVENT.GAP;
  }

  framesIngested(): number {
    return this.counter("framesIngested");
  }

  captureFrame(frameIndex: number): Uint8Array {
    const age = this.framesIngested() - frameIndex;
    assert(age >= 1 && age <= CAPTURE_RING_FRAMES, "a captured frame is out of the ring");
    return this.captureFrameBuffer(frameIndex);
  }

  windowIndex(): number {
    return this.#vad.windows - 1;
  }

  decide(): number {
    throw new RangeError("Cannot decide: the mock core has no model beside it");
  }

  probability(): number {
    return this.#vad.probability;
  }

  vadState(): number {
    return this.#vad.state;
  }

  levelDbfs(): number {
    return this.#levelDbfs;
  }

  peakDbfs(): number {
    return this.#levelDbfs;
  }

  noiseFloorDbfs(): number {
    return SILENT_DBFS;
  }

  onsetPositionSamples(): number {
    return this.#samplesOf(this.#vad.onsetMs);
  }

  endPositionSamples(): number {
    return this.#samplesOf(this.#vad.endMs);
  }

  bargeInOnsetPositionSamples(): number {
    return this.#samplesOf(this.#vad.bargeInOnsetMs);
  }

  counter(name: CoreCounter): number {
    return this.#counters.get(name) ?? 0;
  }

  applyVadSettings(settings: VadSettings): void {
    this.#vad.settings = settings;
  }

  setAgentAudible(isAudible: boolean): void {
    this.#vad.isAgentAudible = isAudible;
  }

  resetVadCounters(): void {
    this.#vad.reset();
  }

  forceEnd(): number {
    return this.#vad.forceEnd();
  }

  playbackWrite(source: Uint8Array, start: number, end: number): number {
    const taken = Math.min(end - start, this.#queue.length - this.#queuedBytes);
    this.#queue.set(source.subarray(start, start + taken), this.#queuedBytes);
    this.#queuedBytes += taken;
    return taken;
  }

  playbackQueuedSamples(): number {
    return this.#queuedBytes / SAMPLE_BYTES[this.format.upstreamEncoding];
  }

  render(): number {
    const { callerEncoding, callerChannels, upstreamEncoding } = this.format;
    const taken = Math.min(this.#queuedBytes, this.upstreamFrameBytes);
    const frame = Buffer.alloc(this.upstreamFrameBytes, silenceByte(upstreamEncoding));
    this.#queue.copy(frame, 0, 0, taken);
    this.#queue.copyWithin(0, taken, this.#queuedBytes);
    this.#queuedBytes -= taken;
    for (let index = 0; index < this.callerFrameSamples * callerChannels; index += 1) {
      const time = Math.floor(index / callerChannels);
      const source = Math.floor((time * this.upstreamFrameSamples) / this.callerFrameSamples);
      const sample = readSample(frame, source, upstreamEncoding) * this.#gain;
      writeSample(this.output, index, callerEncoding, sample);
    }
    if (this.#isSameFormat() && this.#gain === 1) frame.copy(this.output);
    this.#count("framesRendered");
    return taken / SAMPLE_BYTES[upstreamEncoding];
  }

  playbackFlush(): number {
    const samples = this.playbackQueuedSamples();
    this.#queuedBytes = 0;
    return samples;
  }

  /** The ramp is left out: the new gain holds from the next frame. */
  setPlaybackGain(gain: number): void {
    this.#gain = gain;
  }

  close(): void {
    this.#onClosed();
  }

  captureFrameBuffer(frameIndex: number): Buffer {
    const frame = this.#ring[frameIndex % CAPTURE_RING_FRAMES];
    assert(frame !== undefined, "a captured frame has no place");
    return frame;
  }

  #framed(isLoud: boolean): number {
    this.#count("framesIngested");
    return this.#vad.onFrame(isLoud);
  }

  #count(name: CoreCounter): void {
    this.#counters.set(name, this.counter(name) + 1);
  }

  #samplesOf(ms: number): number {
    return (ms * this.format.callerRateHz) / 1000;
  }

  #isSameFormat(): boolean {
    const { callerEncoding, upstreamEncoding, callerRateHz, upstreamRateHz } = this.format;
    const isOneChannel = this.format.callerChannels === 1;
    return isOneChannel && callerEncoding === upstreamEncoding && callerRateHz === upstreamRateHz;
  }
}
