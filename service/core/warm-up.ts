// Runs every exported per-frame call some 2,000 times before the first call comes in, so that no
// caller pays for the runtime's compiling: interpreted, a frame costs about 90 us, then 4, then 1.

import type { Core, SlotFormat, VadSettings } from "../contract/core.ts";

const WARM_UP_FRAMES = 2_000;

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
