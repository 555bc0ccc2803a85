// What we tell a caller on /v1/stream: a CallNotice or a command as one ServerFrame, in bytes or in
// JSON. Audio in bytes is audio-frame-codec.ts; everything here is not per frame, except that the
// JSON subprotocol, made for people, sends its audio through here too.
import { type MessageInitShape, create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ServerFrameSchema } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { CallLatencyFigures } from "../contract/latency.ts";
import type { CallNotice } from "../contract/transport.ts";
import type { StageLatency } from "../contract/upstream.ts";
import type { CallerEncoding } from "../contract/core.ts";
import { FRAME_MS } from "../limits.ts";
import { encodingValue, laneValue, speakerValue, turnDetectionValue } from "./wire-names.ts";

/** The caller's side of `Started`, which the transport negotiated and the call need not repeat. */
export interface NegotiatedFormat {
  readonly encoding: CallerEncoding;
  readonly rateHz: number;
  readonly channels: number;
}

/** The case and value of a ServerFrame, in the words of the schema. */
export type ServerMessage = NonNullable<MessageInitShape<typeof ServerFrameSchema>["message"]>;

const UINT32_MAX = 0xffff_ffff;

/** One message as bytes of `voxbridge.v1.proto`. */
export function encodeServerFrame(message: ServerMessage): Uint8Array {
  return toBinary(ServerFrameSchema, create(ServerFrameSchema, { message }));
}

/** One message as text of `voxbridge.v1.json`. Fields that are 0, false or empty are left out. */
export function encodeServerJson(message: ServerMessage): string {
  return toJsonString(ServerFrameSchema, create(ServerFrameSchema, { message }));
}

/** Drop every buffered frame older than `generation`. */
export function clearMessage(generation: number): ServerMessage {
  return { case: "clear", value: { generation } };
}

/** One frame of the agent's voice; `data` is copied by the encoder. */
export function agentAudioMessage(
  data: Uint8Array,
  item: number,
  sequence: number,
  positionSamples: number,
  generation: number,
): ServerMessage {
  // create() wants bytes over a plain ArrayBuffer; core memory is one.
  const bytes = data as Uint8Array<ArrayBuffer>;
  return { case: "audio", value: { item, sequence, positionSamples, data: bytes, generation } };
}

/** A notice as the schema says it; fractions of a millisecond are cut off. */
export function noticeMessage(notice: CallNotice, format: NegotiatedFormat): ServerMessage {
  switch (notice.kind) {
    case "started":
      return startedMessage(notice, format);
    case "receipt":
      return {
        case: "receipt",
        value: {
          item: notice.item,
          heardSamples: whole(notice.heardSamples),
          heardMs: whole(notice.heardMs),
          estimated: notice.isEstimated,
          complete: notice.isComplete,
        },
      };
    case "transcript":
      return {
        case: "transcript",
        value: {
          speaker: speakerValue(notice.speaker),
          text: notice.text,
          final: notice.isFinal,
          turnId: notice.turnId,
          item: notice.item,
        },
      };
    case "tool_status": {
      const { toolCallId, name, state } = notice;
      return { case: "toolStatus", value: { toolCallId, name, state } };
    }
    case "upstream_restored":
      return { case: "upstreamRestored", value: { lostMs: whole(notice.lostMs) } };
    case "latency":
      return latencyMessage(notice);
    case "going_away":
      return { case: "goingAway", value: { deadlineMs: whole(notice.deadlineMs) } };
    case "error":
      return { case: "error", value: { code: notice.code, message: notice.message } };
    case "ended":
      return {
        case: "ended",
        value: {
          reason: notice.reason,
          durationMs: whole(notice.durationMs),
          inputTokens: whole(notice.inputTokens),
          outputTokens: whole(notice.outputTokens),
        },
      };
    default:
      return turnMessage(notice);
  }
}

type StartedNotice = Extract<CallNotice, { kind: "started" }>;
type TurnNotice = Exclude<
  CallNotice,
  { kind: "started" | "receipt" | "transcript" | "tool_status" | "latency" | CallKind }
>;
type CallKind = "upstream_restored" | "going_away" | "error" | "ended";

function startedMessage(notice: StartedNotice, format: NegotiatedFormat): ServerMessage {
  return {
    case: "started",
    value: {
      callId: notice.callId,
      encoding: encodingValue(format.encoding),
      sampleRateHz: format.rateHz,
      channels: format.channels,
      lane: laneValue(notice.lane),
      turnDetection: turnDetectionValue(notice.turnDetection),
      upstream: notice.upstream,
      model: notice.model,
      voice: notice.voice,
      vadEngine: notice.vadEngine,
      frameMs: FRAME_MS,
    },
  };
}

function turnMessage(notice: TurnNotice): ServerMessage {
  const { turnId } = notice;
  switch (notice.kind) {
    case "speech_started":
      return { case: "speechStarted", value: { turnId, positionMs: whole(notice.positionMs) } };
    case "speech_ended":
      return { case: "speechEnded", value: { turnId, positionMs: whole(notice.positionMs) } };
    case "turn_committed": {
      const startMs = whole(notice.startMs);
      return { case: "turnCommitted", value: { turnId, startMs, endMs: whole(notice.endMs) } };
    }
    case "response_started":
      return { case: "responseStarted", value: { turnId, responseId: notice.responseId } };
    case "response_done": {
      const { responseId, status } = notice;
      return { case: "responseDone", value: { turnId, responseId, status } };
    }
    case "barge_in": {
      const heardMs = whole(notice.heardMs);
      return { case: "bargeIn", value: { item: notice.item, heardMs, turnId } };
    }
    case "turn_latency":
      return {
        case: "turnLatency",
        value: {
          turnId,
          endpointMs: whole(notice.endpointMs),
          commitMs: whole(notice.commitMs),
          modelMs: whole(notice.modelMs),
          perceivedMs: whole(notice.perceivedMs),
          ...(notice.stages !== undefined && { stages: stagesValue(notice.stages) }),
        },
      };
  }
}

function latencyMessage({ stages, networkMs }: CallLatencyFigures): ServerMessage {
  return {
    case: "latency",
    value: {
      stages: stages.map(({ stage, budgetMs, count, meanMs, maxMs, violations }) => ({
        stage,
        budgetMs: whole(budgetMs),
        count,
        meanUs: whole(meanMs * 1000),
        maxUs: whole(maxMs * 1000),
        overBudget: violations,
      })),
      ...(networkMs >= 0 && { networkMs: whole(networkMs) }),
    },
  };
}

/** A stage that there was not is left out. */
function stagesValue(stages: StageLatency) {
  const measured = Object.entries<number>({ ...stages }).filter(([, ms]) => ms >= 0);
  return Object.fromEntries(measured.map(([stage, ms]) => [stage, whole(ms)]));
}

/** A uint32 for the wire: protobuf-es throws on fractions, and a latency may be one. */
function whole(value: number): number {
  return value > 0 ? Math.min(Math.floor(value), UINT32_MAX) : 0;
}
