// Every setting of the service: its key, its kind, its bounds, its default and a line of help.
// The key path gives the names elsewhere: `vad.phone.minSilenceMs` is that path in the file,
// `--vad-phone-min-silence-ms` on the command line and VOXBRIDGE_VAD_PHONE_MIN_SILENCE_MS in the
// environment; a few well-known variables keep the names people already use (ENV_NAMES).
// docs/configuration.md is printed from here and a test compares the two.
import { z } from "zod";
import { CASCADE_SECRETS, CASCADE_SETTINGS } from "./config-cascade.ts";
import { CONTEXT_SETTINGS, IDENTITY_SETTINGS } from "./config-callers.ts";
import { LATENCY_SETTINGS } from "./config-latency.ts";
import {
  BARGE_IN_SETTINGS,
  HYBRID_SETTINGS,
  SPECULATION_SETTINGS,
  TURN_END_SETTINGS,
  VAD_SETTINGS,
} from "./config-speech.ts";
import {
  LANGUAGE_MODEL_SECRETS,
  LANGUAGE_MODEL_SETTINGS,
  SOURCE_SETTINGS,
  THINKER_SETTINGS,
} from "./config-thinkers.ts";
import { INSTRUCTIONS_BYTES_MAX, SLOTS } from "./limits.ts";

const DEFAULT_INSTRUCTIONS =
  "You are a friendly voice agent on a live call. Answer briefly, in the caller's language.";

/** Default of agent.voice. */
export const VOICE_OF_REALTIME = "marin";

const DEFAULT_NUDGE =
  "The caller is silent. Ask in under ten words whether they are still there. Repeat nothing.";
const DEFAULT_NUDGE_WAITING =
  "Say in under ten words that you are still working on it. Say nothing else. Repeat nothing.";
const DEFAULT_GOODBYE = "Say goodbye to the caller in one short sentence: the call has to end now.";

const text = z.string().max(INSTRUCTIONS_BYTES_MAX);
// A format's error says what is wanted; config.ts puts it behind "must be".
const webSocketUrl = z.union([
  z.literal(""),
  z.url({ protocol: /^wss?$/, error: "a ws:// or wss:// URL" }),
]);
const webUrl = z.union([
  z.literal(""),
  z.url({ protocol: /^https?$/, error: "an http:// or https:// URL" }),
]);

function routeSettings(greeting: string, nudgeSeconds: number, idleGoodbyeSeconds: number) {
  return z.strictObject({
    greeting: text
      .default(greeting)
      .describe("what the agent is asked to say first, empty = it waits"),
    isGreetingProtected: z.boolean().default(false).describe("the greeting cannot be interrupted"),
    nudgeSeconds: z
      .int()
      .min(0)
      .max(3_600)
      .default(nudgeSeconds)
      .describe("silence after which the caller is asked whether they are there, 0 = never"),
    idleGoodbyeSeconds: z
      .int()
      .min(0)
      .max(3_600)
      .default(idleGoodbyeSeconds)
      .describe("silence of the caller after which the agent says goodbye, 0 = never"),
    voice: text.default("").describe("this route's voice, empty = agent.voice"),
    instructions: text.default("").describe("this route's instructions, empty = agent's"),
  });
}

export const CONFIG_SCHEMA = z.strictObject({
  port: z.int().min(0).max(65_535).default(8080).describe("port to listen on, 0 = any free one"),
  host: z.string().min(1).default("127.0.0.1").describe("address to listen on"),
  publicUrl: webUrl.default("").describe("how the outside reaches the service (Twilio signs it)"),
  apiKeys: z
    .array(z.string().min(16))
    .default([])
    .describe("keys of callers on /v1/stream, comma separated, at least 16 characters each"),
  origins: z
    .array(z.url({ protocol: /^https?$/, error: "origins like https://console.example.com" }))
    .default([])
    .describe("web pages of these origins may connect, comma separated"),
  callsMax: z.int().min(1).max(SLOTS).default(200).describe("calls at the same time"),
  callsPerKeyMax: z.int().min(0).max(SLOTS).default(0).describe("calls per key, 0 = callsMax"),
  callMinutesMax: z.int().min(1).max(1_440).default(60).describe("longest call in minutes"),
  upgradesPerAddress: z
    .int()
    .min(1)
    .max(100_000)
    .default(20)
    .describe("connections of one address in 10 seconds"),
  audioPoolMegabytes: z
    .int()
    .min(16)
    .max(65_536)
    .default(512)
    .describe("memory all calls share for turn tapes and answer queues"),
  drainSeconds: z.int().min(0).max(86_400).default(600).describe("longest wait for calls at stop"),
  upstream: z
    .enum(["auto", "openai", "cascade", "simulator"])
    .default("auto")
    .describe("who answers; auto = openai when a key or URL is set, else the simulator"),
  openai: z.strictObject({
    apiKey: z.string().default("").describe("key of the realtime API"),
    realtimeUrl: webSocketUrl
      .default("")
      .describe("any server of that API, empty = wss://api.openai.com/v1/realtime"),
    dialect: z
      .enum(["ga", "beta", "mixed"])
      .default("ga")
      .describe("form of the protocol: ga as documented, beta the preview one, mixed xAI's"),
    keyHeader: z
      .enum(["auto", "authorization", "api-key"])
      .default("auto")
      .describe("header that carries the key, auto = api-key at Azure, else authorization"),
    isSilentEchoAccepted: z
      .boolean()
      .default(false)
      .describe("take a server that does not say which turn detection and formats hold"),
    realtimeModel: z.string().min(1).default("gpt-realtime-2.1").describe("model of the agent"),
    giveUpSeconds: z
      .int()
      .min(0)
      .max(600)
      .default(30)
      .describe("a lost session is dialled again for so long, then the call ends"),
    rotateMinutes: z
      .number()
      .min(0)
      .max(60)
      .default(50)
      .describe("age at which a session is replaced in a quiet moment, 0 = never"),
    transcriptionModel: text
      .default("gpt-transcribe")
      .describe("model that writes down the caller's words, empty = none"),
  }),
  cascade: CASCADE_SETTINGS,
  simulator: z.strictObject({
    script: z.string().default("").describe("file that tells the simulator what to answer"),
  }),
  twilio: z.strictObject({
    authToken: z.string().default("").describe("signs webhooks and media streams"),
  }),
  agent: z.strictObject({
    voice: text
      .default(VOICE_OF_REALTIME)
      .describe("voice of the agent; the cascade has its own, cascade.tts.voices"),
    instructions: text.default(DEFAULT_INSTRUCTIONS).describe("what the agent is told"),
    nudge: text
      .default(DEFAULT_NUDGE)
      .describe("what the agent is asked to do when the caller is silent"),
    nudgeWaiting: text
      .default(DEFAULT_NUDGE_WAITING)
      .describe("the same while a thinker works for the caller"),
    waitRecording: z
      .string()
      .default("built-in")
      .describe(
        "WAV callers hear after 3 s without the agent's line, again every 10; empty = none",
      ),
    lostRecording: z
      .string()
      .default("built-in")
      .describe("WAV callers hear when the agent's line is gone for good, empty = none"),
    failedRecording: z
      .string()
      .default("built-in")
      .describe("WAV callers hear when the agent failed to answer a turn, empty = none"),
    answerSilentMs: z
      .int()
      .min(2_000)
      .max(60_000)
      .default(15_000)
      .describe("longest silence of the provider in an answer, then it is asked again"),
    goodbye: text
      .default(DEFAULT_GOODBYE)
      .describe("what the agent is asked to say when the call has to end, empty = nothing"),
  }),
  routes: z.strictObject({
    stream: routeSettings("", 0, 0),
    twilio: routeSettings("Greet the caller briefly and ask how you can help.", 10, 60),
  }),
  turnDetection: z
    .enum(["local", "server_vad", "semantic_vad", "hybrid", "none"])
    .default("local")
    .describe("who ends the caller's turn when the caller does not say"),
  resampler: z
    .enum(["fast", "standard", "high", "linear"])
    .default("standard")
    .describe("preset of the resampler"),
  hybrid: HYBRID_SETTINGS,
  vad: VAD_SETTINGS,
  turnEnd: TURN_END_SETTINGS,
  speculation: SPECULATION_SETTINGS,
  bargeIn: BARGE_IN_SETTINGS,
  latency: LATENCY_SETTINGS,
  tracing: z.strictObject({
    endpoint: webUrl
      .default("")
      .describe("OpenTelemetry collector (OTLP over HTTP) that gets spans, empty = none"),
    headers: z
      .array(z.string().regex(/^[\w-]+\s*=/, { error: "NAME=VALUE" }))
      .default([])
      .describe("headers for the collector, NAME=VALUE, comma separated"),
    serviceName: z
      .string()
      .min(1)
      .max(128)
      .default("voxbridge")
      .describe("service.name of the spans"),
  }),
  context: CONTEXT_SETTINGS,
  identity: IDENTITY_SETTINGS,
  languageModel: LANGUAGE_MODEL_SETTINGS,
  thinkers: THINKER_SETTINGS,
  sources: SOURCE_SETTINGS,
  log: z.strictObject({
    level: z.enum(["debug", "info", "warn", "error"]).default("info").describe("least level"),
    isPersonalDataLogged: z.boolean().default(false).describe("write fields that start with pii_"),
  }),
});

export type ConfigValues = z.infer<typeof CONFIG_SCHEMA>;

/** Variables with a name of their own; every other one is VOXBRIDGE_ and the path. */
const ENV_NAMES: Readonly<Record<string, string>> = {
  port: "PORT",
  host: "HOST",
  publicUrl: "PUBLIC_URL",
  "openai.apiKey": "OPENAI_API_KEY",
  "openai.realtimeUrl": "OPENAI_REALTIME_URL",
  "openai.realtimeModel": "OPENAI_REALTIME_MODEL",
  "twilio.authToken": "TWILIO_AUTH_TOKEN",
  "context.redisUrl": "REDIS_URL",
  "tracing.endpoint": "OTEL_EXPORTER_OTLP_ENDPOINT",
  "tracing.headers": "OTEL_EXPORTER_OTLP_HEADERS",
  "tracing.serviceName": "OTEL_SERVICE_NAME",
};

const SECRET_PATHS: ReadonlySet<string> = new Set([
  "apiKeys",
  "context.pepper",
  "context.redisUrl",
  "identity.jwtSecret",
  "openai.apiKey",
  "tracing.headers",
  "twilio.authToken",
  ...CASCADE_SECRETS,
  ...LANGUAGE_MODEL_SECRETS,
]);
/** Keys of providers end like this. */
const SECRET_ENDING = /\.(key|\w+Key)$/;

export type SettingKind = "number" | "boolean" | "list" | "text";

/** One setting and its names. */
export interface Setting {
  readonly path: string;
  readonly flag: string;
  readonly env: string;
  readonly kind: SettingKind;
  readonly isSecret: boolean;
  readonly help: string;
  readonly defaultValue: unknown;
}

/** All settings in the order of the schema. */
export const SETTINGS: readonly Setting[] = settingsOf(CONFIG_SCHEMA, "");

function settingsOf(group: z.ZodObject, prefix: string): Setting[] {
  const shape: Readonly<Record<string, z.core.$ZodType>> = group.shape;
  return Object.entries(shape).flatMap(([key, schema]) => {
    const path = prefix + key;
    return schema instanceof z.ZodObject ? settingsOf(schema, `${path}.`) : [leafOf(path, schema)];
  });
}

function leafOf(path: string, schema: z.core.$ZodType): Setting {
  if (!(schema instanceof z.ZodDefault)) throw new Error(`Setting ${path} has no default`);
  const words = path.replaceAll(".", "-").replace(/[A-Z]/g, (letter) => `-${letter}`);
  return {
    path,
    flag: `--${words.toLowerCase()}`,
    env: ENV_NAMES[path] ?? `VOXBRIDGE_${words.replaceAll("-", "_").toUpperCase()}`,
    kind: kindOf(schema.unwrap()),
    isSecret: SECRET_PATHS.has(path) || SECRET_ENDING.test(path),
    help: schema.description ?? "",
    defaultValue: schema.def.defaultValue,
  };
}

function kindOf(schema: unknown): SettingKind {
  if (schema instanceof z.ZodNumber) return "number";
  if (schema instanceof z.ZodBoolean) return "boolean";
  if (schema instanceof z.ZodArray) return "list";
  return "text";
}
