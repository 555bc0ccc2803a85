// Child of engine-alloc.test.ts: 16 calls talk and listen at once through engine/, every per-frame
// act among them, and it prints how much the process grew. Started with BUN_JSC_logGC=1, the
// runtime writes a line per collection.
//
// Usage: bun tests/alloc/engine-frames.ts <frames> [planted]
//   planted: makes one subarray per frame, the garbage this test must be able to see.
import type { AudioEngine, EngineListener } from "../../service/contract/audio-engine.ts";
import type { Clock } from "../../service/contract/clock.ts";
import type { SlotFormat } from "../../service/contract/core.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { createAudioEngine } from "../../service/engine/audio-engine.ts";
import { createAudioShared } from "../../service/engine/audio-shared.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "../core/core-fixture.ts";

const CALLS = 16;
const WARM_UP_FRAMES = 20_000;
const frames = Number(process.argv[2] ?? 20_000);
const isPlanted = process.argv[3] === "planted";

interface Sizes {
  readonly callerFrameBytes: number;
  readonly upstreamFrameBytes: number;
}

const SIZE_PHONE: Sizes = { callerFrameBytes: 160, upstreamFrameBytes: 160 };
const SIZES: readonly Sizes[] = [SIZE_PHONE, { callerFrameBytes: 640, upstreamFrameBytes: 960 }];
const FORMATS: readonly Partial<SlotFormat>[] = [
  {},
  {
    callerEncoding: "pcm16",
    callerRateHz: 16_000,
    upstreamEncoding: "pcm16",
    upstreamRateHz: 24_000,
  },
];

let nowMs = 0;
let timerDueMs = 0;
let timerCallback: (() => void) | null = null;
/** One timer is all the pacer sets. */
const clock: Clock = {
  nowMs: () => nowMs,
  wallMs: () => nowMs,
  setTimer(delayMs, callback) {
    timerDueMs = nowMs + delayMs;
    timerCallback = callback;
    return 1;
  },
  clearTimer() {
    timerCallback = null;
  },
};

let sink = 0;
const listener: EngineListener = {
  onCaptureFrame(bits, frameIndex) {
    sink += bits + frameIndex;
  },
  onPlaybackFrame(frame, item, positionSamples, samples) {
    sink += (frame[0] ?? 0) + item + positionSamples + samples;
    return SEND.SENT;
  },
  onPlaybackItemSent(item, samples) {
    sink += item + samples;
  },
  onPlaybackUnderrun(item) {
    sink += item;
  },
};

const shared = createAudioShared({ core: makeCore(CALLS), clock });
const engines = Array.from({ length: CALLS }, (_, index) => openCall(index));
const audio = Buffer.alloc(4000, 0x55);
for (let index = 0; index < audio.length; index += 1) audio[index] = (index * 37) & 255;
const payload = audio.toString("base64", 0, 160);
let kept: Uint8Array = audio;

function readTape(source: Uint8Array, start: number, end: number) {
  sink += (source[start] ?? 0) + end;
  return SEND.SENT;
}

run(WARM_UP_FRAMES);
const rssBefore = process.memoryUsage.rss();
run(frames);
const rssGrowth = process.memoryUsage.rss() - rssBefore;
console.log(JSON.stringify({ frames, rssGrowth, sink: sink | 0, keptBytes: kept.length }));

function run(count: number): void {
  for (let frame = 0; frame < count; frame += CALLS) {
    for (let index = 0; index < CALLS; index += 1) talk(engines[index], index, frame);
    const endMs = nowMs + 20;
    while (timerCallback !== null && timerDueMs <= endMs) {
      const fire = timerCallback;
      timerCallback = null;
      nowMs = Math.max(nowMs, timerDueMs);
      fire();
    }
    nowMs = endMs;
  }
}

function talk(engine: AudioEngine | undefined, index: number, frame: number): void {
  if (engine === undefined) return;
  const { callerFrameBytes, upstreamFrameBytes } = SIZES[index % SIZES.length] ?? SIZE_PHONE;
  if (index % SIZES.length === 0) engine.captureBase64(payload, -1);
  else engine.capture(audio, 3, 3 + callerFrameBytes, -1);
  engine.queuePlayback(1, audio, 1, 1 + upstreamFrameBytes);
  const framesCaptured = engine.framesCaptured();
  sink += engine.tapeRead(framesCaptured - 1, framesCaptured, readTape);
  if (frame % 64 === 0) engine.tapeDrop(framesCaptured - 20);
  sink += engine.vadState() + engine.playbackQueuedMs() + Number(engine.isPlaying());
  if (isPlanted) kept = audio.subarray(frame % 7);
}

function openCall(index: number): AudioEngine {
  const format = { ...PHONE_FORMAT, ...FORMATS[index % FORMATS.length] };
  const engine = createAudioEngine(shared, { format, vad: SETTINGS, mode: "latency" }, listener);
  engine.initialize();
  engine.startCapture();
  engine.tapeBegin(0);
  return engine;
}
