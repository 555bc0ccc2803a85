// One open slot: thin, allocation-free calls into the module and views made when it was opened.
// Lengths and indices are checked here, before memory is touched; what remains inside the module
// are assertions of our own promises.

import { Buffer } from "node:buffer";
import { CAPTURE_RING_FRAMES, SILENCE_DBFS } from "../../dsp/limits.ts";
import * as map from "../../dsp/memory-map.ts";
import { STATUS_OK } from "../../dsp/status.ts";
import { assert } from "../assert.ts";
import type { CoreCounter, CoreSlot, SlotFormat, VadSettings } from "../contract/core.ts";
import type { SlotViews } from "./slot-views.ts";
import { COUNTER_OFFSETS, writeSettings } from "./slot-layout.ts";
import type { CoreExports } from "./wasm-exports.ts";

const SILENCE_POWER = 10 ** (SILENCE_DBFS / 10);

// Copies without making a view of the source; works on any Uint8Array.
const copyBytes = Buffer.prototype.copy;

/** What every slot shares: the module and views of its whole memory. */
export interface CoreMemory {
  readonly exports: CoreExports;
  readonly bytes: Buffer;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
}

export class OpenSlot implements CoreSlot {
  readonly index: number;
  readonly format: SlotFormat;
  readonly callerFrameSamples: number;
  readonly callerFrameBytes: number;
  readonly upstreamFrameSamples: number;
  readonly upstreamFrameBytes: number;
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly window: Float32Array;

  readonly #exports: CoreExports;
  readonly #bytes: Buffer;
  readonly #words: Uint32Array;
  readonly #floats: Float32Array;
  readonly #captureFrames: readonly Uint8Array[];
  readonly #base: number;
  readonly #giveBack: (index: number) => void;
  #isOpen = true;

  constructor(
    core: CoreMemory,
    place: { index: number; format: SlotFormat; views: SlotViews },
    giveBack: (index: number) => void,
  ) {
    const { index, format, views } = place;
    this.#exports = core.exports;
    this.#bytes = core.bytes;
    this.#words = core.words;
    this.#floats = core.floats;
    this.#base = map.SLOTS_BASE + index * map.SLOT_BYTES;
    this.#captureFrames = views.captureFrames;
    this.#giveBack = giveBack;
    this.index = index;
    this.format = format;
    this.callerFrameSamples = this.#word(map.SLOT_CALLER_FRAME_SAMPLES);
    this.callerFrameBytes = this.#word(map.SLOT_CALLER_FRAME_BYTES);
    this.upstreamFrameSamples = this.#word(map.SLOT_UPSTREAM_FRAME_SAMPLES);
    this.upstreamFrameBytes = this.#word(map.SLOT_UPSTREAM_FRAME_BYTES);
    this.input = views.input;
    this.output = views.output;
    this.window = views.window;
  }

  ingest(): number {
    assert(this.#isOpen, "ingest on a closed slot");
    return this.#exports.ingest(this.index);
  }

  ingestGap(): number {
    assert(this.#isOpen, "ingestGap on a closed slot");
    return this.#exports.ingestGap(this.index);
  }

  framesIngested(): number {
    return this.#word(map.COUNTER_FRAMES_INGESTED);
  }

  captureFrame(frameIndex: number): Uint8Array {
    assert(this.#isOpen, "captureFrame on a closed slot");
    const age = this.framesIngested() - frameIndex;
    assert(age >= 1, "captureFrame of a frame that has not come");
    if (age > CAPTURE_RING_FRAMES) this.#countOverrun();
    const frame = this.#captureFrames[frameIndex % CAPTURE_RING_FRAMES];
    assert(frame !== undefined, "captureFrame index is no frame index");
    return frame;
  }

  windowIndex(): number {
    return this.#word(map.SLOT_WINDOWS_COMPLETED) - 1;
  }

  decide(windowIndex: number, probability: number): number {
    assert(this.#isOpen, "decide on a closed slot");
    assert(this.format.vadSource === "beside", "decide on a slot whose model is in the core");
    assert(probability >= 0 && probability <= 1, "decide with a probability outside 0..1");
    return this.#exports.decide(this.index, windowIndex, probability);
  }

  probability(): number {
    return this.#float(map.SLOT_PROBABILITY);
  }

  vadState(): number {
    return this.#word(map.SLOT_VAD_STATE);
  }

  levelDbfs(): number {
    return toDbfs(this.#float(map.SLOT_FRAME_POWER));
  }

  peakDbfs(): number {
    return toDbfs(this.#float(map.SLOT_FRAME_PEAK) ** 2);
  }

  noiseFloorDbfs(): number {
    return this.#float(map.SLOT_NOISE_FLOOR_DBFS);
  }

  onsetPositionSamples(): number {
    return this.#word(map.SLOT_ONSET_POSITION);
  }

  endPositionSamples(): number {
    return this.#word(map.SLOT_END_POSITION);
  }

  bargeInOnsetPositionSamples(): number {
    return this.#word(map.SLOT_BARGE_ONSET_POSITION);
  }

  counter(name: CoreCounter): number {
    return this.#word(COUNTER_OFFSETS[name]);
  }

  applyVadSettings(settings: VadSettings): void {
    assert(this.#isOpen, "applyVadSettings on a closed slot");
    writeSettings(this.#words, this.#floats, this.#base, settings);
    if (this.#exports.settingsApply(this.index) !== STATUS_OK) {
      throw new RangeError("Cannot apply VAD settings: a threshold or time is out of range");
    }
  }

  setAgentAudible(isAudible: boolean): void {
    assert(this.#isOpen, "setAgentAudible on a closed slot");
    this.#words[(this.#base + map.SLOT_IS_AGENT_AUDIBLE) >> 2] = isAudible ? 1 : 0;
  }

  resetVadCounters(): void {
    assert(this.#isOpen, "resetVadCounters on a closed slot");
    this.#exports.vadReset(this.index);
  }

  forceEnd(): number {
    assert(this.#isOpen, "forceEnd on a closed slot");
    return this.#exports.forceEnd(this.index);
  }

  playbackWrite(source: Uint8Array, start: number, end: number): number {
    assert(this.#isOpen, "playbackWrite on a closed slot");
    assert(Number.isInteger(start) && Number.isInteger(end), "playbackWrite of part of a byte");
    assert(start >= 0 && start <= end && end <= source.length, "playbackWrite outside the source");
    const capacity = this.#exports.playbackBytes(this.index);
    const sampleBytes = this.#word(map.SLOT_UPSTREAM_SAMPLE_BYTES);
    const free = capacity - this.#word(map.SLOT_PLAYBACK_QUEUED);
    const wanted = end - start - ((end - start) % sampleBytes);
    const taken = Math.min(wanted, free);
    const offset = this.#exports.playbackOffset(this.index);
    const ring = this.#base + map.SLOT_PLAYBACK_RING;
    const first = Math.min(taken, capacity - offset);
    copyBytes.call(source, this.#bytes, ring + offset, start, start + first);
    copyBytes.call(source, this.#bytes, ring, start + first, start + taken);
    this.#exports.playbackWritten(this.index, taken, wanted);
    return taken;
  }

  playbackQueuedSamples(): number {
    return this.#word(map.SLOT_PLAYBACK_QUEUED) / this.#word(map.SLOT_UPSTREAM_SAMPLE_BYTES);
  }

  render(): number {
    assert(this.#isOpen, "render on a closed slot");
    return this.#exports.render(this.index);
  }

  playbackFlush(): number {
    assert(this.#isOpen, "playbackFlush on a closed slot");
    return this.#exports.playbackFlush(this.index);
  }

  setPlaybackGain(gain: number, rampMs: number): void {
    assert(this.#isOpen, "setPlaybackGain on a closed slot");
    assert(gain >= 0 && gain <= 4, "setPlaybackGain outside 0..4");
    assert(rampMs >= 0, "setPlaybackGain with a negative ramp");
    const samples = Math.round((rampMs * this.format.callerRateHz) / 1000);
    this.#exports.playbackGain(this.index, gain, samples);
  }

  close(): void {
    assert(this.#isOpen, "close of a closed slot");
    this.#isOpen = false;
    this.#giveBack(this.index);
  }

  #word(offset: number): number {
    return this.#words[(this.#base + offset) >> 2] ?? 0;
  }

  #float(offset: number): number {
    return this.#floats[(this.#base + offset) >> 2] ?? 0;
  }

  // The reader fell more than the ring behind: counted, then our bug.
  #countOverrun(): never {
    const word = (this.#base + map.COUNTER_CAPTURE_OVERRUNS) >> 2;
    this.#words[word] = (this.#words[word] ?? 0) + 1;
    throw new RangeError("Cannot read a captured frame: it is older than the capture ring");
  }
}

// S2-07: the level of silence is -96 dBFS; full scale is 1.
function toDbfs(power: number): number {
  return power > SILENCE_POWER ? 10 * Math.log10(power) : SILENCE_DBFS;
}
