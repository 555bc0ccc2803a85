// Hybrid turns, run for the first time over real sockets, and read again for it, had three faults:
//   - after a switch from hybrid to local turns the provider's detection commits once more, as it
//     learns of the switch a moment later: that commit was taken for the acknowledgement of ours;
//   - where that commit ends was not asked for any more, so that it was put in the wrong place;
//   - items of the caller were never deleted upstream, and a session could wait for ever for its
//     rotation (tests/upstream/steady-turns.test.ts).
import { describe, expect, test } from "bun:test";
import { TestCall } from "../conversation/conversation-fixture.ts";
import { makeForwarder } from "../upstream/forwarder-fixture.ts";

describe("the provider's detection behind a switch to local turns", () => {
  test("S4-C06: its commit is its own, and ours is acknowledged by the next", () => {
    const { forwarder, capture } = makeForwarder();
    forwarder.begin(0);
    capture(50);
    forwarder.setTurnDetection("local");
    expect(forwarder.onProviderStopped("theirs", 600)).toBe(30);
    expect(forwarder.onCommitted("theirs")).toBe("provider");
    capture(10);
    forwarder.end();
    forwarder.commit(50);
    expect(forwarder.onCommitted("ours")).toBe("turn");
  });

  test("S4-C06: turns that are the provider's own are no signals", () => {
    const { forwarder, capture } = makeForwarder();
    forwarder.setTurnDetection("server_vad");
    forwarder.begin(0);
    capture(50);
    forwarder.onProviderStopped("theirs", 1_000);
    forwarder.setTurnDetection("local");
    expect(forwarder.onCommitted("theirs")).toBe("turn");
  });

  test("S4-C06: a part that was committed before the switch is known by where it ends", () => {
    const call = new TestCall({ turnDetection: "hybrid" });
    call.conversation.onUpstreamReady();
    call.frames(20);
    call.speak(30);
    call.conversation.setTurnDetection("local");
    call.conversation.onProviderSpeechStopped(800, 40);
    call.conversation.onCommitted("theirs", "provider");
    expect(call.effects.log.filter((line) => line.startsWith("delete"))).toEqual([]);
  });
});
