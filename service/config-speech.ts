// How the caller's speech is heard and what it does: voice activity per channel, the end of a turn,
// barge-in.
// Station: a part of config-schema.ts, which says what a setting is; its defaults are vad/presets.ts.
import { z } from "zod";
import { INSTRUCTIONS_BYTES_MAX, PRE_ROLL_MS_MAX } from "./limits.ts";
import { VAD_PRESETS, type VadChannel } from "./vad/presets.ts";

const share = z.number().min(0).max(1);
const durationMs = z.int().min(0).max(60_000);
const vadEngine = z
  .string()
  .regex(/^(core|energy|onnx:[a-z0-9][a-z0-9._-]*)$/, { error: "core, energy or onnx:NAME" });

export const VAD_SETTINGS = z.strictObject({
  engine: vadEngine.default("core").describe("core, energy, or onnx:NAME of models/manifest.json"),
  fallback: z
    .enum(["none", "core", "energy"])
    .default("none")
    .describe("engine when that one does not load, none = refuse to start"),
  engines: z
    .array(vadEngine)
    .default([])
    .describe("further engines that calls may ask for, comma separated"),
  manifestFile: z
    .string()
    .default("")
    .describe("the operator's own models, like models/manifest.json"),
  phone: turnSettings("phone"),
  wideband: turnSettings("wideband"),
});

export const BARGE_IN_SETTINGS = z.strictObject({
  isEnabled: z.boolean().default(true).describe("the caller may talk over the agent"),
  action: z
    .enum(["interrupt", "pause", "acknowledge", "duck", "ignore"])
    .default("interrupt")
    .describe(
      "what speech over the agent does; pause: the first sign of it already silences the agent, " +
        "a cough lets it go on; acknowledge: the answer to it begins with an acknowledgement; " +
        "duck: the agent goes on, quieter; ignore: it goes on",
    ),
  acknowledgement: z
    .string()
    .max(INSTRUCTIONS_BYTES_MAX)
    .default("I understand.")
    .describe("with acknowledge: what the agent says first after an interruption"),
  duckGain: z
    .number()
    .min(0)
    .max(1)
    .default(0.25)
    .describe("with duck: the agent's level while the caller speaks, 0.25 = -12 dB"),
  heldSpeech: z
    .enum(["auto", "drop", "commit"])
    .default("auto")
    .describe(
      "what becomes of speech over the agent that interrupted nothing and ended before it did; " +
        "commit: the model is given it, unanswered; auto = commit with duck and ignore, else drop",
    ),
  threshold: share.default(0.6).describe("probability from which a window counts"),
  minSpeechMs: durationMs.default(200).describe("speech that interrupts"),
  overNoiseFloorDb: z
    .number()
    .min(0)
    .max(60)
    .default(4)
    .describe("level over the noise floor that a frame needs, 0 = any"),
  cooldownMs: durationMs.default(500).describe("rest after an interruption"),
});

export const TURN_END_SETTINGS = z.strictObject({
  isAdaptive: z
    .boolean()
    .default(false)
    .describe(
      "learn each caller's silence: shorter after clean ends, longer after pauses and cuts",
    ),
  silenceMsMin: durationMs.default(320).describe("shortest silence that is learned"),
  silenceMsMax: durationMs.default(960).describe("longest silence that is learned"),
  voteOverShare: share
    .default(0.85)
    .describe("with a turn-end voter: probability from which the turn is over at once"),
  voteGoesOnShare: share
    .default(0.3)
    .describe("with a turn-end voter: probability up to which the caller is waited for"),
  voteExtraMs: durationMs
    .default(800)
    .describe("with a turn-end voter: how much longer that wait is"),
  voteAnswerMsMax: z
    .int()
    .min(1)
    .max(60_000)
    .default(1_000)
    .describe("with a turn-end voter: longest wait for its answer"),
});

export const HYBRID_SETTINGS = z.strictObject({
  detector: z
    .enum(["server_vad", "semantic_vad"])
    .default("semantic_vad")
    .describe("turnDetection hybrid: which detection of the provider is the second opinion"),
});

export const SPECULATION_SETTINGS = z.strictObject({
  isEnabled: z
    .boolean()
    .default(false)
    .describe("answer at an early silence, unheard until the turn is over, thrown away if not"),
  earlySilenceMs: durationMs
    .default(200)
    .describe("that silence, shorter than vad.phone.minSilenceMs and vad.wideband.minSilenceMs"),
  perTurnMax: z.int().min(1).max(10).default(2).describe("early answers to one turn"),
  perMinuteMax: z.int().min(1).max(60).default(10).describe("early answers in one minute"),
  hitRateMin: share.default(0.5).describe("share that was right, under it a call stops trying"),
  sampleMin: z.int().min(1).max(1_000).default(8).describe("early answers before that is judged"),
});

function turnSettings(channel: VadChannel) {
  const preset = VAD_PRESETS[channel];
  return z.strictObject({
    startThreshold: share
      .default(preset.startThreshold)
      .describe("probability from which a window is speech"),
    stopThreshold: share
      .default(preset.stopThreshold)
      .describe("probability under which speech may be ending"),
    minSpeechMs: durationMs.default(preset.minSpeechMs).describe("speech that confirms a turn"),
    minSilenceMs: durationMs.default(preset.minSilenceMs).describe("silence that ends a turn"),
    preRollMs: z
      .int()
      .min(0)
      .max(PRE_ROLL_MS_MAX)
      .default(preset.preRollMs)
      .describe("audio before the onset"),
    confidentSilenceThreshold: share
      .default(preset.confidentSilenceThreshold)
      .describe("under this probability silence counts confidentSilenceWeight times"),
    confidentSilenceWeight: z
      .int()
      .min(1)
      .max(8)
      .default(preset.confidentSilenceWeight)
      .describe("1 = plain silence"),
    shortSpeechMs: durationMs
      .default(preset.shortSpeechMs)
      .describe("speech shorter than this waits longer"),
    shortSpeechSilencePercent: z
      .int()
      .min(100)
      .max(400)
      .default(preset.shortSpeechSilencePercent)
      .describe("minSilenceMs after short speech, 100 = the same"),
    gateOverNoiseFloorDb: z
      .number()
      .min(0)
      .max(60)
      .default(preset.gateOverNoiseFloorDb)
      .describe("level over the noise floor under which the model is skipped, 0 = never skipped"),
    isLevelNormalised: z
      .boolean()
      .default(preset.isLevelNormalised)
      .describe("lift quiet callers before the model"),
  });
}
