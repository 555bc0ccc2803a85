// Goal: the service's bounds and the core's are the same numbers, though two compilers read them.
import { describe, expect, test } from "bun:test";
import * as core from "../dsp/limits.ts";
import { SLOT_BYTES } from "../dsp/memory-map.ts";
import * as limits from "../service/limits.ts";

describe("limits", () => {
  test("service/limits.ts and dsp/limits.ts agree", () => {
    expect(limits.SLOTS).toBe(core.SLOTS);
    expect(limits.FRAME_MS).toBe(core.FRAME_MS);
    expect(limits.VAD_WINDOW_MS).toBe(core.WINDOW_MS);
    expect(limits.VAD_WINDOWS_BEHIND_MAX).toBe(core.WINDOWS_BEHIND_MAX);
    expect(limits.CAPTURE_RING_MS).toBe(core.CAPTURE_RING_FRAMES * core.FRAME_MS);
    expect(limits.PLAYBACK_RING_MS).toBe(core.PLAYBACK_RING_FRAMES * core.FRAME_MS);
    expect(limits.CALLER_FRAME_BYTES_MAX).toBe(core.FRAME_BYTES_MAX);
  });

  test("a slot of the core is no bigger than the service tells operators", () => {
    expect(SLOT_BYTES).toBeLessThanOrEqual(limits.SLOT_BYTES_MAX);
  });
});
