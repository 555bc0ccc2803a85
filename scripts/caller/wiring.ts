// Lanes and turn detections by the names people type and files carry, beside the schema's numbers.
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";

export const LANES = { fast: Lane.FAST, big: Lane.BIG } as const;

export const TURN_DETECTIONS = {
  local: TurnDetection.LOCAL,
  server_vad: TurnDetection.SERVER_VAD,
  semantic_vad: TurnDetection.SEMANTIC_VAD,
  hybrid: TurnDetection.HYBRID,
  none: TurnDetection.NONE,
} as const;

export type LaneName = keyof typeof LANES;
export type TurnDetectionName = keyof typeof TURN_DETECTIONS;

const NAMES: readonly TurnDetectionName[] = [
  "local",
  "server_vad",
  "semantic_vad",
  "hybrid",
  "none",
];

/** Undefined when the service did not say. */
export function turnDetectionName(value: TurnDetection): TurnDetectionName | undefined {
  return NAMES.find((name) => TURN_DETECTIONS[name] === value);
}

export function laneName(value: Lane): LaneName | undefined {
  if (value === Lane.FAST) return "fast";
  return value === Lane.BIG ? "big" : undefined;
}
