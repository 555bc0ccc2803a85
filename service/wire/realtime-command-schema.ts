// What a Realtime API client may say, checked: the server's side of realtime-commands.ts.
// Source: protocols.md 1.2 and 1.3. Strict on purpose: the real server refuses fields it does not
// know, and a simulator that forgives them would let a mistake pass every test.
// Nothing throws; a refusal carries the server's code, text and parameter.
import { z } from "zod";

const format = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("audio/pcm"), rate: z.literal(24_000).default(24_000) }),
  z.strictObject({ type: z.literal("audio/pcmu") }),
  z.strictObject({ type: z.literal("audio/pcma") }),
]);

const turnDetection = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("server_vad"),
    threshold: z.number().min(0).max(1).default(0.5),
    prefix_padding_ms: z.number().int().min(0).max(5_000).default(300),
    silence_duration_ms: z.number().int().min(0).max(10_000).default(500),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
    idle_timeout_ms: z.number().int().nullable().optional(),
  }),
  z.strictObject({
    type: z.literal("semantic_vad"),
    eagerness: z.enum(["low", "medium", "high", "auto"]).default("auto"),
    create_response: z.boolean().default(true),
    interrupt_response: z.boolean().default(true),
  }),
]);

const tool = z.discriminatedUnion("type", [
  z.strictObject({
    type: z.literal("function"),
    name: z.string().min(1).max(128),
    description: z.string().optional(),
    parameters: z.unknown().optional(),
  }),
  z.looseObject({ type: z.literal("mcp"), server_label: z.string() }),
]);

const toolChoice = z.union([
  z.enum(["auto", "none", "required"]),
  z.strictObject({ type: z.literal("function"), name: z.string() }),
  z.looseObject({ type: z.literal("mcp") }),
]);

const modalities = z.union([z.tuple([z.literal("audio")]), z.tuple([z.literal("text")])]);
const voice = z.union([z.string().min(1), z.strictObject({ id: z.string() })]);
const tokensMax = z.union([z.number().int().min(1).max(4096), z.literal("inf")]);

const transcription = z.strictObject({
  model: z.string().optional(),
  language: z.string().optional(),
  languages: z.array(z.string()).optional(),
  keywords: z.array(z.string()).optional(),
  prompt: z.string().optional(),
  delay: z.string().optional(),
});

const inputSettings = z.strictObject({
  format: format.optional(),
  noise_reduction: z.looseObject({ type: z.string() }).nullable().optional(),
  transcription: transcription.nullable().optional(),
  turn_detection: turnDetection.nullable().optional(),
});

/** A session that only writes down has nothing of a speaker: no instructions, voice or tools. */
const transcriptionSession = z.strictObject({
  type: z.literal("transcription"),
  audio: z.strictObject({ input: inputSettings.optional() }).optional(),
  include: z.array(z.literal("item.input_audio_transcription.logprobs")).optional(),
});

const conversationSession = z.strictObject({
  type: z.literal("realtime"),
  model: z.string().optional(),
  instructions: z.string().optional(),
  output_modalities: modalities.optional(),
  audio: z
    .strictObject({
      input: inputSettings.optional(),
      output: z
        .strictObject({
          format: format.optional(),
          voice: voice.optional(),
          speed: z.number().min(0.25).max(1.5).optional(),
        })
        .optional(),
    })
    .optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  parallel_tool_calls: z.boolean().optional(),
  reasoning: z.unknown().optional(),
  max_output_tokens: tokensMax.optional(),
  truncation: z.unknown().optional(),
  tracing: z.unknown().optional(),
  prompt: z.unknown().optional(),
  include: z.array(z.string()).optional(),
});

const session = z.discriminatedUnion("type", [conversationSession, transcriptionSession]);

const inputText = z.strictObject({ type: z.literal("input_text"), text: z.string() });
const inputAudio = z.strictObject({
  type: z.literal("input_audio"),
  audio: z.string(),
  transcript: z.string().optional(),
});
const inputImage = z.looseObject({ type: z.literal("input_image") });
const outputText = z.strictObject({ type: z.literal("output_text"), text: z.string() });
const itemHead = {
  id: z.string().min(1).max(128).optional(),
  object: z.literal("realtime.item").optional(),
  status: z.string().optional(),
};

const item = z.union([
  z.strictObject({
    ...itemHead,
    type: z.literal("message"),
    role: z.literal("user"),
    content: z.array(z.union([inputText, inputAudio, inputImage])).min(1),
  }),
  z.strictObject({
    ...itemHead,
    type: z.literal("message"),
    role: z.literal("system"),
    content: z.array(inputText).min(1),
  }),
  // An assistant's audio cannot be put into a conversation from outside, only its text.
  z.strictObject({
    ...itemHead,
    type: z.literal("message"),
    role: z.literal("assistant"),
    content: z.array(outputText).min(1),
  }),
  z.strictObject({
    ...itemHead,
    type: z.literal("function_call"),
    call_id: z.string().optional(),
    name: z.string(),
    arguments: z.string(),
  }),
  z.strictObject({
    ...itemHead,
    type: z.literal("function_call_output"),
    call_id: z.string(),
    output: z.string(),
  }),
]);

const response = z.strictObject({
  conversation: z.enum(["auto", "none"]).optional(),
  input: z.array(z.unknown()).optional(),
  instructions: z.string().optional(),
  output_modalities: modalities.optional(),
  audio: z
    .strictObject({
      output: z.strictObject({ format: format.optional(), voice: voice.optional() }).optional(),
    })
    .optional(),
  tools: z.array(tool).optional(),
  tool_choice: toolChoice.optional(),
  max_output_tokens: tokensMax.optional(),
  metadata: z.record(z.string().max(64), z.string().max(512)).nullable().optional(),
  prompt: z.unknown().optional(),
  reasoning: z.unknown().optional(),
  parallel_tool_calls: z.boolean().optional(),
});

const eventId = z.string().max(512).optional();
const command = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("session.update"), event_id: eventId, session }),
  z.strictObject({
    type: z.literal("input_audio_buffer.append"),
    event_id: eventId,
    audio: z.string(),
  }),
  z.strictObject({ type: z.literal("input_audio_buffer.commit"), event_id: eventId }),
  z.strictObject({ type: z.literal("input_audio_buffer.clear"), event_id: eventId }),
  z.strictObject({
    type: z.literal("response.create"),
    event_id: eventId,
    response: response.optional(),
  }),
  z.strictObject({
    type: z.literal("response.cancel"),
    event_id: eventId,
    response_id: z.string().optional(),
  }),
  z.strictObject({
    type: z.literal("conversation.item.create"),
    event_id: eventId,
    item,
    previous_item_id: z.string().nullable().optional(),
  }),
  z.strictObject({
    type: z.literal("conversation.item.retrieve"),
    event_id: eventId,
    item_id: z.string(),
  }),
  z.strictObject({
    type: z.literal("conversation.item.truncate"),
    event_id: eventId,
    item_id: z.string(),
    content_index: z.number().int().min(0),
    audio_end_ms: z.number().int().min(0),
  }),
  z.strictObject({
    type: z.literal("conversation.item.delete"),
    event_id: eventId,
    item_id: z.string(),
  }),
]);

export type RealtimeCommand = z.infer<typeof command>;
export type RealtimeCommandOf<T extends RealtimeCommand["type"]> = Extract<
  RealtimeCommand,
  { type: T }
>;
export type SessionChange = z.infer<typeof session>;
export type SimulatedFormat = z.infer<typeof format>;
export type SimulatedTurnDetection = z.infer<typeof turnDetection>;

/** The server's answer to a command it does not take. */
export interface CommandRefusal {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
  /** The command's own id, where it had one. */
  readonly eventId: string | null;
}

export type ParsedCommand =
  | { readonly isTaken: true; readonly command: RealtimeCommand }
  | { readonly isTaken: false; readonly refusal: CommandRefusal };

/** Reads one client event. Nothing is thrown. */
export function parseRealtimeCommand(text: string): ParsedCommand {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    const message = "The message is not valid JSON.";
    return refused({ code: "invalid_json", message, param: null, eventId: null });
  }
  const parsed = command.safeParse(value);
  if (parsed.success) return { isTaken: true, command: parsed.data };
  return refused({ ...refusalOf(parsed.error, value), eventId: eventIdOf(value) });
}

function refused(refusal: CommandRefusal): ParsedCommand {
  return { isTaken: false, refusal };
}

function refusalOf(error: z.ZodError, value: unknown): Omit<CommandRefusal, "eventId"> {
  const issue = error.issues[0];
  const path = (issue?.path ?? []).join(".");
  if (issue?.code === "unrecognized_keys") {
    const param = [...(issue.path ?? []), issue.keys[0]].join(".");
    return { code: "unknown_parameter", message: `Unknown parameter: '${param}'.`, param };
  }
  if (isMissing(value, issue?.path ?? [])) {
    const message = `Missing required parameter: '${path}'.`;
    return { code: "missing_required_parameter", message, param: path };
  }
  const message = `Invalid value for '${path}': ${issue?.message ?? "not understood"}.`;
  return { code: "invalid_value", message, param: path === "" ? null : path };
}

function isMissing(value: unknown, path: readonly PropertyKey[]): boolean {
  let current = value;
  for (const key of path) {
    if (typeof current !== "object" || current === null) return false;
    current = (current as Readonly<Record<PropertyKey, unknown>>)[key];
  }
  return current === undefined;
}

function eventIdOf(value: unknown): string | null {
  const hasId = typeof value === "object" && value !== null && "event_id" in value;
  return hasId && typeof value.event_id === "string" ? value.event_id : null;
}
