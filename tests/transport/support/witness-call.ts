// A second call beside the one that misbehaves: it must neither notice nor suffer.
import type { RecordedCall } from "./recording-opener.ts";
import { dialStarted, type StreamCaller, until } from "./stream-caller.ts";
import type { TestListener } from "./test-listener.ts";

export interface WitnessCall {
  /** Sends audio both ways and throws unless all of it arrives and nothing else was heard. */
  goesOn(): Promise<void>;
}

/** Opens the witness, before the bad caller comes. */
export async function openWitness(service: TestListener): Promise<WitnessCall> {
  const callCount = service.opener.calls.length;
  const headers = service.headers;
  const caller = await dialStarted(service.port, {}, { headers });
  const call = service.opener.calls[callCount];
  if (call === undefined) throw new Error("the witness has no call");
  let round = 0;
  const goesOn = async (): Promise<void> => {
    round += 1;
    await exchange(caller, call, round);
  };
  await goesOn();
  return { goesOn };
}

const WITNESS_ITEM = 7;

async function exchange(caller: StreamCaller, call: RecordedCall, round: number): Promise<void> {
  const chunk = new Uint8Array(640).fill(round);
  caller.send({
    case: "audio",
    value: { sequence: round - 1, captureMs: round * 20, data: chunk },
  });
  await until(() => call.audio.length >= round || call.isClosed);
  call.transport.sendAudio(chunk, WITNESS_ITEM, (round - 1) * 320, 0);
  await caller.until(
    () => caller.messagesOf("audio").length >= round || caller.socket.readyState !== WebSocket.OPEN,
  );
  const heard = caller.messagesOf("audio");
  const isWhole =
    call.audio.length === round &&
    heard.length === round &&
    heard.every(({ data, sequence }, index) => data[0] === index + 1 && sequence === index) &&
    call.audio.every((data, index) => data.length === 640 && data[0] === index + 1);
  if (!isWhole || call.isClosed) throw new Error("the other call was disturbed");
  if (caller.messagesOf("error").length > 0) throw new Error("the other call heard an error");
}
