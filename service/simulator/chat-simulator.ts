// An OpenAI-compatible chat server of our own: for tests, and for people who have no key. It obeys
// the rules a client can break, answers as its script says, fails on demand (docs/simulator.md).
// Station: the other end of service/language-model, over real HTTP on loopback.
// Limits: ChatSimulatorLimits; a body at most BODY_BYTES_MAX.
import type { Server } from "bun";
import { z } from "zod";
import type { Clock, Random } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";
import { type ChatRequest, chatRequestSchema } from "./chat-request-schema.ts";
import { unscriptedAnswer } from "./chat-reply.ts";
import { type ChatFault, type ChatScript, scriptedChatAnswer } from "./chat-script.ts";
import { createChatStream } from "./chat-stream.ts";

const BODY_BYTES_MAX = 4 * 1024 * 1024;
const RECORDS_MAX = 20_000;
const PATHS: ReadonlySet<string> = new Set(["/v1/chat/completions", "/chat/completions"]);

export interface ChatSimulatorLimits {
  /** From the request to the first token. */
  readonly firstTokenMs: number;
  /** 0: all at once. */
  readonly tokensPerSecond: number;
  readonly requestsAtOnceMax: number;
}

export const CHAT_SIMULATOR_LIMITS: ChatSimulatorLimits = {
  firstTokenMs: 100,
  tokensPerSecond: 100,
  requestsAtOnceMax: 1_024,
};

export interface ChatSimulatorOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly script?: ChatScript;
  readonly limits?: Partial<ChatSimulatorLimits>;
  /** The key a request must bring, "" or absent: any, none too. */
  readonly key?: string;
  /** Keeps every request, for tests. */
  readonly isRecorded?: boolean;
}

export interface ChatRecord {
  readonly atMs: number;
  readonly request: ChatRequest;
  readonly hasAuthorization: boolean;
  /** The answer was left before its end. */
  isLeft: boolean;
}

export interface ChatSimulator {
  /** http://host:port/v1, the base of an OpenAI-compatible client. */
  readonly url: string;
  /** Oldest first; empty unless `isRecorded`. */
  readonly records: readonly ChatRecord[];
  /** Requests ever taken, refused ones too. */
  requests(): number;
  /** Answers under way. */
  active(): number;
  /** The next request fails like this, whatever the script says. */
  failNext(fault: ChatFault): void;
  stop(): Promise<void>;
}

/** Listens at once. Throws VoxError `config_invalid` when the port is taken. */
export function createChatSimulator(options: ChatSimulatorOptions): ChatSimulator {
  const limits: ChatSimulatorLimits = { ...CHAT_SIMULATOR_LIMITS, ...options.limits };
  const state: State = {
    options,
    limits,
    records: [],
    faults: [],
    requests: 0,
    active: new Set(),
  };
  const server = listen(options, (request) => respond(state, request));
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

interface State {
  readonly options: ChatSimulatorOptions;
  readonly limits: ChatSimulatorLimits;
  readonly records: ChatRecord[];
  readonly faults: ChatFault[];
  requests: number;
  /** Ends each answer under way. */
  readonly active: Set<() => void>;
}

async function respond(state: State, request: Request): Promise<Response> {
  const { options, limits } = state;
  state.requests += 1;
  const count = state.requests;
  const path = new URL(request.url).pathname;
  if (!PATHS.has(path)) return refusal(404, "not_found", `there is no ${path}`);
  if (request.method !== "POST") return refusal(405, "method_not_allowed", "must be POST");
  const authorization = request.headers.get("authorization") ?? "";
  if ((options.key ?? "") !== "" && authorization !== `Bearer ${options.key}`) {
    return refusal(401, "invalid_api_key", "the key is wrong");
  }
  if (state.active.size >= limits.requestsAtOnceMax) {
    return refusal(429, "rate_limit_exceeded", "too many requests at once");
  }
  const parsed = chatRequestSchema.safeParse(await bodyOf(request));
  if (!parsed.success) {
    return refusal(400, "invalid_request_error", z.prettifyError(parsed.error));
  }
  const record: ChatRecord = {
    atMs: options.clock.nowMs(),
    request: parsed.data,
    hasAuthorization: authorization !== "",
    isLeft: false,
  };
  if (options.isRecorded && state.records.length < RECORDS_MAX) state.records.push(record);
  return answer(state, record, { count, left: request.signal });
}

/** The value of a JSON body, undefined for anything else. */
async function bodyOf(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}

interface Arrival {
  /** The how manieth request it is, from 1. */
  readonly count: number;
  /** Aborted when the client is gone. */
  readonly left: AbortSignal;
}

function answer(
  state: State,
  record: ChatRecord,
  { count, left }: Arrival,
): Response | Promise<Response> {
  const { options, limits } = state;
  const { request } = record;
  const scripted = scriptedChatAnswer(options.script, request, count);
  const said = scripted ?? unscriptedAnswer(request);
  const fault = state.faults.shift() ?? said.fault;
  if (fault?.kind === "status") {
    const headers = { ...(fault.retryAfter !== undefined && { "retry-after": fault.retryAfter }) };
    return refusal(fault.status, fault.code, "simulated", headers);
  }
  if (fault?.kind === "html") {
    return new Response("<h1>Bad gateway</h1>", { headers: { "content-type": "text/html" } });
  }
  if (fault?.kind === "silence") {
    left.addEventListener("abort", () => {
      record.isLeft = true;
    });
    return new Promise(() => undefined);
  }
  if (!request.stream) return refusal(400, "invalid_value", "stream must be true here");
  const parts = {
    clock: options.clock,
    id: `chatcmpl-${options.random.hex(8)}`,
    request,
    answer: said,
    fault,
    firstTokenMs: said.firstTokenMs ?? limits.firstTokenMs,
    tokensPerSecond: said.tokensPerSecond ?? limits.tokensPerSecond,
    callId: () => `call_${options.random.hex(8)}`,
  };
  const stream = createChatStream(parts, (isLeft) => {
    record.isLeft = isLeft;
    state.active.delete(stream.end);
  });
  state.active.add(stream.end);
  return stream.response;
}

function refusal(status: number, code: string, message: string, headers = {}): Response {
  const error = { message, type: "invalid_request_error", param: null, code };
  return Response.json({ error }, { status, headers });
}

function listen(
  { host, port }: ChatSimulatorOptions,
  answer: (request: Request) => Promise<Response>,
): Server<undefined> {
  try {
    return Bun.serve({
      hostname: host,
      port,
      maxRequestBodySize: BODY_BYTES_MAX,
      // A slow model is silent for longer than Bun's ten seconds.
      idleTimeout: 0,
      fetch: answer,
    });
  } catch (cause) {
    const message = `Cannot start the chat simulator: port is ${port}, must be free`;
    throw new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
  }
}
