// speech_started and speech_ended of the provider's turns were told by its own clock, which counts what
// it was sent in this session: after a reconnect, a rotation or local turns they lay too early.
import { expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import { TapeModel } from "../sim/tape-model.ts";

test("S4-C06, I1: what the provider heard lies where it was said in the call", () => {
  const sent = () => SEND.SENT;
  const sink = { isReady: () => true, append: sent, commit: sent, clearInput: sent };
  const tape = new TapeModel();
  const forwarder = new SpanForwarder(tape, sink, "local");
  const capture = (frames: number) => {
    for (let frame = 0; frame < frames; frame += 1) {
      tape.onFrame();
      forwarder.onFrame();
    }
  };
  capture(500);
  forwarder.setTurnDetection("server_vad");
  forwarder.begin(485);
  capture(100);
  expect(forwarder.positionOf(1_000)).toBe(10_700);
  forwarder.trim(560);
  forwarder.onRestored(false);
  capture(10);
  expect(forwarder.positionOf(105)).toBe(11_305);
});
