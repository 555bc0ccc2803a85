// Runs every exported per-frame call some 2,000 times before the first call comes in, so that no
// caller pays for the runtime's compiling: interpreted, a frame costs about 90 us, then 4, then 1.

import type { Core, SlotFormat, VadSettings } from "../contract/core.ts";
import type { LoadedCore } from "./core.ts";
import { VAD_SETTINGS_DEFAULT } from "./vad-defaults.ts";

/** Enough for the runtime's last tier; about 50 ms for two formats, and 30 ms for the model. */
export const WARM_UP_FRAMES = 2_000;

/** Warms up what nearly every call is: a telephone, and 16 kHz towards a 24 kHz upstream. */
export function warmUpCalls(core: LoadedCore, frames: number): void {
  const shared = {
    callerChannels: 1,
    resampler: "standard",
    vadSource: core.hasModel() ? "core" : "energy",
  } as const;
  const phone = { callerEncoding: "mulaw", callerRateHz: 8000 } as const;
  const wideband = { callerEncoding: "pcm16", callerRateHz: 16000 } as const;
  const formats: SlotFormat[] = [
    { ...shared, ...phone, upstreamEncoding: "mulaw", upstreamRateHz: 8000 },
    { ...shared, ...wideband, upstreamEncoding: "pcm16", upstreamRateHz: 24000 },
  ];
  warmUp(core, formats, VAD_SETTINGS_DEFAULT, frames);
}

/**
 * Pushes silence and a square wave through one slot per format, then gives the slots back.
 * Call once after the model's weights are loaded. Formats that find no free slot are left out.
 */
export function warmUp(
  core: Core,
  formats: readonly SlotFormat[],
  settings: VadSettings,
  frames: number = WARM_UP_FRAMES,
): void {
  for (const format of formats) {
    const slot = core.openSlot(format, settings);
    if (slot === null) continue;
    const answer = new Uint8Array(slot.upstreamFrameBytes);
    for (let index = 0; index < answer.length; index += 1) answer[index] = (index & 8) * 9;
    for (let frame = 0; frame < frames; frame += 1) {
      slot.input.fill(frame & 64);
      const events = frame % 100 === 0 ? slot.ingestGap() : slot.ingest();
      const isBeside = format.vadSource === "beside" && (events & 1) !== 0;
      if (isBeside) slot.decide(slot.windowIndex(), (frame & 7) / 8);
      slot.captureFrame(frame);
      slot.playbackWrite(answer, 0, answer.length);
      slot.render();
      if (frame % 200 === 0) slot.setPlaybackGain((frame / 200) % 2, 20);
      if (frame % 300 === 0) slot.playbackFlush();
    }
    slot.forceEnd();
    slot.resetVadCounters();
    slot.close();
  }
}
