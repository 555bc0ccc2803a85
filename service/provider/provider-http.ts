// The HTTP client of every provider: language models, speech engines, data sources of thinkers.
// Station: between a client that knows what to ask and the provider's server.
// What it promises: an answer or a VoxError within the deadline; at most answerBytesMax read; no
// redirect followed, so that a key never goes where the configuration did not send it; connections
// are kept and used again (Bun's fetch pools them per host, S3-04); retries only before the first
// byte of an answer; a breaker, when given, is asked before and told after.
import { assert } from "../assert.ts";
import type { Clock, Random } from "../contract/clock.ts";
import type { Metrics } from "../contract/metrics.ts";
import { VoxError } from "../errors.ts";
import { type BreakerPass, type CircuitBreaker, isHealthFailure } from "./circuit-breaker.ts";
import { cancelled, Deadline, untilAborted } from "./deadline.ts";
import { failureOfConnection, failureOfStatus, protocolFailure } from "./http-failure.ts";
import { HttpAnswer } from "./http-answer.ts";
import { providerAddress, requestAddress } from "./provider-address.ts";
import { createProviderMetrics, type ProviderMetrics } from "./provider-metrics.ts";
import { retrying } from "./retry.ts";

/** Read of a refusal's body, to find its code. */
const REFUSAL_BYTES_MAX = 4 * 1024;

export interface ProviderHttpSettings {
  /** In metrics, logs and errors; lower snake case. */
  readonly provider: string;
  /** https, or http without a key or on this machine; requests add their path to its path. */
  readonly baseUrl: string;
  /** "" for none. */
  readonly key: string;
  /** Where the key goes: "authorization" sends it as Bearer, any other header as it is. */
  readonly keyHeader: string;
  /** Request to the headers of the answer, per attempt. */
  readonly answerMsMax: number;
  /** Between two pieces of a body. */
  readonly silenceMsMax: number;
  /** All of it, retries and body too. */
  readonly totalMsMax: number;
  readonly answerBytesMax: number;
  readonly retriesMax: number;
}

/** As fetch, for tests and for embedders with a proxy. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ProviderHttpDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly fetch?: Fetch;
  /** Shared by whoever uses the same provider; absent: none. */
  readonly breaker?: CircuitBreaker;
}

export interface ProviderRequest {
  readonly method: "GET" | "POST";
  /** "/chat/completions", added to the base's path. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent again in a retry, so no stream. */
  readonly body?: string | Uint8Array<ArrayBuffer> | FormData;
  /** What the answer's content type must begin with, one of them. */
  readonly contentTypes: readonly string[];
}

export interface ProviderHttp {
  readonly provider: string;
  /**
   * -> what `read` makes of the answer, once its status is 2xx and its content type is one of those
   * asked for. Rejects with VoxError of ProviderFailureCode; `signal` makes it `cancelled`. What
   * `read` throws is the provider's failure too: a schema that does not fit counts like a status.
   */
  ask<Value>(
    request: ProviderRequest,
    signal: AbortSignal,
    read: (answer: HttpAnswer) => Promise<Value>,
  ): Promise<Value>;
  /** As ask, for an answer that is used while it comes. Leaving the loop ends the request. */
  stream<Value>(
    request: ProviderRequest,
    signal: AbortSignal,
    read: (answer: HttpAnswer) => AsyncIterable<Value>,
  ): AsyncIterable<Value>;
}

/** Throws VoxError `config_invalid` when the address is not one to send a key to. */
export function createProviderHttp(
  settings: ProviderHttpSettings,
  deps: ProviderHttpDeps,
): ProviderHttp {
  assert(settings.answerBytesMax > 0, "an answer must have a bound");
  assert(settings.totalMsMax >= settings.answerMsMax, "an attempt must fit the whole time");
  const { provider } = settings;
  const base = providerAddress(provider, settings.baseUrl, settings.key !== "");
  const metrics = createProviderMetrics(deps.metrics, provider);
  const client = { settings, deps, base, metrics };
  return {
    provider,
    async ask(request, signal, read) {
      const use = beginUse(client, signal);
      try {
        const value = await read(await send(client, request, use.deadline));
        endUse(client, use, null);
        return value;
      } catch (error) {
        throw endUse(client, use, error);
      }
    },
    async *stream(request, signal, read) {
      const use = beginUse(client, signal);
      let isRead = false;
      try {
        yield* read(await send(client, request, use.deadline));
        isRead = true;
        endUse(client, use, null);
      } catch (error) {
        isRead = true;
        throw endUse(client, use, error);
      } finally {
        // Whoever read it left the loop: it has what it wanted.
        if (!isRead) endUse(client, use, cancelled(provider));
      }
    },
  };
}

interface Client {
  readonly settings: ProviderHttpSettings;
  readonly deps: ProviderHttpDeps;
  readonly base: URL;
  readonly metrics: ProviderMetrics;
}

interface Use {
  readonly pass: BreakerPass | null;
  readonly deadline: Deadline;
}

/** Throws `engine_resting` when the breaker lets nobody in. */
function beginUse({ settings, deps, metrics }: Client, signal: AbortSignal): Use {
  const { breaker, clock } = deps;
  const pass = breaker?.enter() ?? null;
  if (breaker !== undefined && pass === null) {
    const error = resting(settings.provider, breaker.restMs());
    metrics.countFailure(error);
    throw error;
  }
  const deadline = new Deadline(clock, signal);
  deadline.total(settings.totalMsMax);
  return { pass, deadline };
}

/** The use is over, well (null) or not. -> the error to throw. */
function endUse({ settings, metrics }: Client, { pass, deadline }: Use, error: unknown): unknown {
  const isCut = error !== null && deadline.signal.aborted;
  const failure = isCut ? deadline.error(settings.provider) : error;
  deadline.end();
  if (failure !== null) metrics.countFailure(failure);
  if (failure === null) pass?.succeed();
  else if (isHealthFailure(failure)) pass?.fail(failure);
  // A refused request was answered: the provider is well, the request is not.
  else if (failure instanceof VoxError && failure.code === "engine_refused") pass?.succeed();
  else pass?.abandon();
  return failure;
}

/** -> the answer, after as many attempts as are allowed. */
async function send(
  client: Client,
  request: ProviderRequest,
  deadline: Deadline,
): Promise<HttpAnswer> {
  const { settings, deps, metrics } = client;
  const startedMs = deps.clock.nowMs();
  const terms = {
    clock: deps.clock,
    random: deps.random,
    retriesMax: settings.retriesMax,
    deadlineMs: startedMs + settings.totalMsMax,
    signal: deadline.signal,
    onRetry: () => metrics.countRetry(),
  };
  const exchange = { client, request, deadline, startedMs };
  const response = await retrying(terms, () => attempt(exchange));
  return new HttpAnswer(response, settings, deadline);
}

interface Exchange {
  readonly client: Client;
  readonly request: ProviderRequest;
  readonly deadline: Deadline;
  readonly startedMs: number;
}

/** One request. -> a response whose status and content type are right. */
async function attempt({ client, request, deadline, startedMs }: Exchange): Promise<Response> {
  const { settings, deps, base, metrics } = client;
  const { provider } = settings;
  const url = requestAddress(base, request.path, request.query ?? {});
  const fetching = deps.fetch ?? fetch;
  // An attempt that is given up must end, or its answer would be read by nobody.
  const own = new Deadline(deps.clock, deadline.signal);
  own.next(settings.answerMsMax);
  try {
    const init: RequestInit = {
      method: request.method,
      headers: headersOf(settings, request),
      redirect: "manual",
      signal: own.signal,
      ...(request.body !== undefined && { body: request.body }),
    };
    const response = await untilAborted(fetching(url, init), own.signal);
    own.disarm();
    if (!response.ok) throw await refusalOf(client, response, own);
    const contentType = response.headers.get("content-type")?.toLowerCase() ?? "none";
    if (!request.contentTypes.some((wanted) => contentType.startsWith(wanted))) {
      void response.body?.cancel();
      const shown = /^[\w.+-]+\/[\w.+-]+/.exec(contentType)?.[0] ?? "not named";
      const wanted = request.contentTypes.join(" or ");
      throw protocolFailure(provider, `the answer is ${shown}, must be ${wanted}`);
    }
    metrics.answerMs.observe(deps.clock.nowMs() - startedMs);
    return response;
  } catch (error) {
    own.end();
    if (error instanceof VoxError) throw error;
    if (own.signal.aborted) throw own.error(provider);
    throw failureOfConnection(provider, error);
  }
}

async function refusalOf(client: Client, response: Response, own: Deadline): Promise<VoxError> {
  const { settings, deps } = client;
  own.next(settings.silenceMsMax);
  const body = await beginningOf(response, own.signal);
  own.disarm();
  return failureOfStatus({
    provider: settings.provider,
    status: response.status,
    retryAfter: response.headers.get("retry-after"),
    body,
    wallMs: deps.clock.wallMs(),
  });
}

/** The first bytes of a body as text, "" when it breaks. Read whole, its connection is kept. */
async function beginningOf(response: Response, signal: AbortSignal): Promise<string> {
  const body: ReadableStream<Uint8Array> | null = response.body;
  if (body === null) return "";
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  try {
    for (let bytes = 0; bytes < REFUSAL_BYTES_MAX; ) {
      const { done, value } = await untilAborted(reader.read(), signal);
      if (done) return text;
      bytes += value.length;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // The status says enough; its body only has the code.
  }
  void reader.cancel().catch(() => undefined);
  return text;
}

function headersOf(settings: ProviderHttpSettings, request: ProviderRequest) {
  const { key, keyHeader } = settings;
  const isBearer = keyHeader.toLowerCase() === "authorization";
  return {
    accept: request.contentTypes.join(", "),
    ...(key !== "" && { [keyHeader]: isBearer ? `Bearer ${key}` : key }),
    ...request.headers,
  };
}

function resting(provider: string, restMs: number): VoxError {
  const message = `Cannot use ${provider}: it failed too often and is left in peace for now`;
  const code = "engine_resting";
  return new VoxError(message, { code, isRetryable: true, provider, retryAfterMs: restMs });
}
