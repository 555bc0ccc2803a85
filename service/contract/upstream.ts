// The agent's side of a call: one speech model session, whatever speaks it.
// Order: open, then onReady (or onClosed); commands only make sense after onReady, earlier ones are
// refused as DROPPED or kept as the implementation says. onClosed comes exactly once, last.
// Synchronous: commands send at once, events come as direct calls. Source: protocols.md section 1.
import type { UpstreamEncoding, UpstreamRateHz } from "./core.ts";
import type { SendResult } from "./send-result.ts";

export interface UpstreamFormat {
  readonly encoding: UpstreamEncoding;
  readonly rateHz: UpstreamRateHz;
}

export interface ToolDefinition {
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments. */
  readonly parameters: Readonly<Record<string, unknown>>;
}

/**
 * How the provider may take part in turn taking; `null` is SENT as null (decision 6, D-23, RT-01).
 * A signal says when speech begins and ends, and commits, but neither responds nor interrupts.
 */
export type ProviderTurnDetection =
  | null
  | "server_vad"
  | "semantic_vad"
  | "server_vad_signal"
  | "semantic_vad_signal";

export interface UpstreamSession {
  readonly instructions: string;
  readonly voice: string;
  readonly tools: readonly ToolDefinition[];
  readonly turnDetection: ProviderTurnDetection;
  /** Model that writes down the caller's words; "" for none. */
  readonly transcriptionModel: string;
  /** Both directions (decision 4: G.711 callers get G.711). */
  readonly format: UpstreamFormat;
}

/** What one response is asked to be. Empty instructions: the session's. */
export interface ResponseRequest {
  readonly instructions: string;
  /** Comes back in onResponseCreated, so that the asker is known. */
  readonly tag: string;
  /**
   * Said first, word for word and before any model has answered, by an upstream that can; it then
   * takes no notice of `instructions`, which ask the others for the same. Absent or "": nothing.
   */
  readonly openingText?: string;
}

export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/**
 * Where the time of one answer went in an upstream of several engines (S2-82), in ms; -1: there was
 * no such stage. The stages follow each other, but what overlaps the silence that ended the turn
 * counts in full here.
 */
export interface StageLatency {
  /** From the turn's first audio to the first words. */
  readonly sttFirstPartialMs: number;
  /** From the moment the end of the words was asked for to the final transcript. */
  readonly sttFinalMs: number;
  readonly textProcessingMs: number;
  readonly ragRetrievalMs: number;
  /** From the question to the model to its first words, and from there to a whole sentence. */
  readonly llmFirstTokenMs: number;
  readonly llmFirstSentenceMs: number;
  /** From the first whole sentence to its first audio. */
  readonly ttsFirstAudioMs: number;
}

/**
 * What an upstream of several engines reports as onError when one of them is gone for an answer
 * (S2-87): the call goes on, and its caller's side is told.
 */
export const STAGE_FAILURES = [
  "speech_to_text_failed",
  "language_model_failed",
  "text_to_speech_failed",
] as const;
export type StageFailure = (typeof STAGE_FAILURES)[number];

const RESPOND_PREFIX = "respond-";

/** The command that asks for the answer with this tag: which of them was refused can be told. */
export function respondCommandId(tag: string): string {
  return `${RESPOND_PREFIX}${tag}`;
}

/** -> the tag of the request that this command was, "" for any other. */
export function respondTagOf(commandId: string): string {
  return commandId.startsWith(RESPOND_PREFIX) ? commandId.slice(RESPOND_PREFIX.length) : "";
}

export type ResponseStatus = "completed" | "cancelled" | "failed" | "incomplete";

/** Why an upstream is gone. `fatal`: dialling again will not help. */
export interface UpstreamClosure {
  readonly reason: "closed_by_us" | "lost" | "refused" | "expired" | "timeout" | "protocol";
  readonly isFatal: boolean;
  /** Of a dial that was refused. */
  readonly status?: number;
  /** Fixed text plus numbers; never a key. */
  readonly message: string;
}

export interface Upstream {
  readonly kind: "openai" | "simulator" | "cascade";
  readonly model: string;
  open(): void;
  isReady(): boolean;
  /** Bytes [start, end) of `source` in the session's format. */
  append(source: Uint8Array, start: number, end: number): SendResult;
  commit(): SendResult;
  /**
   * The caller may be done (true), or goes on after all (false): work that can be thrown away may
   * begin during the silence (D-28). Everything said so far was appended before. A commit ends it.
   */
  hintTurnEnd?(isMaybe: boolean): void;
  /** Throws away what was appended and not committed. */
  clearInput(): SendResult;
  respond(request: ResponseRequest): SendResult;
  /** responseId "" cancels whatever is active. */
  cancel(responseId: string): SendResult;
  truncate(itemId: string, contentIndex: number, audioEndMs: number): SendResult;
  deleteItem(itemId: string): SendResult;
  /** `assistant` restores what was said in an earlier session. */
  createText(role: "user" | "system" | "assistant", text: string): SendResult;
  submitToolOutput(toolCallId: string, output: string): SendResult;
  /** Only present fields change. */
  updateSession(change: Partial<UpstreamSession>): SendResult;
  /** Stops and restarts reading, when the answer queue is full (decision 17). */
  pauseReading(): void;
  resumeReading(): void;
  /** Until the provider ends the session by itself; -1 when it did not say. */
  expiresInMs?(): number;
  /** The network's newest time there and back; -1 before the first is known. */
  roundTripMs?(): number;
  /** Ends the session; only onClosed follows, from the event loop, within about a second. */
  close(): void;
}

export interface UpstreamListener {
  /** The session is configured as asked and its echo was checked. */
  onReady(): void;
  onCommitted(itemId: string): void;
  onSpeechStarted(audioStartMs: number, itemId: string): void;
  onSpeechStopped(audioEndMs: number, itemId: string): void;
  onResponseCreated(responseId: string, tag: string): void;
  /** Bytes [0, byteCount) of `audio`, a buffer that is used again for the next event. */
  onAudio(
    responseId: string,
    itemId: string,
    contentIndex: number,
    audio: Uint8Array,
    byteCount: number,
  ): void;
  /** Before the first audio of an answer; only an upstream of several engines knows. */
  onStageLatency?(responseId: string, latency: StageLatency): void;
  /** No more audio for this item. */
  onAudioDone(responseId: string, itemId: string): void;
  /** Not final: the next piece. Final: all of the item's text. */
  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void;
  onCallerTranscript(itemId: string, text: string): void;
  onToolCall(responseId: string, toolCallId: string, name: string, argumentsText: string): void;
  /**
   * errorCode: of a failed response; why a cancelled or incomplete one ended; "" when completed.
   */
  onResponseDone(
    responseId: string,
    status: ResponseStatus,
    usage: TokenUsage,
    errorCode: string,
  ): void;
  /**
   * The provider refused a command or reports trouble; unless onClosed follows, the session goes
   * on. commandId: `<command>-<session>-<count>`, where command is append, commit, clear, cancel,
   * truncate, delete, text, tool or session; of a request for an answer respondCommandId(tag); ""
   * when the provider names none.
   */
  onError(code: string, message: string, commandId: string): void;
  onClosed(closure: UpstreamClosure): void;
  /**
   * The session is gone and is being replaced: a response in it is over, what was appended and not
   * acknowledged is lost there. isReady() is false until onRestored (or onClosed, for good). Also
   * once for a first dial that failed and is tried again; onReady follows then.
   */
  onLost?(closure: UpstreamClosure): void;
  /**
   * Nobody speaks, as far as is heard here, and what is not committed can be sent again: a session
   * may be replaced. The provider's own detection hears a word only after a moment.
   */
  isCallerQuiet?(): boolean;
  /** A new session knows what was said; what was not acknowledged may be sent again. */
  onRestored?(): void;
}

/** Makes an upstream for one call; does not dial before open(). */
export type UpstreamFactory = (session: UpstreamSession, listener: UpstreamListener) => Upstream;
