// Goal: the fast and the big lane keep one contract (S0-19, style 47). Method: one suite on both,
// and where the provider's detection hears everything (big lane only) every frame is SENT.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { phoneFrame } from "../engine/engine-fixture.ts";
import { makeLane } from "../lane/lane-fixture.ts";
import { laneSuite } from "./lane.ts";

describe.each(["fast", "big"] as const)("the %s lane conforms", (name) => {
  laneSuite(() => makeLane(name));
});

describe("the big lane with the provider's turns", () => {
  test.each(["server_vad", "semantic_vad"] as const)("%s: every frame is SENT at once", (turns) => {
    const { lane, upstream } = makeLane("big", turns);
    lane.start();
    for (let frame = 0; frame < 10; frame += 1) {
      expect(lane.sendAudio(phoneFrame(frame), 0, 160, -1)).toBe(SEND.SENT);
      expect(upstream.appended).toHaveLength((frame + 1) * 160);
    }
  });

  test("push to talk gathers: BUFFERED four times, SENT with the fifth", () => {
    const { lane } = makeLane("big", "none");
    lane.start();
    const told = Array.from({ length: 10 }, (_, frame) =>
      lane.sendAudio(phoneFrame(frame), 0, 160, -1),
    );
    const round = [...Array(4).fill(SEND.BUFFERED), SEND.SENT];
    expect(told).toEqual([...round, ...round]);
  });
});
