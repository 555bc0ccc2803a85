// A language model whose requests are spans: one for each, from the question to the last piece of its
// answer, under whatever they are made within (S1-41).
// Station: around each model of the thinkers, also around those that stand by, so that a failed
// request and the one that took its place are both seen. A request that is made within nothing is
// not shown; without a collector nothing ever is.
// Source: OpenTelemetry's semantic conventions for generative AI, "Inference". Never words: counts,
// names, and how it ended.
import type { Clock } from "../contract/clock.ts";
import type {
  LanguageModel,
  LanguageModelPart,
  LanguageModelRequest,
} from "../contract/language-model.ts";
import type { SpanValues, TraceSpan, Tracing } from "../contract/tracing.ts";
import { VoxError } from "../errors.ts";

export interface WatchedAs {
  /** As configured: in metrics and errors. */
  readonly provider: string;
  /** Of the server; its key is no part of it. */
  readonly url: string;
  readonly model: string;
}

interface WatchDeps {
  readonly clock: Clock;
  readonly tracing: Tracing;
}

export function createWatchedModel(
  model: LanguageModel,
  { provider, url, model: name }: WatchedAs,
  { clock, tracing }: WatchDeps,
): LanguageModel {
  const { hostname, port, protocol } = new URL(url);
  const server = {
    // Spoken by the protocol of that provider, whoever runs the server: its name tells which one.
    "gen_ai.provider.name": "openai",
    "gen_ai.request.model": name,
    "server.address": hostname,
    "server.port": port === "" ? (DEFAULT_PORTS[protocol] ?? 0) : Number(port),
    "voxbridge.provider": provider,
  };
  return {
    name: model.name,
    support: model.support,
    generate(request, signal) {
      // Asked now: the first piece may be taken within something else.
      const parent = tracing.current();
      if (parent === null) return model.generate(request, signal);
      const values = { ...server, ...valuesOf(request) };
      const begin = () => parent.child(`chat ${name}`, "client", clock.wallMs(), values);
      return watched(model.generate(request, signal), begin, clock);
    },
    close: () => model.close(),
  };
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { "http:": 80, "https:": 443 };

function valuesOf({ outputTokensMax, outputSchema }: LanguageModelRequest): SpanValues {
  return {
    "gen_ai.operation.name": "chat",
    "gen_ai.request.max_tokens": outputTokensMax,
    "gen_ai.request.stream": true,
    "gen_ai.output.type": outputSchema === undefined ? "text" : "json",
  };
}

/** The same parts. A reader that has had enough ends the request, and its span, too. */
async function* watched(
  parts: AsyncIterable<LanguageModelPart>,
  begin: () => TraceSpan,
  clock: Clock,
): AsyncGenerator<LanguageModelPart> {
  const span = begin();
  const startedMs = clock.nowMs();
  let isFirst = true;
  let problem = "";
  try {
    for await (const part of parts) {
      if (isFirst) {
        const seconds = (clock.nowMs() - startedMs) / 1000;
        span.set({ "gen_ai.response.time_to_first_chunk": seconds });
      }
      isFirst = false;
      if (part.kind === "end") span.set(endingOf(part));
      yield part;
    }
  } catch (error) {
    problem = error instanceof VoxError ? error.code : "_OTHER";
    span.set({ "error.type": problem });
    throw error;
  } finally {
    span.end(clock.wallMs(), problem);
  }
}

/** The convention's own words where it has them. */
const REASONS = {
  stop: "stop",
  length: "length",
  tool_calls: "tool_calls",
  filtered: "content_filter",
} as const;

function endingOf(part: Extract<LanguageModelPart, { kind: "end" }>): SpanValues {
  return {
    "gen_ai.response.finish_reasons": [REASONS[part.reason]],
    "gen_ai.usage.input_tokens": part.inputTokens,
    "gen_ai.usage.output_tokens": part.outputTokens,
  };
}
