// Goal: every eighth frame's time and every VAD window are counted, so that /metrics can show them.
// Method: 100 whole frames of 20 ms, whose 2 s hold 62 windows of 32 ms.
import { expect, test } from "bun:test";
import { makeCall, makeProcess, phoneAudio } from "./engine-fixture.ts";

test("capture counts the time of every eighth frame and each window", () => {
  const process = makeProcess();
  const { engine } = makeCall(process);
  engine.capture(phoneAudio(2_000), 0, 16_000, -1);
  expect(process.metrics.value("voxbridge_frame_time_us")).toBe(13);
  expect(process.metrics.value("voxbridge_vad_windows_total")).toBe(62);
  expect(process.metrics.value("voxbridge_vad_windows_skipped_total")).toBe(0);
  engine.shutdown();
});
