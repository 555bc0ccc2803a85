// A call's session with a Realtime API server (OpenAI, the simulator, or anyone who speaks it).
// On the frame's way: takes the caller's bytes out of core memory, gives the agent's bytes back.
// Source: protocols.md section 1; decisions 4 to 6 and 11. One session, one socket: a lost one is
// reported, not dialled again here.
// Order: open -> socket open -> session.update (first message) -> session.updated, checked ->
// ready.
import { assert } from "../assert.ts";
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import { type Log, SILENT_LOG } from "../contract/log.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  ResponseRequest,
  Upstream,
  UpstreamClosure,
  UpstreamFactory,
  UpstreamListener,
  UpstreamSession,
} from "../contract/upstream.ts";
import { UPSTREAM_CHANGES_MAX, UPSTREAM_DIAL_TIMEOUT_MS } from "../limits.ts";
import * as commands from "../wire/realtime-commands.ts";
import type { RealtimeDialect } from "../wire/realtime-dialect.ts";
import type { SessionEcho } from "../wire/realtime-session-echo.ts";
import { createRealtimeReader, type RealtimeReader } from "./realtime-reader.ts";
import { sessionMismatch } from "./session-check.ts";
import { CLOSED_BY_US, closureOfProtocol, closureOfTimeout } from "./upstream-closure.ts";
import { type KeyHeader, realtimeHeaders, realtimeUrl } from "./upstream-address.ts";
import { createUpstreamMetrics, type UpstreamMetrics } from "./upstream-metrics.ts";
import { createUpstreamSocket, type UpstreamSocket } from "./upstream-socket.ts";
import { createUpstreamStats, type UpstreamStats } from "./upstream-stats.ts";

export interface OpenAiRealtimeDeps {
  /** ws:// or wss://, with path; `?model=` is added. */
  readonly url: string;
  /** "" for none. Never sent over ws:// to another machine. */
  readonly apiKey: string;
  readonly model: string;
  /** Which header carries the key; "auto": api-key at Azure's addresses, else authorization. */
  readonly keyHeader?: KeyHeader;
  readonly clock: Clock;
  readonly random: Random;
  /** How its commands are written; "ga" unless said. */
  readonly dialect?: RealtimeDialect;
  /** A server whose echo says nothing of turn detection or formats is believed (default: no). */
  readonly isSilentEchoAccepted?: boolean;
  /** Names what the other side is; "openai" unless said. */
  readonly kind?: "openai" | "simulator";
  readonly metrics?: Metrics;
  readonly log?: Log;
  /** Counts of all sessions of this factory. */
  readonly stats?: UpstreamStats;
}

/**
 * Makes sessions with one Realtime API server. Throws VoxError `config_invalid` on a bad address.
 */
export function createOpenAiRealtimeFactory(deps: OpenAiRealtimeDeps): UpstreamFactory {
  const url = realtimeUrl(deps.url, deps.model);
  const dialect = deps.dialect ?? "ga";
  const shared: Shared = {
    kind: deps.kind ?? "openai",
    model: deps.model,
    apiKey: deps.apiKey,
    url,
    headers: realtimeHeaders({ url, apiKey: deps.apiKey, dialect, keyHeader: deps.keyHeader }),
    dialect,
    isSilentEchoAccepted: deps.isSilentEchoAccepted ?? false,
    clock: deps.clock,
    random: deps.random,
    log: deps.log ?? SILENT_LOG,
    stats: deps.stats ?? createUpstreamStats(),
    metrics: createUpstreamMetrics(deps.metrics ?? NO_METRICS),
  };
  return (session, listener) => new OpenAiRealtime(shared, session, listener);
}

interface Shared {
  readonly kind: "openai" | "simulator";
  readonly model: string;
  readonly apiKey: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect: RealtimeDialect;
  readonly isSilentEchoAccepted: boolean;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly stats: UpstreamStats;
  readonly metrics: UpstreamMetrics;
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
  readonly #shared: Shared;
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

  constructor(shared: Shared, session: UpstreamSession, listener: UpstreamListener) {
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
    return this.#send(commands.respondText(this.#commandId("respond"), request, dialect));
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

  #onSessionEcho(echo: SessionEcho): void {
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
