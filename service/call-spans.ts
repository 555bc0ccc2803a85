// One call as spans: call -> turn -> response of the model, tool call (S1-41). Station: hears what
// the caller's side is told, and the tokens; rare events only. Names follow OpenTelemetry's gen_ai
// conventions; texts, identities and audio never enter.
//
//   voxbridge.call ---- turn 1 ---- chat MODEL
//                  \            \--- execute_tool NAME ---- invoke_agent DOMAIN ---- chat MODEL
//                   \--- turn 2 ...
//
// The text models' requests are spans of their own (language-model/watched-model.ts), under what
// they are made within: a thinker's work, a tool call being classified, or the call (its summary).
//
// A turn's span is closed when the next one begins or the call ends, at the time of its own last
// event: the pause between two turns belongs to neither.
// Limits: TOOLS_MAX tool calls open at once; more are not traced.
import type { CallDeps } from "./call-deps.ts";
import type { CallNotice } from "./contract/transport.ts";
import type { ThinkerOutcome, ThinkerWatch } from "./contract/thinker.ts";
import type { SpanValues, TraceSpan, Within } from "./contract/tracing.ts";
import type { TokenUsage } from "./contract/upstream.ts";

const TOOLS_MAX = 64;
/** A question that ended so has no answer. */
const PROBLEMS: readonly ThinkerOutcome[] = ["failed", "timed_out", "busy"];

export type CallSpansDeps = Pick<
  CallDeps,
  "tracing" | "clock" | "id" | "plan" | "upstream" | "upstreamName"
>;

interface OpenTurn {
  readonly id: number;
  readonly span: TraceSpan;
  /** Wall time of its newest event. */
  lastMs: number;
}

export class CallSpans {
  readonly #deps: CallSpansDeps;
  readonly #call: TraceSpan;
  readonly #tools = new Map<string, TraceSpan>();
  #turn: OpenTurn | null = null;
  #response: TraceSpan | null = null;
  #usage: TokenUsage | null = null;

  constructor(deps: CallSpansDeps) {
    this.#deps = deps;
    this.#call = deps.tracing.root("voxbridge.call", deps.clock.wallMs(), {
      "gen_ai.conversation.id": deps.id,
      "voxbridge.route": deps.plan.route,
      "voxbridge.lane": deps.plan.lane,
      "voxbridge.upstream": deps.upstreamName,
    });
  }

  onUsage(usage: TokenUsage): void {
    this.#usage = usage;
  }

  onNotice(notice: CallNotice): void {
    switch (notice.kind) {
      case "speech_started":
      case "turn_committed":
        this.#turnSpan(notice.turnId);
        return;
      case "response_started":
        this.#startResponse(notice.turnId, notice.responseId);
        return;
      case "response_done":
        this.#endResponse(notice.turnId, notice.status);
        return;
      case "tool_status":
        this.#onTool(notice);
        return;
      case "turn_latency": {
        const { turnId, endpointMs, commitMs, modelMs, perceivedMs } = notice;
        this.#turnSpan(turnId).set(prefixed({ endpointMs, commitMs, modelMs, perceivedMs }));
        return;
      }
      case "barge_in":
        this.#note("barge_in", { heardMs: notice.heardMs, item: notice.item });
        return;
      case "error":
        this.#note("error", { code: notice.code });
        return;
      default:
    }
  }

  /** A thinker's work, under its tool call. An answer from the cache is one too, and short. */
  readonly thinkerWatch: ThinkerWatch = {
    within: (toolCallId, act) => this.#deps.tracing.within(this.#toolSpan(toolCallId), act),
    begin: (toolCallId, domain) => {
      const { clock, tracing } = this.#deps;
      const parent = this.#toolSpan(toolCallId);
      const span = parent.child(`invoke_agent ${domain}`, "internal", clock.wallMs(), {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.agent.name": domain,
      });
      return {
        within: (act) => tracing.within(span, act),
        end(outcome) {
          span.set(prefixed({ outcome }));
          span.end(clock.wallMs(), PROBLEMS.includes(outcome) ? outcome : "");
        },
      };
    },
  };

  /** What is asked for the call as a whole. */
  readonly within: Within = (act) => this.#deps.tracing.within(this.#call, act);

  /** Everything is over; what is still open ends with it. */
  end(reason: string): void {
    const nowMs = this.#deps.clock.wallMs();
    for (const span of this.#tools.values()) span.end(nowMs, "the call ended first");
    this.#tools.clear();
    this.#response?.end(nowMs, "the call ended first");
    this.#response = null;
    this.#endTurn();
    this.#call.set(prefixed({ reason }));
    this.#call.end(nowMs, reason === "error" || reason === "upstream_lost" ? reason : "");
  }

  #toolSpan(toolCallId: string): TraceSpan {
    return this.#tools.get(toolCallId) ?? this.#call;
  }

  /** The span of this turn, begun when it is new; turn 0 (the greeting) belongs to the call. */
  #turnSpan(turnId: number): TraceSpan {
    const nowMs = this.#deps.clock.wallMs();
    if (this.#turn?.id === turnId) {
      this.#turn.lastMs = nowMs;
      return this.#turn.span;
    }
    // What comes late for an older turn is not worth a span of its own.
    if (turnId === 0 || (this.#turn?.id ?? 0) > turnId) return this.#call;
    this.#endTurn();
    const span = this.#call.child("turn", "internal", nowMs, prefixed({ turnId }));
    this.#turn = { id: turnId, span, lastMs: nowMs };
    return span;
  }

  #endTurn(): void {
    this.#turn?.span.end(this.#turn.lastMs, "");
    this.#turn = null;
  }

  #startResponse(turnId: number, responseId: string): void {
    const nowMs = this.#deps.clock.wallMs();
    this.#response?.end(nowMs, "another response began");
    const { model } = this.#deps.upstream.upstream();
    this.#response = this.#turnSpan(turnId).child(`chat ${model}`, "client", nowMs, {
      "gen_ai.operation.name": "chat",
      "gen_ai.provider.name": this.#deps.upstreamName,
      "gen_ai.request.model": model,
      "gen_ai.response.id": responseId,
      "gen_ai.output.type": "speech",
    });
  }

  #endResponse(turnId: number, status: string): void {
    const nowMs = this.#deps.clock.wallMs();
    this.#turnSpan(turnId);
    const usage = this.#usage;
    this.#usage = null;
    if (this.#response === null) return;
    this.#response.set({
      ...(usage !== null && {
        "gen_ai.usage.input_tokens": usage.inputTokens,
        "gen_ai.usage.output_tokens": usage.outputTokens,
      }),
      "gen_ai.response.finish_reasons": [status],
    });
    this.#response.end(nowMs, status === "failed" ? "failed" : "");
    this.#response = null;
  }

  #onTool({ toolCallId, name, state }: CallNotice & { readonly kind: "tool_status" }): void {
    const nowMs = this.#deps.clock.wallMs();
    if (this.#turn !== null) this.#turn.lastMs = nowMs;
    if (state === "started") {
      if (this.#tools.size >= TOOLS_MAX) return;
      const parent = this.#turn?.span ?? this.#call;
      const span = parent.child(`execute_tool ${name}`, "internal", nowMs, {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": name,
        "gen_ai.tool.call.id": toolCallId,
      });
      this.#tools.set(toolCallId, span);
      return;
    }
    this.#tools.get(toolCallId)?.end(nowMs, state === "failed" ? "failed" : "");
    this.#tools.delete(toolCallId);
  }

  #note(name: string, values: SpanValues): void {
    const span = this.#turn?.span ?? this.#call;
    span.note(name, this.#deps.clock.wallMs(), prefixed(values));
  }
}

/** voxbridge.turn_id and the like: attribute names have no capitals. */
function prefixed(values: SpanValues): SpanValues {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      `voxbridge.${name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)}`,
      value,
    ]),
  );
}
