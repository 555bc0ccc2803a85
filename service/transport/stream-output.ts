// The down half of a /v1/stream socket: audio, clear and notices in the subprotocol's form.
// On the frame's way: the last station. Binary audio and Clear are written by hand into one buffer per
// connection; all else, and the JSON subprotocol's audio, goes through protobuf-es.
import { SEND, type SendResult } from "../contract/send-result.ts";
import type { CallNotice, CallRequest } from "../contract/transport.ts";
import { FRAMES_PER_SECOND } from "../limits.ts";
import {
  type AgentAudioWriter,
  createAgentAudioWriter,
  createClearWriter,
} from "../wire/audio-frame-codec.ts";
import {
  agentAudioMessage,
  clearMessage,
  encodeServerFrame,
  encodeServerJson,
  noticeMessage,
  type ServerMessage,
} from "../wire/server-frame.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { sampleBytes } from "./start-check.ts";

export interface StreamOutput {
  /** The start was accepted: frames will be of this format. */
  useFormat(request: CallRequest): void;
  sendAudio(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    generation: number,
  ): SendResult;
  sendClear(generation: number): SendResult;
  sendNotice(notice: CallNotice): void;
}

export function createStreamOutput(
  kind: "protobuf" | "json",
  connection: CallerConnection,
): StreamOutput {
  let format: Pick<CallRequest, "encoding" | "rateHz" | "channels"> | null = null;
  let writer: AgentAudioWriter | null = null;
  const clearWriter = createClearWriter();
  let sequence = 0;

  const send = (message: ServerMessage): SendResult =>
    kind === "json"
      ? connection.sendText(encodeServerJson(message))
      : connection.sendBinary(encodeServerFrame(message));

  return {
    useFormat(request) {
      const { encoding, rateHz, channels } = request;
      format = request;
      if (kind === "json") return;
      const frameSamples = rateHz / FRAMES_PER_SECOND;
      writer = createAgentAudioWriter(frameSamples * channels * sampleBytes(encoding));
    },
    sendAudio(frame, item, positionSamples, generation) {
      if (connection.isOver()) return SEND.DROPPED;
      const own = sequence;
      // Counted even when the socket drops it: the caller sees what it missed as a jump.
      sequence += 1;
      if (writer === null) {
        return send(agentAudioMessage(frame, item, own, positionSamples, generation));
      }
      return connection.sendBinary(writer.write(frame, item, own, positionSamples, generation));
    },
    sendClear(generation) {
      if (kind === "json") return send(clearMessage(generation));
      return connection.sendBinary(clearWriter.write(generation));
    },
    sendNotice(notice) {
      if (connection.isOver()) return;
      send(noticeMessage(notice, format ?? NO_FORMAT));
    },
  };
}

/** Before a start there is nothing negotiated, and no notice that would tell it. */
const NO_FORMAT = { encoding: "pcm16", rateHz: 0, channels: 0 } as const;
