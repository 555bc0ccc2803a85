// Question: does the process grow while many calls are heard for long?
//
//   bun run soak [--minutes 10] [--slots 256]
//
// Ten minutes of audio on 256 slots as fast as the machine allows: half of them phone calls, half
// 16 kHz, each hearing our own speech from another place, with normaliser and gate as calls have
// them, and closed and opened again every minute. Resident memory is read after each minute; it
// counts from the second on (by then each slot has had both formats, and their views are kept);
// more than 5 MB of growth fails.

import { parseArgs } from "node:util";
import { fileURLToPath } from "node:url";
import type { Core, CoreSlot, SlotFormat } from "../service/contract/core.ts";
import { VAD_PRESETS } from "../service/vad/presets.ts";
import { HARNESS_SETTINGS, loadHarnessCore } from "./vad-engines.ts";
import { readSpeechFolder } from "./vad-speech.ts";
import { machineLines } from "./vad-timing.ts";
import { toHalfRate, toMulaw } from "./vad-variants.ts";

const OWN_SPEECH = fileURLToPath(new URL("../tests/speech", import.meta.url));
const FRAMES_PER_MINUTE = 3000;
const GROWTH_BYTES_MAX = 5 * 1024 * 1024;

export interface SoakOptions {
  readonly minutes: number;
  readonly slots: number;
  /** Frames that count as a minute; fewer in the test. */
  readonly framesPerMinute: number;
}

export interface SoakResult {
  /** After each minute. */
  readonly rssBytes: readonly number[];
  readonly frames: number;
  readonly windows: number;
  readonly windowsSkipped: number;
  readonly seconds: number;
}

/** Runs the soak. No allocation per frame but what the core's host makes. */
export async function soak(options: SoakOptions): Promise<SoakResult> {
  const core = await loadHarnessCore();
  const audio = await callerAudio();
  const rssBytes: number[] = [];
  const totals = { windows: 0, windowsSkipped: 0 };
  const startedNs = process.hrtime.bigint();
  for (let minute = 0; minute < options.minutes; minute++) {
    const slots = openSlots(core, options.slots);
    const first = minute * options.framesPerMinute;
    for (let frame = first; frame < first + options.framesPerMinute; frame++) {
      hearAll(slots, audio, frame);
    }
    for (const slot of slots) {
      totals.windows += slot.counter("windows");
      totals.windowsSkipped += slot.counter("windowsSkipped");
      slot.close();
    }
    rssBytes.push(process.memoryUsage.rss());
  }
  const seconds = Number(process.hrtime.bigint() - startedNs) / 1e9;
  const frames = options.minutes * options.framesPerMinute * options.slots;
  return { rssBytes, frames, ...totals, seconds };
}

interface CallerAudio {
  readonly phone: Uint8Array;
  readonly wideband: Uint8Array;
}

async function callerAudio(): Promise<CallerAudio> {
  const recordings = await readSpeechFolder(OWN_SPEECH);
  const samples = new Float32Array(recordings.reduce((sum, one) => sum + one.samples.length, 0));
  let length = 0;
  for (const recording of recordings) {
    samples.set(recording.samples, length);
    length += recording.samples.length;
  }
  return {
    phone: toMulaw(toHalfRate(samples)),
    wideband: new Uint8Array(Int16Array.from(samples, (value) => value * 32768).buffer),
  };
}

function openSlots(core: Core, count: number): CoreSlot[] {
  return Array.from({ length: count }, (_, index) => {
    const isPhone = index % 2 === 0;
    const preset = VAD_PRESETS[isPhone ? "phone" : "wideband"];
    const slot = core.openSlot(isPhone ? PHONE : WIDEBAND, { ...HARNESS_SETTINGS, ...preset });
    if (slot === null) throw new Error("Cannot soak: no slot is free");
    return slot;
  });
}

const WIDEBAND: SlotFormat = {
  callerEncoding: "pcm16",
  callerRateHz: 16000,
  callerChannels: 1,
  upstreamEncoding: "pcm16",
  upstreamRateHz: 24000,
  resampler: "standard",
  vadSource: "core",
};
const PHONE: SlotFormat = {
  ...WIDEBAND,
  callerEncoding: "mulaw",
  callerRateHz: 8000,
  upstreamEncoding: "mulaw",
  upstreamRateHz: 8000,
};

// Indexed on purpose: entries() makes an array per slot and frame, and JavaScriptCore, which counts
// the core's memory as its own, lets 400 MB of them pile up before it collects.
function hearAll(slots: readonly CoreSlot[], audio: CallerAudio, frame: number): void {
  for (let index = 0; index < slots.length; index++) {
    const slot = slots[index];
    if (slot !== undefined) hear(slot, audio, frame + 17 * index);
  }
}

function hear(slot: CoreSlot, audio: CallerAudio, frame: number): void {
  const bytes = slot.format.callerRateHz === 8000 ? audio.phone : audio.wideband;
  const size = slot.callerFrameBytes;
  const start = (frame % Math.floor(bytes.length / size)) * size;
  for (let index = 0; index < size; index++) slot.input[index] = bytes[start + index] ?? 0;
  slot.ingest();
}

if (import.meta.main) {
  const { values } = parseArgs({
    options: {
      minutes: { type: "string", default: "10" },
      slots: { type: "string", default: "256" },
    },
  });
  const slots = Number(values.slots);
  const options = { minutes: Number(values.minutes), slots, framesPerMinute: FRAMES_PER_MINUTE };
  console.log(machineLines().join("\n"));
  const result = await soak(options);
  const megabytes = result.rssBytes.map((bytes) => (bytes / 1024 / 1024).toFixed(1));
  const growth = (result.rssBytes.at(-1) ?? 0) - (result.rssBytes[1] ?? 0);
  console.log(
    `${options.minutes} minutes on ${slots} slots: ${result.frames} frames, ` +
      `${result.windows} windows, ${result.windowsSkipped} skipped by the gate, ` +
      `${result.seconds.toFixed(0)} s of work`,
  );
  console.log(`resident MB after each minute: ${megabytes.join(" ")}`);
  console.log(`growth after the second: ${(growth / 1024 / 1024).toFixed(2)} MB`);
  if (growth > GROWTH_BYTES_MAX) {
    console.error("Soak failed: the process grew by more than 5 MB");
    process.exit(1);
  }
}
