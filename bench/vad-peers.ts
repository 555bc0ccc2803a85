// Turn rules other projects ship, so that ours is compared with what people use today.
// Source: their code as of autumn 2026, read for thresholds and times only; all run here on the
// same Silero v6.2 scores, so what differs is the rule.
// Limit: approximations where a machine counts wall time or chunks of another length.

import { PLAIN_RULE, type TurnRule } from "./vad-turns.ts";

export interface PeerRule {
  readonly name: string;
  readonly rule: TurnRule;
}

export const PEER_RULES: readonly PeerRule[] = [
  {
    name: "Silero VADIterator",
    rule: { ...PLAIN_RULE, minSpeechMs: 32, minSilenceMs: 100, resumeThreshold: 0.5 },
  },
  {
    name: "pipecat (0.7, 0.2 s, 0.2 s)",
    rule: {
      ...PLAIN_RULE,
      startThreshold: 0.7,
      stopThreshold: 0.7,
      minSpeechMs: 200,
      minSilenceMs: 200,
    },
  },
  {
    name: "livekit silero plugin",
    rule: { ...PLAIN_RULE, minSpeechMs: 50, minSilenceMs: 550, smoothing: 0.35 },
  },
  { name: "livekit inference VAD", rule: { ...PLAIN_RULE, minSpeechMs: 50, minSilenceMs: 250 } },
  {
    name: "ricky0123/vad-web",
    rule: {
      ...PLAIN_RULE,
      startThreshold: 0.3,
      stopThreshold: 0.25,
      minSpeechMs: 32,
      minSilenceMs: 1400,
      resumeThreshold: 0.3,
    },
  },
];
