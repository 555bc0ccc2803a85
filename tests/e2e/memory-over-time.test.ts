// Goal: a service that has held many calls holds nothing of them (I11). Method: calls over real sockets on
// stepped time, as streams and phones, ended politely and suddenly; after a full collection whatever of
// them can still be reached is counted.
import { expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import type { CallEvents } from "../../service/contract/call-events.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { startSteppedService, type SteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const CALLS = 40;
/** The collector looks at the stack too, and takes whatever lies there for a reference. */
const LEFT_MAX = 3;

/** Asks, hears some of the answer, and goes: by turns politely, suddenly, and by phone. */
async function oneCall(service: SteppedService, number: number): Promise<void> {
  const isPhone = number % 3 === 2;
  const line = isPhone ? createTwilioLine(IDS) : createProtobufLine(WIDE);
  const caller = await service.call(isPhone ? "/twilio/media" : "/v1/stream", line);
  caller.say(loadSpeech("yes", caller.format));
  await service.until(() => caller.ear.heardMs() > 300, 30_000);
  if (number % 2 === 0) caller.drop();
  else caller.hangUp();
  await service.until(() => service.running.calls.callsOpen() === 0, 10_000);
  await service.run(2_000);
}

test("I11, S4-C07: after many calls nothing of them is left", async () => {
  // A call's bus is held by its call alone: while it can be reached, so can all of the call.
  const buses: WeakRef<CallEvents>[] = [];
  const onEvents = (_callId: string, bus: CallEvents) => void buses.push(new WeakRef(bus));
  const argv = ["--routes-twilio-greeting", ""];
  await using service = await startSteppedService({ argv, embedding: { onEvents } });
  const left = () => {
    Bun.gc(true);
    return buses.filter((bus) => bus.deref() !== undefined).length;
  };
  const caller = await service.call("/v1/stream", createProtobufLine(WIDE));
  await service.run(500);
  expect(left()).toBe(1);
  caller.drop();
  for (let number = 0; number < CALLS; number += 1) await oneCall(service, number);
  expect(buses).toHaveLength(CALLS + 1);
  expect(left()).toBeLessThanOrEqual(LEFT_MAX);
  expect(service.complaints).toEqual([]);
}, 120_000);
