// A span forwarder over the simulator's tape and an upstream that takes everything; audio is counted
// in frames, and what is appended is kept by number.
import type { TurnDetection } from "../../service/contract/call-terms.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { SpanForwarder } from "../../service/upstream/span-forwarder.ts";
import { firstFrameIn, framesIn, TapeModel } from "../sim/tape-model.ts";

export function makeForwarder(turnDetection: TurnDetection = "hybrid") {
  const sent = () => SEND.SENT;
  const appended: number[] = [];
  const append = (source: Uint8Array, start: number, end: number) => {
    const first = firstFrameIn(source, start);
    for (let index = 0; index < framesIn(start, end); index += 1) appended.push(first + index);
    return SEND.SENT;
  };
  const sink = { isReady: () => true, append, commit: sent, clearInput: sent };
  const tape = new TapeModel();
  const forwarder = new SpanForwarder(tape, sink, turnDetection);
  const capture = (frames: number) => {
    for (let frame = 0; frame < frames; frame += 1) {
      tape.onFrame();
      forwarder.onFrame();
    }
  };
  return { forwarder, capture, appended };
}
