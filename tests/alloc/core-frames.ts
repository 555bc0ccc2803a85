// Child of core-alloc.test.ts: pushes frames through a core of 16 slots in 16 formats, every
// per-frame call among them, and prints how much the process grew. Started with BUN_JSC_logGC=1,
// the runtime writes a line per collection.
//
// Usage: bun tests/alloc/core-frames.ts <frames> [planted]
//   planted: makes one subarray per frame, the garbage this test must be able to see.

import type { CoreSlot, SlotFormat } from "../../service/contract/core.ts";
import type { Kernels } from "../../service/core/kernels.ts";
import { coreModelEntry } from "../../bench/vad-kernel.ts";
import { loadSileroWeights } from "../../models/load-model.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const SLOTS = 16;
const WARM_UP_FRAMES = 20_000;

const frames = Number(process.argv[2] ?? 20_000);
const isPlanted = process.argv[3] === "planted";

const core = makeCore(SLOTS);
const weights = await loadSileroWeights(coreModelEntry(), "");
core.loadSileroWeights(16000, weights.rate16k);
core.loadSileroWeights(8000, weights.rate8k);
const slots = Array.from({ length: SLOTS }, (_, index) =>
  openSlot(core, formatOf(index), {
    isBargeInEnabled: index % 2 === 0,
    bargeInOverNoiseFloorDb: 6,
    gateOverNoiseFloorDb: index % 3,
    isLevelNormalised: index % 4 === 0,
  }),
);
const resampler = core.kernels.openResampler(22050, 24000, "standard");
if (resampler === null) throw new Error("no resampler stream");
const concealment = core.datagram.openConcealment(8000);
const jitter = core.datagram.openJitterBuffer();
let runs = 0;
const answer = new Uint8Array(960);
for (let index = 0; index < answer.length; index += 1) answer[index] = (index * 37) & 255;
let kept: Uint8Array = answer;
let sink = 0;

run(WARM_UP_FRAMES);
const rssBefore = process.memoryUsage.rss();
run(frames);
const rssGrowth = process.memoryUsage.rss() - rssBefore;
console.log(JSON.stringify({ frames, rssGrowth, sink: sink | 0, keptBytes: kept.length }));

function run(count: number): void {
  for (let frame = 0; frame < count; frame += 1) {
    const slot = slots[frame % SLOTS];
    if (slot === undefined) throw new Error("no slot");
    pushFrame(slot, frame);
    if (frame % SLOTS === 0) runKernels(core.kernels);
    if (isPlanted) kept = slot.input.subarray(frame % 7);
  }
}

function pushFrame(slot: CoreSlot, frame: number): void {
  slot.input.fill(frame & 255);
  const events = frame % 50 === 0 ? slot.ingestGap() : slot.ingest();
  if (slot.format.vadSource === "beside" && (events & 1) !== 0) {
    sink += slot.decide(slot.windowIndex(), (frame % 10) / 10);
  }
  sink += slot.captureFrame(slot.framesIngested() - 1)[0] ?? 0;
  sink += slot.vadState() + slot.onsetPositionSamples() + slot.endPositionSamples();
  sink += slot.levelDbfs() + slot.peakDbfs() + slot.noiseFloorDbfs() + slot.probability();
  sink += slot.playbackWrite(answer, 0, slot.upstreamFrameBytes);
  sink += slot.render() + slot.playbackQueuedSamples();
  if (frame % 97 === 0) {
    slot.setAgentAudible(frame % 2 === 0);
    slot.setPlaybackGain(frame % 3 === 0 ? 1 : 0.3, 40);
    sink += slot.playbackFlush() + slot.forceEnd() + slot.counter("windows");
  }
}

function runKernels(kernels: Kernels): void {
  sink += kernels.decode("mulaw", 160) + kernels.decode("f32", 160);
  kernels.encode("alaw", 160);
  kernels.mix(160, { target: 50, source: 50 });
  kernels.crossfade(160);
  sink += resampler?.process(441) ?? 0;
  if (runs % 7 === 0) concealment?.lost();
  else concealment?.good();
  if (runs % 5 !== 0) jitter?.push(runs, runs * 20 + (runs % 3), 160);
  sink += jitter?.tick(runs * 20) === "lost" ? 1 : 0;
  runs += 1;
}

// Twelve phone calls, and four of the wider formats: f32, stereo, both kinds of resampler.
function formatOf(index: number): Partial<SlotFormat> {
  // Two slots run Silero (phone and wideband): it is fifty times dearer than the rest of a frame.
  const isModel = index === 1 || index === 13;
  const vadSource = isModel ? "core" : index % 5 === 0 ? "beside" : "energy";
  if (index < 12) {
    const callerEncoding = (["mulaw", "alaw", "pcm16"] as const)[index % 3] ?? "mulaw";
    return { callerEncoding, callerRateHz: 8000, upstreamEncoding: callerEncoding, vadSource };
  }
  return {
    callerEncoding: index % 2 === 0 ? "f32" : "pcm16",
    callerRateHz: ([16000, 22050, 24000, 48000] as const)[index - 12] ?? 8000,
    callerChannels: index === 14 ? 2 : 1,
    upstreamEncoding: "pcm16",
    upstreamRateHz: index === 15 ? 16000 : 24000,
    resampler: index === 12 ? "standard" : "fast",
    vadSource,
  };
}
