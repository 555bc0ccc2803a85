// A speech server of our own, spoken to over real HTTP as OpenAI's `POST /v1/audio/speech`: for tests,
// benches and people who have no such server. It speaks in tones, or with an engine's voice, at a
// speed and a delay of its own, and fails on demand (docs/simulator.md).
// Station: the other end of service/text-to-speech/speech-http.ts.
// Limits: SpeechSimulatorLimits; a body at most BODY_BYTES_MAX, RECORDS_MAX records.
import type { Server } from "bun";
import { z } from "zod";
import type { Clock } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";
import { createSpeechAnswer, type SpeechFault } from "./speech-answer.ts";
import { type SpeechSound, toneSound } from "./speech-sound.ts";

const BODY_BYTES_MAX = 64 * 1024;
const RECORDS_MAX = 20_000;
const TEXT_CHARS_MAX = 4_096;

export interface SpeechSimulatorLimits {
  /** From the request to the first audio. */
  readonly firstAudioMs: number;
  /** Times real time; 0: all at once. */
  readonly speed: number;
  /** Audio of one piece of the answer. */
  readonly pieceMs: number;
  readonly requestsAtOnceMax: number;
}

export const SPEECH_SIMULATOR_LIMITS: SpeechSimulatorLimits = {
  firstAudioMs: 150,
  speed: 5,
  pieceMs: 100,
  requestsAtOnceMax: 1_024,
};

export interface SpeechSimulatorOptions {
  readonly clock: Clock;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly limits?: Partial<SpeechSimulatorLimits>;
  /** Absent: tones. */
  readonly sound?: SpeechSound;
  /** What GET /v1/audio/voices lists; null: there is no such address, any voice is taken. */
  readonly voices?: readonly string[] | null;
  /** The key a request must bring, "" or absent: any, none too. */
  readonly key?: string;
  /** Answers as a WAV file although PCM was asked for, as some servers do. */
  readonly isWav?: boolean;
  /** Keeps every request, for tests. */
  readonly isRecorded?: boolean;
}

const speechRequestSchema = z.object({
  model: z.string().min(1),
  input: z.string().min(1).max(TEXT_CHARS_MAX),
  voice: z.string().min(1),
  response_format: z.enum(["pcm", "wav"]),
  speed: z.number().min(0.25).max(4).default(1),
});

export interface SpeechRecord {
  readonly atMs: number;
  readonly request: z.infer<typeof speechRequestSchema>;
  readonly hasAuthorization: boolean;
  /** The client's port: the same for requests over the same connection. */
  readonly clientPort: number;
  /** The answer was left before its end. */
  isLeft: boolean;
}

export interface SpeechSimulator {
  /** http://host:port/v1, the base of an OpenAI-compatible client. */
  readonly url: string;
  /** Oldest first; empty unless `isRecorded`. */
  readonly records: readonly SpeechRecord[];
  /** Requests to speak ever taken, refused ones too. */
  requests(): number;
  /** Answers under way. */
  active(): number;
  /** The next request fails like this. */
  failNext(fault: SpeechFault): void;
  stop(): Promise<void>;
}

interface State {
  readonly options: SpeechSimulatorOptions;
  readonly limits: SpeechSimulatorLimits;
  readonly records: SpeechRecord[];
  readonly faults: SpeechFault[];
  requests: number;
  /** Ends each answer under way. */
  readonly active: Set<() => void>;
}

/** Listens at once. Throws VoxError `config_invalid` when the port is taken. */
export function createSpeechSimulator(options: SpeechSimulatorOptions): SpeechSimulator {
  const state: State = {
    options,
    limits: { ...SPEECH_SIMULATOR_LIMITS, ...options.limits },
    records: [],
    faults: [],
    requests: 0,
    active: new Set(),
  };
  const server = listen(options, (request, client) => respond(state, request, client));
  return {
    url: `http://${server.hostname}:${server.port}/v1`,
    records: state.records,
    requests: () => state.requests,
    active: () => state.active.size,
    failNext: (fault) => void state.faults.push(fault),
    async stop() {
      for (const end of [...state.active]) end();
      await server.stop(true);
    },
  };
}

function respond(state: State, request: Request, clientPort: number): Response | Promise<Response> {
  const { options } = state;
  const authorization = request.headers.get("authorization") ?? "";
  if ((options.key ?? "") !== "" && authorization !== `Bearer ${options.key}`) {
    return refusal(401, "invalid_api_key", "the key is wrong");
  }
  const path = new URL(request.url).pathname;
  if (path === "/v1/audio/voices" && request.method === "GET" && options.voices != null) {
    return Response.json({ voices: options.voices });
  }
  if (path !== "/v1/audio/speech") return refusal(404, "not_found", `there is no ${path}`);
  if (request.method !== "POST") return refusal(405, "method_not_allowed", "must be POST");
  return speak(state, request, { hasAuthorization: authorization !== "", clientPort });
}

async function speak(
  state: State,
  request: Request,
  from: { readonly hasAuthorization: boolean; readonly clientPort: number },
): Promise<Response> {
  const { options, limits } = state;
  state.requests += 1;
  const fault = state.faults.shift();
  if (state.active.size >= limits.requestsAtOnceMax) {
    return refusal(429, "rate_limit_exceeded", "too many requests at once");
  }
  const parsed = speechRequestSchema.safeParse(await bodyOf(request));
  if (!parsed.success) return refusal(400, "invalid_request_error", z.prettifyError(parsed.error));
  const record: SpeechRecord = {
    atMs: options.clock.nowMs(),
    request: parsed.data,
    ...from,
    isLeft: false,
  };
  if (options.isRecorded && state.records.length < RECORDS_MAX) state.records.push(record);
  if (fault?.kind === "status") {
    const headers = { ...(fault.retryAfter !== undefined && { "retry-after": fault.retryAfter }) };
    return refusal(fault.status, fault.code ?? "simulated", "simulated", headers);
  }
  if (options.voices != null && !options.voices.includes(parsed.data.voice)) {
    return refusal(400, "invalid_value", "there is no such voice");
  }
  const { input, voice, speed } = parsed.data;
  const sound = options.sound ?? toneSound;
  const parts = {
    clock: options.clock,
    rateHz: sound.rateHz,
    audio: await sound.say({ text: input, voice, rate: speed }, request.signal),
    isWav: options.isWav === true || parsed.data.response_format === "wav",
    fault,
    limits,
    left: request.signal,
  };
  const answer = createSpeechAnswer(parts, (isLeft) => {
    record.isLeft = isLeft;
    state.active.delete(answer.end);
  });
  state.active.add(answer.end);
  return answer.response;
}

/** The value of a JSON body, undefined for anything else. */
async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}

function refusal(status: number, code: string, message: string, headers = {}): Response {
  const error = { message, type: "invalid_request_error", param: null, code };
  return Response.json({ error }, { status, headers });
}

function listen(
  { host, port }: SpeechSimulatorOptions,
  answer: (request: Request, clientPort: number) => Response | Promise<Response>,
): Server<undefined> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      maxRequestBodySize: BODY_BYTES_MAX,
      // A slow voice is silent for longer than Bun's ten seconds.
      idleTimeout: 0,
      fetch: (request, server) => answer(request, server.requestIP(request)?.port ?? 0),
    });
  } catch (cause) {
    const message = `Cannot start the speech simulator: port is ${port}, must be free`;
    throw new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
  }
}
