// What kind of call a seed is at audio level: the event level's knobs, and what the caller's line
// and voice sound like. Faults that only time tells (lost events, dead sessions) stay at event level.
import type { AudioFormat } from "../../../scripts/caller/audio-format.ts";
import type { Dice } from "../dice.ts";
import { drawKnobs, type Knobs, withHybrid } from "../knobs.ts";

export interface AudioKnobs extends Knobs {
  readonly format: AudioFormat;
  readonly vadEngine: "core" | "energy";
  readonly isBase64: boolean;
  /** Amplitude of the noise under everything, of 32768. */
  readonly noiseMax: number;
  /** Speech at its recorded level or up to 20 dB below. */
  readonly gain: number;
  /** Frames of one message; 0: messages of any size. */
  readonly messageFrames: number;
  readonly lostPercent: number;
  /** Now and then the caller's side sends nothing for a while; its clock goes on. */
  readonly pausedPercent: number;
  /** The network holds everything up for so long, now and then. */
  readonly heldUpMs: number;
}

const FORMATS: readonly [AudioFormat, ...AudioFormat[]] = [
  { encoding: "mulaw", rateHz: 8000, channels: 1 },
  { encoding: "mulaw", rateHz: 8000, channels: 1 },
  { encoding: "alaw", rateHz: 8000, channels: 1 },
  { encoding: "pcm16", rateHz: 8000, channels: 1 },
  { encoding: "pcm16", rateHz: 16_000, channels: 1 },
  { encoding: "pcm16", rateHz: 24_000, channels: 1 },
  { encoding: "pcm16", rateHz: 48_000, channels: 2 },
  { encoding: "f32", rateHz: 16_000, channels: 1 },
  { encoding: "f32", rateHz: 48_000, channels: 1 },
];

export function drawAudioKnobs(dice: Dice): AudioKnobs {
  const knobs = withHybrid(drawKnobs(dice));
  const sometimes = (percent: number, max: number) =>
    dice.chance(percent) ? dice.between(1, max) : 0;
  const messageFrames = dice.pick([1, 1, 2, 3, 5, 0]);
  const isWhole = messageFrames > 0;
  return {
    ...knobs,
    bargeInAction: dice.pick(["interrupt", "pause"]),
    flipPercent: 0,
    lossPercent: 0,
    disconnectPercent: 0,
    lostCreatedPercent: 0,
    lostDonePercent: 0,
    slowCreatedPercent: 0,
    answerMsMax: Math.min(knobs.answerMsMax, 5_000),
    format: dice.pick(FORMATS),
    vadEngine: dice.chance(80) ? "core" : "energy",
    isBase64: dice.chance(30),
    noiseMax: dice.pick([0, 3, 10, 20]),
    gain: dice.pick([1, 0.7, 0.4, 0.2, 0.1]),
    messageFrames,
    lostPercent: isWhole ? sometimes(30, 5) : 0,
    pausedPercent: isWhole ? sometimes(30, 2) : 0,
    heldUpMs: isWhole ? sometimes(30, 400) : 0,
  };
}
