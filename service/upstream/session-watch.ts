// One session of a steady upstream: passes its events on while it is the current one, and knows
// what is going on in it: is a response active, is audio uncommitted, is an answer still being
// heard?
// Station: between one Upstream and the steady upstream that replaces it when it is lost or old.
import type { Clock } from "../contract/clock.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  ResponseStatus,
  TokenUsage,
  Upstream,
  UpstreamClosure,
  UpstreamFactory,
  UpstreamListener,
  UpstreamSession,
} from "../contract/upstream.ts";
import type { SpokenHistory } from "./spoken-history.ts";

/** Item and tool call ids remembered of one session; older ones count as unknown. */
const IDS_MAX = 4096;
/** Beyond its audio's length an answer may still sound this long at the far end. */
const HEARING_SLACK_MS = 500;

export interface SessionWatchDeps {
  readonly factory: UpstreamFactory;
  readonly clock: Clock;
  readonly session: UpstreamSession;
  /** Hears everything but ready and closed. */
  readonly listener: UpstreamListener;
  readonly history: SpokenHistory;
  readonly onReady: (session: SessionWatch) => void;
  readonly onClosed: (session: SessionWatch, closure: UpstreamClosure) => void;
}

export class SessionWatch implements UpstreamListener {
  readonly upstream: Upstream;
  readonly #deps: SessionWatchDeps;
  readonly #bytesPerMs: number;
  readonly #itemIds = new Set<string>();
  readonly #toolCallIds = new Set<string>();
  #isRetired = false;
  #isProviderListening: boolean;
  #responsesActive = 0;
  #uncommittedBytes = 0;
  #isCallerSpeaking = false;
  #heardToMs = 0;

  constructor(deps: SessionWatchDeps) {
    this.#deps = deps;
    const { encoding, rateHz } = deps.session.format;
    this.#bytesPerMs = (rateHz / 1000) * (encoding === "pcm16" ? 2 : 1);
    this.#isProviderListening = deps.session.turnDetection !== null;
    this.upstream = deps.factory(deps.session, this);
  }

  /** Its events are not passed on any more; it closes. */
  retire(): void {
    this.#isRetired = true;
    this.upstream.close();
  }

  /** Nobody speaks and nothing is under way. */
  isQuiet(): boolean {
    if (this.#responsesActive > 0 || this.#isCallerSpeaking) return false;
    // Whoever hears the caller knows; else what is uncommitted may be the beginning of a word.
    const isQuiet = this.#deps.listener.isCallerQuiet?.();
    const isUncommitted = !this.#isProviderListening && this.#uncommittedBytes > 0;
    if (isQuiet === false || (isQuiet === undefined && isUncommitted)) return false;
    return this.#deps.clock.nowMs() >= this.#heardToMs;
  }

  knows(itemId: string): boolean {
    return this.#itemIds.has(itemId);
  }

  hasToolCall(toolCallId: string): boolean {
    return this.#toolCallIds.has(toolCallId);
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    const sent = this.upstream.append(source, start, end);
    if (sent !== SEND.DROPPED) this.#uncommittedBytes += end - start;
    return sent;
  }

  commit(): SendResult {
    const sent = this.upstream.commit();
    if (sent !== SEND.DROPPED) this.#forgetSpeech();
    return sent;
  }

  clearInput(): SendResult {
    const sent = this.upstream.clearInput();
    if (sent !== SEND.DROPPED) this.#forgetSpeech();
    return sent;
  }

  updateSession(change: Partial<UpstreamSession>): SendResult {
    const sent = this.upstream.updateSession(change);
    if (sent === SEND.DROPPED || change.turnDetection === undefined) return sent;
    this.#isProviderListening = change.turnDetection !== null;
    // A detection that is off tells no end of what it was hearing.
    if (!this.#isProviderListening) this.#isCallerSpeaking = false;
    return sent;
  }

  /** The session was changed after it had been dialled. */
  catchUp(session: UpstreamSession): void {
    if (session !== this.#deps.session) this.updateSession(session);
  }

  // ---- UpstreamListener -------------------------------------------------------------------

  onReady(): void {
    if (!this.#isRetired) this.#deps.onReady(this);
  }

  onCommitted(itemId: string): void {
    if (this.#isRetired) return;
    this.#remember(itemId);
    this.#deps.history.addItem("user", itemId);
    this.#deps.listener.onCommitted(itemId);
  }

  onSpeechStarted(audioStartMs: number, itemId: string): void {
    if (this.#isRetired) return;
    this.#isCallerSpeaking = true;
    this.#deps.listener.onSpeechStarted(audioStartMs, itemId);
  }

  onSpeechStopped(audioEndMs: number, itemId: string): void {
    if (this.#isRetired) return;
    this.#isCallerSpeaking = false;
    this.#deps.listener.onSpeechStopped(audioEndMs, itemId);
  }

  onResponseCreated(responseId: string, tag: string): void {
    if (this.#isRetired) return;
    this.#responsesActive += 1;
    this.#deps.listener.onResponseCreated(responseId, tag);
  }

  onAudio(
    responseId: string,
    itemId: string,
    contentIndex: number,
    audio: Uint8Array,
    byteCount: number,
  ): void {
    if (this.#isRetired) return;
    this.#remember(itemId);
    const audioMs = byteCount / this.#bytesPerMs;
    this.#deps.history.addAudio(itemId, audioMs);
    const nowMs = this.#deps.clock.nowMs();
    this.#heardToMs = Math.max(this.#heardToMs, nowMs + HEARING_SLACK_MS) + audioMs;
    this.#deps.listener.onAudio(responseId, itemId, contentIndex, audio, byteCount);
  }

  onAudioDone(responseId: string, itemId: string): void {
    if (!this.#isRetired) this.#deps.listener.onAudioDone(responseId, itemId);
  }

  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    if (this.#isRetired) return;
    if (isFinal) this.#deps.history.setText("assistant", itemId, text);
    else this.#deps.history.addWords("assistant", itemId, text);
    this.#deps.listener.onAgentTranscript(responseId, itemId, text, isFinal);
  }

  onCallerTranscript(itemId: string, text: string): void {
    if (this.#isRetired) return;
    this.#deps.history.setText("user", itemId, text);
    this.#deps.listener.onCallerTranscript(itemId, text);
  }

  onToolCall(responseId: string, toolCallId: string, name: string, argumentsText: string): void {
    if (this.#isRetired) return;
    if (this.#toolCallIds.size < IDS_MAX) this.#toolCallIds.add(toolCallId);
    this.#deps.listener.onToolCall(responseId, toolCallId, name, argumentsText);
  }

  onResponseDone(
    responseId: string,
    status: ResponseStatus,
    usage: TokenUsage,
    errorCode: string,
  ): void {
    if (this.#isRetired) return;
    this.#responsesActive = Math.max(0, this.#responsesActive - 1);
    this.#deps.listener.onResponseDone(responseId, status, usage, errorCode);
  }

  onError(code: string, message: string, commandId: string): void {
    if (!this.#isRetired) this.#deps.listener.onError(code, message, commandId);
  }

  onClosed(closure: UpstreamClosure): void {
    if (!this.#isRetired) this.#deps.onClosed(this, closure);
  }
  #remember(itemId: string): void {
    if (this.#itemIds.size < IDS_MAX) this.#itemIds.add(itemId);
  }

  /** Nothing is left of what was appended; the provider may never say that the speech in it ended. */
  #forgetSpeech(): void {
    this.#uncommittedBytes = 0;
    this.#isCallerSpeaking = false;
  }
}
