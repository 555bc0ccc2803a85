// A call's session with a Realtime API server (OpenAI, the simulator, or anyone who speaks it).
// On the frame's way: takes the caller's bytes out of core memory, gives the agent's bytes back.
// Source: protocols.md section 1; decisions 4 to 6 and 11. One session, one socket: a lost one is
// reported, not dialled again here.
// Order: open -> socket open -> session.update (first message) -> session.updated, checked ->
// ready.
import { assert } from "../assert.ts";
import type { TimerHandle } from "../contract/clock.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import {
  respondCommandId,
  type ResponseRequest,
  type Upstream,
  type UpstreamClosure,
  type UpstreamFactory,
  type UpstreamListener,
  type UpstreamSession,
} from "../contract/upstream.ts";
import { UPSTREAM_CHANGES_MAX, UPSTREAM_DIAL_TIMEOUT_MS } from "../limits.ts";
import * as commands from "../wire/realtime-commands.ts";
import type { SessionEcho } from "../wire/realtime-session-echo.ts";
import { createRealtimeReader, type RealtimeReader } from "./realtime-reader.ts";
import { sessionMismatch } from "./session-check.ts";
import { CLOSED_BY_US, closureOfProtocol, closureOfTimeout } from "../provider/upstream-closure.ts";
import { type OpenAiRealtimeDeps, realtimeShared, type RealtimeShared } from "./realtime-shared.ts";
import { createUpstreamSocket, type UpstreamSocket } from "../provider/upstream-socket.ts";

/**
 * Makes sessions with one Realtime API server. Throws VoxError `config_invalid` on a bad address.
 */
export function createOpenAiRealtimeFactory(deps: OpenAiRealtimeDeps): UpstreamFactory {
  const shared = realtimeShared(deps);
  return (session, listener) => new OpenAiRealtime(shared, session, listener);
}

/** A session.update that was sent and not answered yet. */
interface SessionChange {
  readonly commandId: string;
  readonly change: Partial<UpstreamSession>;
}

type SessionState = "idle" | "opening" | "ready" | "closed";

// Turns a view of any memory into base64 without another view; the types of Bun leave it out.
const BASE64 = Buffer.prototype as unknown as {
  base64Slice(this: Uint8Array, start: number, end: number): string;
};

class OpenAiRealtime implements Upstream {
  readonly kind: "openai" | "simulator";
  readonly model: string;
  readonly #shared: RealtimeShared;
  readonly #listener: UpstreamListener;
  readonly #socket: UpstreamSocket;
  readonly #reader: RealtimeReader;
  readonly #idPrefix: string;
  /** What the server has confirmed; before the first echo: what we want. */
  #session: UpstreamSession;
  readonly #changes: SessionChange[] = [];
  #state: SessionState = "idle";
  #commandCount = 0;
  #configureTimer: TimerHandle | undefined;
  #openedMs = 0;
  #expiresAtSeconds = 0;
  #roundTripMs = -1;

  constructor(shared: RealtimeShared, session: UpstreamSession, listener: UpstreamListener) {
    this.kind = shared.kind;
    this.model = shared.model;
    this.#shared = shared;
    this.#session = session;
    this.#listener = listener;
    // Fails here, when the call is made, if the format is one this protocol does not have.
    commands.formatOf(session.format);
    this.#idPrefix = shared.random.hex(4);
    this.#socket = createUpstreamSocket(shared, {
      onOpen: () => this.#configure(),
      onText: (text) => this.#reader.onText(text),
      onRoundTrip: (durationMs) => this.#onRoundTrip(durationMs),
      onUnreadable: (isOversized) => this.#reader.onUnreadable(isOversized),
      onClosed: (closure) => this.#onClosed(closure),
    });
    this.#reader = createRealtimeReader({
      listener,
      stats: shared.stats,
      metrics: shared.metrics,
      apiKey: shared.apiKey,
      sampleBytes: session.format.encoding === "pcm16" ? 2 : 1,
      onSessionEcho: (echo) => this.#onSessionEcho(echo),
      onCommandRefused: (commandId, code) => this.#onCommandRefused(commandId, code),
      fail: (closure) => this.#socket.fail(closure),
    });
  }

  open(): void {
    if (this.#state !== "idle") return;
    this.#state = "opening";
    this.#openedMs = this.#shared.clock.nowMs();
    this.#socket.dial();
  }

  isReady(): boolean {
    return this.#state === "ready";
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    assert(start >= 0 && start <= end, "append takes a range that grows");
    assert(end <= source.length, "append reads within its source");
    if (this.#state !== "ready") {
      this.#shared.stats.appendsDropped += 1;
      return SEND.DROPPED;
    }
    const audio = BASE64.base64Slice.call(source, start, end);
    const result = this.#socket.send(commands.appendText(this.#commandId("append"), audio), false);
    if (result === SEND.DROPPED) this.#shared.stats.appendsDropped += 1;
    this.#shared.metrics.countAppend(result);
    return result;
  }

  commit(): SendResult {
    return this.#send(commands.commitText(this.#commandId("commit")));
  }

  clearInput(): SendResult {
    return this.#send(commands.clearInputText(this.#commandId("clear")));
  }

  respond(request: ResponseRequest): SendResult {
    const { dialect } = this.#shared;
    return this.#send(commands.respondText(respondCommandId(request.tag), request, dialect));
  }

  cancel(responseId: string): SendResult {
    return this.#send(commands.cancelText(this.#commandId("cancel"), responseId));
  }

  truncate(itemId: string, contentIndex: number, audioEndMs: number): SendResult {
    const id = this.#commandId("truncate");
    return this.#send(commands.truncateText(id, itemId, contentIndex, audioEndMs));
  }

  deleteItem(itemId: string): SendResult {
    return this.#send(commands.deleteItemText(this.#commandId("delete"), itemId));
  }

  createText(role: "user" | "system" | "assistant", text: string): SendResult {
    const { dialect } = this.#shared;
    return this.#send(commands.createMessageText(this.#commandId("text"), role, text, dialect));
  }

  submitToolOutput(toolCallId: string, output: string): SendResult {
    return this.#send(commands.toolOutputText(this.#commandId("tool"), toolCallId, output));
  }

  updateSession(change: Partial<UpstreamSession>): SendResult {
    if (this.#changes.length >= UPSTREAM_CHANGES_MAX) return this.#dropCommand();
    const commandId = this.#commandId("session");
    const text = commands.sessionUpdateText(commandId, change, this.#shared.dialect);
    const result = this.#send(text);
    if (result !== SEND.DROPPED) this.#changes.push({ commandId, change });
    return result;
  }

  pauseReading(): void {
    this.#socket.pause();
  }

  resumeReading(): void {
    this.#socket.resume();
  }

  expiresInMs(): number {
    if (this.#expiresAtSeconds === 0) return -1;
    return Math.max(0, this.#expiresAtSeconds * 1000 - this.#shared.clock.wallMs());
  }

  roundTripMs(): number {
    return this.#roundTripMs;
  }

  close(): void {
    // An upstream that was never opened has nobody to say goodbye to, but still reports its end.
    if (this.#state === "idle") this.#socket.fail(CLOSED_BY_US);
    else this.#socket.close();
  }

  #configure(): void {
    const commandId = this.#commandId("session");
    this.#changes.push({ commandId, change: this.#session });
    const text = commands.sessionUpdateText(commandId, this.#session, this.#shared.dialect);
    this.#socket.send(text, true);
    this.#configureTimer = this.#shared.clock.setTimer(UPSTREAM_DIAL_TIMEOUT_MS, () => {
      this.#configureTimer = undefined;
      this.#socket.fail(closureOfTimeout("session.updated", UPSTREAM_DIAL_TIMEOUT_MS));
    });
  }

  #onRoundTrip(durationMs: number): void {
    this.#roundTripMs = durationMs;
    this.#shared.metrics.roundTripMs.observe(durationMs);
  }

  #onSessionEcho(echo: SessionEcho): void {
    if (echo.expiresAtSeconds > 0) this.#expiresAtSeconds = echo.expiresAtSeconds;
    const answered = this.#changes.shift();
    if (answered !== undefined) this.#session = { ...this.#session, ...answered.change };
    const mismatch = sessionMismatch(this.#session, echo, this.#shared.isSilentEchoAccepted);
    if (mismatch !== "") {
      const closure = closureOfProtocol(`Cannot use the upstream session: ${mismatch}`);
      this.#shared.log.error("upstream session refused", { reason: closure.message });
      this.#socket.fail(closure);
      return;
    }
    if (this.#state !== "opening") return;
    this.#state = "ready";
    this.#stopConfigureTimer();
    this.#shared.metrics.readyMs.observe(this.#shared.clock.nowMs() - this.#openedMs);
    this.#listener.onReady();
  }

  #onCommandRefused(commandId: string, code: string): void {
    const index = this.#changes.findIndex((change) => change.commandId === commandId);
    if (index < 0) return;
    this.#changes.splice(index, 1);
    if (this.#state !== "opening") return;
    this.#socket.fail(closureOfProtocol(`Cannot configure the upstream session: ${code}`));
  }

  #onClosed(closure: UpstreamClosure): void {
    this.#state = "closed";
    this.#stopConfigureTimer();
    this.#shared.metrics.countClosed(closure.reason);
    this.#listener.onClosed(closure);
  }

  #stopConfigureTimer(): void {
    if (this.#configureTimer === undefined) return;
    this.#shared.clock.clearTimer(this.#configureTimer);
    this.#configureTimer = undefined;
  }

  /**
   * `<command>-<session>-<count>`: an error that names it tells which kind of command it answers.
   */
  #commandId(command: string): string {
    this.#commandCount += 1;
    return `${command}-${this.#idPrefix}-${this.#commandCount}`;
  }

  #send(text: string): SendResult {
    if (this.#state !== "ready") return this.#dropCommand();
    const result = this.#socket.send(text, true);
    return result === SEND.DROPPED ? this.#dropCommand() : result;
  }

  #dropCommand(): SendResult {
    this.#shared.stats.commandsDropped += 1;
    return SEND.DROPPED;
  }
}
