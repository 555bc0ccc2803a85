// A language model behind any OpenAI-compatible chat endpoint.
// Station: between thinkers, cascade and summary on one side and `POST <base>/chat/completions` on
// the other, through provider/ (deadlines, retries before the first byte, breaker, connections kept).
// Limits: ChatModelSettings; EVENT_BYTES_MAX for one event; after "[DONE]" a server has DRAIN_MS to
// end its answer, so that the connection can be used again.
import { assert } from "../assert.ts";
import type { LanguageModel, LanguageModelPart } from "../contract/language-model.ts";
import type { CircuitBreaker } from "../provider/circuit-breaker.ts";
import { cancelled } from "../provider/deadline.ts";
import { eventsOf } from "../provider/event-stream.ts";
import type { HttpAnswer } from "../provider/http-answer.ts";
import {
  createProviderHttp,
  type ProviderHttp,
  type ProviderHttpDeps,
} from "../provider/provider-http.ts";
import { ChatAnswer } from "./chat-answer.ts";
import { type ChatDialect, chatRequestBody } from "./chat-request.ts";

const EVENT_BYTES_MAX = 256 * 1024;
const ANSWER_BYTES_MAX = 4 * 1024 * 1024;
const DRAIN_MS = 200;
const OUTPUT_TOKENS_MAX = 100_000;

export interface ChatModelSettings {
  /** In metrics and errors; lower snake case. */
  readonly provider: string;
  /** Up to "/v1", as servers document it. */
  readonly baseUrl: string;
  /** "" for a server that wants none. */
  readonly key: string;
  readonly model: string;
  readonly dialect: ChatDialect;
  /** Whether the server takes response_format json_schema. */
  readonly hasOutputSchema: boolean;
  /** To the first byte of an answer, per attempt. */
  readonly answerMsMax: number;
  /** Between two pieces. */
  readonly silenceMsMax: number;
  readonly totalMsMax: number;
  readonly retriesMax: number;
}

export type ChatModelDeps = ProviderHttpDeps & { readonly breaker?: CircuitBreaker };

/** Throws VoxError `config_invalid` when the address is not one to send the key to. */
export function createChatModel(settings: ChatModelSettings, deps: ChatModelDeps): LanguageModel {
  const { provider, model, dialect, hasOutputSchema } = settings;
  assert(model !== "", "a chat model must have a name");
  const http = createProviderHttp(
    {
      ...settings,
      keyHeader: "authorization",
      answerBytesMax: ANSWER_BYTES_MAX,
    },
    deps,
  );
  const closing = new AbortController();
  return {
    name: `chat:${model}`,
    support: { hasTools: true, isStreaming: true, hasOutputSchema },
    generate(request, signal) {
      assert(request.outputTokensMax >= 1, "an answer must have room");
      assert(request.outputTokensMax <= OUTPUT_TOKENS_MAX, "an answer must have a bound");
      const body = chatRequestBody(model, dialect, request);
      return answerOf({ http, provider, body, signal: AbortSignal.any([signal, closing.signal]) });
    },
    close: () => closing.abort(),
  };
}

interface Generation {
  readonly http: ProviderHttp;
  readonly provider: string;
  readonly body: string;
  readonly signal: AbortSignal;
}

async function* answerOf(generation: Generation): AsyncGenerator<LanguageModelPart> {
  const { http, provider, body, signal } = generation;
  if (signal.aborted) throw cancelled(provider);
  const answer = new ChatAnswer(provider);
  const request = {
    method: "POST",
    path: "/chat/completions",
    headers: { "content-type": "application/json" },
    body,
    contentTypes: ["text/event-stream"],
  } as const;
  for await (const part of http.stream(request, signal, (http) =>
    partsOf(http, provider, answer),
  )) {
    // The signal may have been aborted while the part waited to be taken.
    if (signal.aborted) throw cancelled(provider);
    yield part;
  }
  yield answer.end();
}

async function* partsOf(
  http: HttpAnswer,
  provider: string,
  answer: ChatAnswer,
): AsyncGenerator<LanguageModelPart> {
  for await (const { data } of eventsOf(http, { provider, eventBytesMax: EVENT_BYTES_MAX })) {
    // A server may say more after its "[DONE]"; nobody reads it.
    if (answer.isDone()) continue;
    const text = answer.take(data);
    if (text !== "") yield { kind: "text", text };
    if (answer.isDone()) http.end(DRAIN_MS);
  }
  for (const call of answer.calls()) yield { kind: "tool_call", call };
}
