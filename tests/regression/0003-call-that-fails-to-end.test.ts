// The story: a call ends once. When something of ours threw while it ended, the rest of the ending
// was left out: its core slot stayed taken, it counted against callsMax for ever, and a draining
// service waited for it without end.
import { expect, test } from "bun:test";
import type { CallRequest, Transport } from "../../service/contract/transport.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { startSteppedService } from "../support/stepped-service.ts";

const REQUEST: CallRequest = {
  transport: "protobuf",
  encoding: "pcm16",
  rateHz: 16_000,
  channels: 1,
  lane: undefined,
  turnDetection: undefined,
  voice: undefined,
  instructions: undefined,
  greeting: undefined,
  isGreetingProtected: undefined,
  vadEngine: undefined,
  metadata: new Map(),
  callerToken: undefined,
  keyId: "",
};

/** Sends nothing, and throws when it is closed. */
const BROKEN: Transport = {
  kind: "protobuf",
  sendAudio: () => SEND.SENT,
  sendItemEnd: () => undefined,
  sendClear: () => SEND.SENT,
  sendNotice: () => undefined,
  close() {
    throw new Error("planted");
  },
};

test("a call whose ending throws frees its slot, its place and the draining service", async () => {
  await using service = await startSteppedService({ argv: ["--calls-max", "1"] });
  const { calls } = service.running;
  // More often than there are slots: one that stayed taken would refuse the next.
  for (let round = 0; round < 3; round += 1) {
    const port = calls.open(REQUEST, BROKEN, undefined);
    if ("refusal" in port) throw new Error(port.message);
    port.onEnd("done");
    expect(calls.callsOpen()).toBe(0);
  }
  expect(service.complaints.length).toBe(3);
  await calls.drain(1_000);
});
