// What happened: a lane's sendAudio() answered SENT whenever the upstream was ready, also for
// silence that local detection keeps here, and for audio that came too late and was thrown away.
// Who feeds a lane and counts what was sent counted audio that the model never got.
import { expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { makeLane } from "../lane/lane-fixture.ts";

const SILENCE = Buffer.alloc(160, 0xff);

test.each(["fast", "big"] as const)("silence on the %s lane is not told as sent", (name) => {
  const { lane, upstream } = makeLane(name);
  lane.start();
  expect(lane.sendAudio(SILENCE, 0, 160, 0)).toBe(SEND.BUFFERED);
  lane.sendAudio(SILENCE, 0, 160, 100);
  expect(lane.sendAudio(SILENCE, 0, 160, 40)).toBe(SEND.DROPPED);
  expect(upstream.appended).toHaveLength(0);
});
