// One response of a simulated session, from response.created to response.done, its audio cut into
// uneven deltas that come faster than real time. Order of events: protocols.md 1.6.
//
//   created -> (start delay) -> item added -> part added -> delta* -> ...done events -> done
//                  cancel at any point: deltas already "in flight" still come, then done, cancelled
import type {
  ConversationItem,
  RealtimeConversationItemAssistantMessage,
  RealtimeResponse,
  RealtimeResponseStatus,
  ResponseContentPartAddedEvent,
} from "openai/resources/realtime/realtime";
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import type { Answer } from "./answer.ts";
import type { AudioForm } from "./audio-forms.ts";
import type { StoredItem } from "./conversation-items.ts";
import type { SendEvent } from "./server-events.ts";
import type { SimulatorLimits } from "./simulator-options.ts";

export interface ResponseRunDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SimulatorLimits;
  readonly send: SendEvent;
  /** Puts an item into the conversation; nothing for a response outside it. */
  addItem(stored: StoredItem): void;
  onDone(run: ResponseRun, outputMs: number): void;
}

export interface ResponsePlan {
  readonly responseId: string;
  readonly conversationId: string | null;
  readonly metadata: Readonly<Record<string, string>> | null;
  readonly modality: "audio" | "text";
  readonly form: AudioForm;
  readonly answer: Answer;
  readonly startDelayMs: number;
  /** The response fails with this instead of answering. */
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly inputTokens: number;
}

export interface ResponseRun {
  readonly responseId: string;
  start(): void;
  cancel(reason: "client_cancelled" | "turn_detected"): void;
  /** Nothing more is sent, not even the end: the connection is gone. */
  drop(): void;
}

type Status = "completed" | "cancelled" | "failed";
const OUTPUT_TOKENS_PER_SECOND = 20;

export function createResponseRun(deps: ResponseRunDeps, plan: ResponsePlan): ResponseRun {
  const { clock, limits, send } = deps;
  const { responseId, form, answer } = plan;
  const itemId = `item_${deps.random.hex(8)}`;
  const spot = { response_id: responseId, item_id: itemId, output_index: 0, content_index: 0 };
  const words = answer.transcript.split(/(?<= )/);
  const output: ConversationItem[] = [];
  let stored: StoredItem | undefined;
  let sentBytes = 0;
  let sentWords = 0;
  let timer: TimerHandle | undefined;
  let cancelReason: "client_cancelled" | "turn_detected" | undefined;
  let isOver = false;

  const message = (status: "in_progress" | "completed" | "incomplete"): ConversationItem => ({
    id: itemId,
    object: "realtime.item",
    type: "message",
    role: "assistant",
    status,
    content: status === "in_progress" ? [] : [content()],
  });

  const said = () => words.slice(0, sentWords).join("");
  const content = (): RealtimeConversationItemAssistantMessage.Content =>
    plan.modality === "audio"
      ? { type: "output_audio", transcript: said() }
      : { type: "output_text", text: said() };
  // The part events keep the old names of the two types.
  const part = (): ResponseContentPartAddedEvent.Part =>
    plan.modality === "audio"
      ? { type: "audio", transcript: said() }
      : { type: "text", text: said() };

  const response = (status: Status | "in_progress"): RealtimeResponse => {
    const details = statusDetails(status);
    const outputTokens = Math.ceil((sentBytes / form.bytesPerMs / 1000) * OUTPUT_TOKENS_PER_SECOND);
    return {
      id: responseId,
      object: "realtime.response",
      status,
      output: [...output],
      output_modalities: [plan.modality],
      ...(plan.conversationId === null ? {} : { conversation_id: plan.conversationId }),
      metadata: plan.metadata,
      ...(details === undefined ? {} : { status_details: details }),
      ...(status === "in_progress" ? {} : { usage: usage(plan, outputTokens, sentWords) }),
    };
  };

  const statusDetails = (status: Status | "in_progress"): RealtimeResponseStatus | undefined => {
    if (status === "cancelled" && cancelReason !== undefined) {
      return { type: "cancelled", reason: cancelReason };
    }
    if (status !== "failed" || plan.error === undefined) return undefined;
    return { type: "failed", error: { type: "server_error", ...plan.error } };
  };

  const after = (delayMs: number, act: () => void) => {
    timer = clock.setTimer(delayMs, act);
  };
  const stopTimer = () => {
    if (timer !== undefined) clock.clearTimer(timer);
    timer = undefined;
  };

  const begin = () => {
    if (plan.error !== undefined) return finish("failed");
    if (answer.toolCalls.length > 0) return callTools();
    stored = {
      id: itemId,
      item: message("completed"),
      isAgentAudio: plan.modality === "audio",
      audioMs: 0,
      audio: plan.modality === "audio" ? answer.audio : undefined,
    };
    const item = message("in_progress");
    send({ type: "response.output_item.added", response_id: responseId, output_index: 0, item });
    deps.addItem(stored);
    send({ type: "response.content_part.added", ...spot, part: part() });
    step();
  };

  const callTools = () => {
    for (const [index, call] of answer.toolCalls.entries()) {
      const callItemId = `item_${deps.random.hex(8)}`;
      const callId = `call_${deps.random.hex(8)}`;
      const head = { response_id: responseId, item_id: callItemId, output_index: index };
      const item: ConversationItem = {
        id: callItemId,
        object: "realtime.item",
        type: "function_call",
        status: "completed",
        call_id: callId,
        name: call.name,
        arguments: call.argumentsText,
      };
      const begun = { ...item, status: "in_progress" as const, arguments: "" };
      send({
        type: "response.output_item.added",
        response_id: responseId,
        output_index: index,
        item: begun,
      });
      deps.addItem({ id: callItemId, item, isAgentAudio: false, audioMs: 0, audio: undefined });
      const type = "response.function_call_arguments";
      send({ type: `${type}.delta`, ...head, call_id: callId, delta: call.argumentsText });
      send({
        type: `${type}.done`,
        ...head,
        call_id: callId,
        name: call.name,
        arguments: call.argumentsText,
      });
      send({ type: "response.output_item.done", response_id: responseId, output_index: index, item });
      output.push(item);
    }
    finish("completed");
  };

  /** Sends a word or two and the next piece of audio, then waits as long as the speed asks. */
  const step = () => {
    const isLast = plan.modality === "text" || sentBytes >= answer.audio.length;
    sendWords(isLast ? words.length : sentWords + 2);
    if (isLast) return finish("completed");
    const bytes = answer.audio.subarray(sentBytes, sentBytes + pieceBytes());
    sentBytes += bytes.length;
    const pieceMs = bytes.length / form.bytesPerMs;
    if (stored !== undefined) stored.audioMs = sentBytes / form.bytesPerMs;
    send({
      type: "response.output_audio.delta",
      ...spot,
      delta: Buffer.from(bytes).toString("base64"),
    });
    after(pieceMs / limits.speed, step);
  };

  /** A length between the bounds, any number of samples: no peer may count on 20 ms frames. */
  const pieceBytes = (): number => {
    const samplesMin = (limits.deltaMsMin * form.rateHz) / 1000;
    const samplesMax = (limits.deltaMsMax * form.rateHz) / 1000;
    const spread = Math.max(1, samplesMax - samplesMin + 1);
    return (samplesMin + (deps.random.uint32() % spread)) * form.sampleBytes;
  };

  const sendWords = (count: number) => {
    const delta = words.slice(sentWords, count).join("");
    sentWords = Math.min(count, words.length);
    if (delta === "") return;
    if (plan.modality === "text") send({ type: "response.output_text.delta", ...spot, delta });
    else send({ type: "response.output_audio_transcript.delta", ...spot, delta });
  };

  const endItem = (status: Status) => {
    if (stored === undefined) return;
    const item = message(status === "completed" ? "completed" : "incomplete");
    const text = said();
    if (plan.modality === "audio") {
      send({ type: "response.output_audio.done", ...spot });
      send({ type: "response.output_audio_transcript.done", ...spot, transcript: text });
    } else send({ type: "response.output_text.done", ...spot, text });
    send({ type: "response.content_part.done", ...spot, part: part() });
    send({ type: "response.output_item.done", response_id: responseId, output_index: 0, item });
    output.push(item);
    if (stored.audio !== undefined) stored.audio = stored.audio.subarray(0, sentBytes);
  };

  const finish = (outcome: Status) => {
    stopTimer();
    if (isOver) return;
    isOver = true;
    // A cancelled response is cancelled, even when all its audio was on its way already.
    const status = cancelReason === undefined ? outcome : "cancelled";
    endItem(status);
    send({ type: "response.done", response: response(status) });
    deps.onDone(run, sentBytes / form.bytesPerMs);
  };

  const run: ResponseRun = {
    responseId,
    start() {
      send({ type: "response.created", response: response("in_progress") });
      after(plan.startDelayMs, begin);
    },
    cancel(reason) {
      if (cancelReason !== undefined || isOver) return;
      cancelReason = reason;
      // Nothing was on its way yet: it ends at once. Else what is in flight still arrives.
      if (stored === undefined) finish("cancelled");
      else clock.setTimer(limits.lateDeltasMs, () => finish("cancelled"));
    },
    drop() {
      isOver = true;
      stopTimer();
    },
  };
  return run;
}

function usage(plan: ResponsePlan, outputTokens: number, wordCount: number) {
  const textTokens = wordCount;
  return {
    total_tokens: plan.inputTokens + outputTokens + textTokens,
    input_tokens: plan.inputTokens,
    output_tokens: outputTokens + textTokens,
    output_token_details: { audio_tokens: outputTokens, text_tokens: textTokens },
  };
}
