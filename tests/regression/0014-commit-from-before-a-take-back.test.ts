// Hybrid and speculative turns together: an early commit was taken back and its audio appended again.
// What the provider's own detection had committed just before, was told of a moment later, and its
// place was reckoned on the clock from after the take-back: it was kept as a part of the speech, and
// the same words stood in the conversation twice. Found by the simulator (seed 5274 with thinkers).
import { expect, test } from "bun:test";
import { makeForwarder } from "../upstream/forwarder-fixture.ts";

test("S1-70: what lies behind a commit that was taken back is no part of the speech", () => {
  const { forwarder, capture } = makeForwarder();
  forwarder.begin(0);
  capture(50);
  expect(forwarder.commitEarly(30, 40)).toBe(50);
  expect(forwarder.onCommitted("ours")).toBe("early");
  capture(10);
  forwarder.takeBackEarly(30);
  expect(forwarder.onProviderStopped("theirs", 1_200)).toBe(-1);
  expect(forwarder.onCommitted("theirs")).toBe("behind");
  // 60 frames, 30 of them again, and what comes now.
  capture(5);
  expect(forwarder.onProviderStopped("theirs too", 95 * 20)).toBe(65);
});

test("S1-70: a provider's commit that overtook one that was taken back goes with it", () => {
  const { forwarder, capture } = makeForwarder();
  forwarder.begin(0);
  capture(50);
  forwarder.commitEarly(0, 40);
  capture(10);
  forwarder.takeBackEarly(0);
  forwarder.onProviderStopped("theirs", 900);
  expect(forwarder.onCommitted("theirs")).toBe("taken_back");
  expect(forwarder.onCommitted("ours")).toBe("behind");
});

test("S1-70: another session's clock begins anew", () => {
  const { forwarder, capture } = makeForwarder();
  forwarder.begin(0);
  capture(50);
  forwarder.commitEarly(0, 40);
  forwarder.takeBackEarly(0);
  forwarder.onRestored(false);
  capture(10);
  expect(forwarder.onProviderStopped("theirs", 600)).toBe(30);
});
