// The words of the schema's enums and ours, side by side. An enum value we do not know, and the
// unspecified one, become undefined: the state machine that asked decides what that means.
import type { CallerEncoding } from "../contract/core.ts";
import type { LaneName, TurnDetection as TurnDetectionName } from "../contract/call-terms.ts";
import { Encoding, Lane, Speaker, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";

const ENCODINGS: readonly (readonly [Encoding, CallerEncoding])[] = [
  [Encoding.PCM16, "pcm16"],
  [Encoding.F32, "f32"],
  [Encoding.MULAW, "mulaw"],
  [Encoding.ALAW, "alaw"],
];

const LANES: readonly (readonly [Lane, LaneName])[] = [
  [Lane.FAST, "fast"],
  [Lane.BIG, "big"],
];

const TURN_DETECTIONS: readonly (readonly [TurnDetection, TurnDetectionName])[] = [
  [TurnDetection.LOCAL, "local"],
  [TurnDetection.SERVER_VAD, "server_vad"],
  [TurnDetection.SEMANTIC_VAD, "semantic_vad"],
  [TurnDetection.NONE, "none"],
  [TurnDetection.HYBRID, "hybrid"],
];

export function encodingName(value: Encoding): CallerEncoding | undefined {
  return ENCODINGS.find(([wire]) => wire === value)?.[1];
}

export function encodingValue(name: CallerEncoding): Encoding {
  return ENCODINGS.find(([, ours]) => ours === name)?.[0] ?? Encoding.UNSPECIFIED;
}

export function laneName(value: Lane): LaneName | undefined {
  return LANES.find(([wire]) => wire === value)?.[1];
}

export function laneValue(name: LaneName): Lane {
  return LANES.find(([, ours]) => ours === name)?.[0] ?? Lane.UNSPECIFIED;
}

export function turnDetectionName(value: TurnDetection): TurnDetectionName | undefined {
  return TURN_DETECTIONS.find(([wire]) => wire === value)?.[1];
}

export function turnDetectionValue(name: TurnDetectionName): TurnDetection {
  return TURN_DETECTIONS.find(([, ours]) => ours === name)?.[0] ?? TurnDetection.UNSPECIFIED;
}

export function speakerValue(name: "caller" | "agent"): Speaker {
  return name === "caller" ? Speaker.CALLER : Speaker.AGENT;
}
