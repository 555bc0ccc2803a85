// The simulator's own turn detection: speech is a level above a threshold, nothing more. It works
// on positions in the session's audio, never on time of arrival, as the real server does.
//
//   SILENCE --3 loud frames--> SPEECH --silenceMs of quiet frames--> SILENCE
import type { SimulatedTurnDetection } from "../wire/realtime-command-schema.ts";

export const VAD_FRAME_MS = 20;
const ONSET_FRAMES = 3;

/**
 * The server's maximum waits are 8, 4 and 2 s; not knowing when a sentence ends, this waits a
 * quarter.
 */
const SEMANTIC_SILENCE_MS = { low: 2_000, medium: 1_000, auto: 1_000, high: 500 } as const;

export type VadChange = "none" | "started" | "stopped";

export interface EnergyVad {
  readonly isSpeech: boolean;
  /** One frame of VAD_FRAME_MS. "started" means: ONSET_FRAMES ago. */
  onFrame(samples: Int16Array): VadChange;
  reset(): void;
}

/** How far back speech began when onFrame says "started". */
export const ONSET_MS = ONSET_FRAMES * VAD_FRAME_MS;

export function createEnergyVad(detection: SimulatedTurnDetection): EnergyVad {
  const thresholdDbfs = thresholdOf(detection);
  const silenceFramesMax = Math.max(1, Math.ceil(silenceMsOf(detection) / VAD_FRAME_MS));
  let isSpeech = false;
  let loudFrames = 0;
  let quietFrames = 0;
  const reset = () => {
    isSpeech = false;
    loudFrames = 0;
    quietFrames = 0;
  };
  return {
    get isSpeech() {
      return isSpeech;
    },
    reset,
    onFrame(samples) {
      const isLoud = levelDbfs(samples) >= thresholdDbfs;
      if (!isSpeech) {
        loudFrames = isLoud ? loudFrames + 1 : 0;
        if (loudFrames < ONSET_FRAMES) return "none";
        isSpeech = true;
        quietFrames = 0;
        return "started";
      }
      quietFrames = isLoud ? 0 : quietFrames + 1;
      if (quietFrames < silenceFramesMax) return "none";
      reset();
      return "stopped";
    },
  };
}

/** The threshold 0..1 of the protocol as a level: 0.5 is -40 dBFS. */
function thresholdOf(detection: SimulatedTurnDetection): number {
  const threshold = detection.type === "server_vad" ? detection.threshold : 0.5;
  return -60 + 40 * threshold;
}

function silenceMsOf(detection: SimulatedTurnDetection): number {
  if (detection.type === "server_vad") return detection.silence_duration_ms;
  return SEMANTIC_SILENCE_MS[detection.eagerness];
}

/** Audio kept before the onset; semantic_vad has no setting for it. */
export function prefixMsOf(detection: SimulatedTurnDetection): number {
  return detection.type === "server_vad" ? detection.prefix_padding_ms : 300;
}

function levelDbfs(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return 10 * Math.log10(sum / samples.length / (32_768 * 32_768) + 1e-12);
}
