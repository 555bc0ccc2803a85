// The agent's side of a simulated session: at most one response writes to the conversation at a
// time, those outside it run beside; a scripted answer may fail or cut the line.
import type { RealtimeCommandOf } from "../wire/realtime-command-schema.ts";
import { createAnswer } from "./answer.ts";
import { audioForm } from "./audio-forms.ts";
import { ResponseRun } from "./response-run.ts";
import type { ScriptedAnswer } from "./script.ts";
import type { ServerEvent } from "./server-events.ts";
import type { SessionContext } from "./session-context.ts";
import { NOTHING_UNANSWERED, type Unanswered } from "./unanswered.ts";

type ResponseRequest = NonNullable<RealtimeCommandOf<"response.create">["response"]>;

export interface SessionResponses {
  create(command: RealtimeCommandOf<"response.create">): void;
  /** The server's own, after a turn it detected. Not queued behind a running one. */
  createIfFree(): void;
  cancel(command: RealtimeCommandOf<"response.cancel">): void;
  /** The caller began to speak over the answer. */
  interrupt(): void;
  /** True once audio was spoken: the voice is fixed from then on. */
  hasSpoken(): boolean;
  drop(): void;
}

const INPUT_TOKENS_PER_SECOND = 10;

/** There are none; the event belongs to the end of a response. */
const RATE_LIMITS: ServerEvent = {
  type: "rate_limits.updated",
  rate_limits: [
    { name: "requests", limit: 10_000, remaining: 9_999, reset_seconds: 0.006 },
    { name: "tokens", limit: 1_000_000, remaining: 999_000, reset_seconds: 0.06 },
  ],
};

export function createSessionResponses(
  context: SessionContext,
  conversationId: string,
): SessionResponses {
  const { limits, random, send } = context;
  const parallel = new Set<ResponseRun>();
  let active: ResponseRun | undefined;
  let hasSpoken = false;
  const scriptedError = createScriptedErrors();

  const onDone = (run: ResponseRun) => {
    if (active === run) active = undefined;
    parallel.delete(run);
    send(RATE_LIMITS);
  };

  const start = (request: ResponseRequest) => {
    const settings = context.settings();
    const isParallel = request.conversation === "none";
    const unanswered = isParallel ? NOTHING_UNANSWERED : context.unanswered.take();
    const error = scriptedError(unanswered.scripted);
    if (error !== undefined) context.unanswered.giveBack(unanswered);
    const form = audioForm(request.audio?.output?.format ?? settings.outputFormat);
    const run = new ResponseRun({
      context,
      responseId: `resp_${random.hex(8)}`,
      conversationId: isParallel ? null : conversationId,
      metadata: request.metadata ?? null,
      modality: request.output_modalities?.[0] ?? settings.modality,
      form,
      answer: createAnswer({
        unanswered,
        form,
        msMax: limits.answerMsMax,
        instructions: request.instructions ?? "",
      }),
      startDelayMs: unanswered.scripted?.startDelayMs ?? limits.startDelayMs,
      error,
      inputTokens: inputTokens(unanswered),
      onDone,
    });
    if (isParallel) parallel.add(run);
    else active = run;
    hasSpoken ||= run.isSpoken;
    run.start();
    const disconnect = unanswered.scripted?.disconnect;
    if (disconnect === undefined) return;
    context.after(disconnect.afterMs, () => context.close(disconnect.code, "scripted"));
  };

  return {
    create(command) {
      const request = command.response ?? {};
      const isParallel = request.conversation === "none";
      if (!isParallel && active !== undefined) {
        if (context.isSecondResponseIgnored) return;
        const message =
          `Conversation already has an active response in progress: ${active.responseId}. ` +
          "Wait until the response is finished before creating a new one.";
        const code = "conversation_already_has_active_response";
        context.refuse(command, { code, message });
      } else if (isParallel && parallel.size >= limits.parallelResponsesMax) {
        const message = "Too many responses at once.";
        context.refuse(command, { code: "rate_limit_exceeded", message });
      } else start(request);
    },
    createIfFree() {
      if (active === undefined) start({});
    },
    cancel(command) {
      const wanted = command.response_id;
      const run =
        wanted === undefined
          ? active
          : [active, ...parallel].find((candidate) => candidate?.responseId === wanted);
      if (run !== undefined) {
        run.cancel("client_cancelled");
        return;
      }
      const message = "Cancellation failed: no active response found";
      context.refuse(command, { code: "response_cancel_not_active", message });
    },
    interrupt: () => active?.cancel("turn_detected"),
    hasSpoken: () => hasSpoken,
    drop() {
      active?.drop();
      for (const run of parallel) run.drop();
    },
  };
}

/** 10 tokens a second of audio, as the real price list counts a caller's speech. */
function inputTokens(unanswered: Unanswered): number {
  let audioMs = 0;
  for (const part of unanswered.audio) audioMs += part.bytes.length / part.form.bytesPerMs;
  return Math.ceil((audioMs / 1000) * INPUT_TOKENS_PER_SECOND) + unanswered.textCount;
}

/** -> with which error the script has this attempt fail, if it does. */
function createScriptedErrors() {
  const failuresOf = new Map<ScriptedAnswer, number>();
  return (scripted: ScriptedAnswer | undefined) => {
    if (scripted?.error === undefined) return undefined;
    const { code, message, times = Number.POSITIVE_INFINITY } = scripted.error;
    const failures = failuresOf.get(scripted) ?? 0;
    failuresOf.set(scripted, failures + 1);
    return failures < times ? { code, message } : undefined;
  };
}
