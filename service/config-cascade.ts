// Settings of the cascade (docs/cascade.md): its engines as lists, the first answers and the others
// stand by, and what it says when a stage is gone. Part of config-schema.ts; the checks across
// settings are called by config.ts.
import { z } from "zod";
import { INSTRUCTIONS_BYTES_MAX } from "./limits.ts";

/** Stands in a list of addresses for the program of that name. */
export const ESPEAK = "espeak-ng";
/** Stands in a list of keys for a server that wants none. */
export const NO_KEY = "none";

const text = z.string().max(INSTRUCTIONS_BYTES_MAX);
const httpUrl = z.url({ protocol: /^https?$/, error: "http:// or https:// URLs" });
const speechUrl = z.string().refine((url) => url === ESPEAK || httpUrl.safeParse(url).success, {
  error: `http:// or https:// URLs, or ${ESPEAK}`,
});
const hearingUrl = z.url({
  protocol: /^(https?|wss?)$/,
  error: "http:// or https:// URLs, or one ws:// or wss:// URL",
});
const keys = z
  .array(z.string().min(1))
  .default([])
  .describe(`their keys in the same order, ${NO_KEY} for a server without, empty = no keys at all`);

export const CASCADE_SETTINGS = z.strictObject({
  language: z
    .string()
    .regex(/^([a-z]{2})?$/, { error: "two letters like en, or empty" })
    .default("")
    .describe("language that callers speak, empty = the engines find out"),
  stt: z.strictObject({
    urls: z
      .array(hearingUrl)
      .default([])
      .describe(
        "servers with /audio/transcriptions, up to /v1, the first one that works answers; " +
          "or one ws:// URL of a Realtime API, which hears while the caller speaks, " +
          "with ?intent=transcription by a session that only writes down",
      ),
    keys,
    models: z
      .array(z.string().min(1))
      .default([])
      .describe("their models in the same order, or one for all"),
    transcriptSeconds: z
      .int()
      .min(1)
      .max(60)
      .default(8)
      .describe("longest wait for the words of a turn that is over"),
  }),
  llm: z.strictObject({
    urls: z
      .array(httpUrl)
      .default([])
      .describe("servers with /chat/completions, up to /v1; the first one that works answers"),
    keys,
    models: z
      .array(z.string().min(1))
      .default([])
      .describe("their models in the same order, or one for all"),
    dialect: z
      .enum(["compatible", "openai"])
      .default("compatible")
      .describe("form of the requests: openai for OpenAI's own models"),
    outputTokensMax: z
      .int()
      .min(16)
      .max(8_192)
      .default(512)
      .describe("longest answer in tokens; what is spoken must be short"),
  }),
  tts: z.strictObject({
    urls: z
      .array(speechUrl)
      .default([ESPEAK])
      .describe(`servers with /audio/speech, up to /v1, or ${ESPEAK}; the first that works speaks`),
    keys,
    models: z
      .array(z.string().min(1))
      .default([])
      .describe("their models in the same order, or one for all"),
    voices: z
      .array(z.string().min(1))
      .default([])
      .describe("their voices in the same order, or one for all, empty = each one's own"),
    rate: z
      .number()
      .min(0.5)
      .max(2)
      .default(1)
      .describe("how fast it speaks, 1 = as the voice does"),
  }),
  isOverlapped: z
    .boolean()
    .default(true)
    .describe(
      "engines begin in the silence that may end a turn, for nothing if the caller goes on",
    ),
  apology: text
    .default("Sorry, something went wrong here. Could you say that again?")
    .describe("said when words or an answer cannot be had, empty = nothing"),
  unheard: text.default("").describe("said when a turn had no words, empty = nothing"),
});

export type CascadeConfig = z.infer<typeof CASCADE_SETTINGS>;

export const CASCADE_SECRETS = ["cascade.stt.keys", "cascade.llm.keys", "cascade.tts.keys"];

/** What is missing or does not fit together when the cascade answers. */
export function cascadeProblems(cascade: CascadeConfig, turnDetection: string): string[] {
  const problems: string[] = [];
  const { stt, llm, tts } = cascade;
  const missing = [
    [stt.urls, "no server writes down what callers say", "VOXBRIDGE_CASCADE_STT_URLS"],
    [llm.urls, "no language model answers", "VOXBRIDGE_CASCADE_LLM_URLS"],
    [tts.urls, "nothing speaks", `VOXBRIDGE_CASCADE_TTS_URLS to a server or to ${ESPEAK}`],
  ] as const;
  for (const [urls, what, how] of missing) {
    if (urls.length === 0) problems.push(`Cannot use upstream cascade: ${what}, set ${how}`);
  }
  for (const [name, engine] of [
    ["stt", stt],
    ["llm", llm],
    ["tts", tts],
  ] as const) {
    const count = engine.urls.length;
    if (engine.keys.length > 0 && engine.keys.length !== count) {
      problems.push(
        `Cannot use cascade.${name}.keys: there are ${engine.keys.length}, ` +
          `must be ${count}, one for each of cascade.${name}.urls ("${NO_KEY}" for none)`,
      );
    }
    problems.push(...countProblems(`cascade.${name}.models`, engine.models, count));
  }
  if (isHeardByRealtime(stt.urls) && stt.urls.length > 1) {
    problems.push(
      "Cannot use cascade.stt.urls: a ws:// URL stands by itself, must be the only one",
    );
  }
  problems.push(...countProblems("cascade.tts.voices", tts.voices, tts.urls.length));
  if (llm.urls.length > 0 && llm.models.length === 0) {
    problems.push(
      "Cannot use upstream cascade: no model is named, set VOXBRIDGE_CASCADE_LLM_MODELS",
    );
  }
  if (turnDetection !== "local" && turnDetection !== "none") {
    problems.push(
      `Cannot use turnDetection: is ${turnDetection}, must be local or none with upstream cascade`,
    );
  }
  return problems;
}

/** The key for the engine at `index`, "" for a server that wants none. */
export function keyFor(keys: readonly string[], index: number): string {
  const key = keys[index] ?? "";
  return key === NO_KEY ? "" : key;
}

/** The recogniser is a Realtime session (S3-05), which takes 24 kHz only. */
export function isHeardByRealtime(urls: readonly string[]): boolean {
  return urls.some((url) => /^wss?:/i.test(url));
}

/** The entry for the engine at `index` of a list that holds one for all, or one each, or none. */
export function entryFor(list: readonly string[], index: number): string {
  return (list.length === 1 ? list[0] : list[index]) ?? "";
}

/** A list must hold one for all, or one each, or none. */
export function countProblems(path: string, list: readonly string[], count: number): string[] {
  if (list.length <= 1 || list.length === count) return [];
  return [`Cannot use ${path}: there are ${list.length}, must be 1 or ${count}`];
}
