// One client WebSocket to a model, for a conversation or for its transcription, with what Bun 1.4.5
// leaves to its user: a dial timeout, a sign of life, a bound on what is queued, a bound on what
// arrives, an end that always comes.
// On the frame's way: the last station of the caller's audio and the first of the agent's.
// Why each: on a dead link the socket stays "open" with nothing buffered for as long as one looks;
// close() towards a silent peer never fires `close`, terminate() does at once (anchors 0.6, 7).
// A paused socket does not read pongs either, so pings judge nothing while it is paused.
import type { Clock, TimerHandle } from "../contract/clock.ts";
import type { Log } from "../contract/log.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type { UpstreamClosure } from "../contract/upstream.ts";
import {
  UPSTREAM_BUFFERED_BYTES_MAX,
  UPSTREAM_CLOSE_TIMEOUT_MS,
  UPSTREAM_COMMAND_RESERVE_BYTES,
  UPSTREAM_DIAL_TIMEOUT_MS,
  UPSTREAM_MESSAGE_BYTES_MAX,
  UPSTREAM_PING_MS,
  UPSTREAM_PONGS_MISSED_MAX,
} from "../limits.ts";
import {
  CLOSED_BY_US,
  closureOfClose,
  closureOfFailedDial,
  closureOfProtocol,
  closureOfTimeout,
} from "./upstream-closure.ts";

/** What the sockets of a process did, as plain numbers (upstream/upstream-stats.ts). */
export interface SocketCounts {
  dials: number;
  /** Text messages, both directions; pings not included. */
  messagesSent: number;
  messagesReceived: number;
  pingsSent: number;
  pongsReceived: number;
  closed: number;
}

export interface UpstreamSocketListener {
  onOpen(): void;
  onText(text: string): void;
  /** A ping was answered: the network's time there and back. */
  onRoundTrip(durationMs: number): void;
  /** A message that is binary or over UPSTREAM_MESSAGE_BYTES_MAX; it is thrown away. */
  onUnreadable(isOversized: boolean): void;
  /** Exactly once, last. */
  onClosed(closure: UpstreamClosure): void;
}

export interface UpstreamSocketDeps {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly stats: SocketCounts;
  readonly log: Log;
}

export interface UpstreamSocket {
  dial(): void;
  /** Refused when more than the cap is queued; `hasReserve` lets small commands past full audio. */
  send(text: string, hasReserve: boolean): SendResult;
  pause(): void;
  resume(): void;
  /** Says goodbye; onClosed follows within UPSTREAM_CLOSE_TIMEOUT_MS. */
  close(): void;
  /** Ends the connection at once, for `closure`. */
  fail(closure: UpstreamClosure): void;
}

const CODE_NORMAL = 1000;

type SocketState = "idle" | "dialing" | "open" | "closing" | "closed";

/** A socket that is not dialled yet. */
export function createUpstreamSocket(
  deps: UpstreamSocketDeps,
  listener: UpstreamSocketListener,
): UpstreamSocket {
  return new ClientSocket(deps, listener);
}

class ClientSocket implements UpstreamSocket {
  readonly #deps: UpstreamSocketDeps;
  readonly #listener: UpstreamSocketListener;
  #socket: WebSocket | undefined;
  #state: SocketState = "idle";
  #isPaused = false;
  #quietPings = 0;
  /** When the newest ping went out, -1 once it was answered. */
  #pingMs = -1;
  #timer: TimerHandle | undefined;

  constructor(deps: UpstreamSocketDeps, listener: UpstreamSocketListener) {
    this.#deps = deps;
    this.#listener = listener;
  }

  dial(): void {
    if (this.#state !== "idle") return;
    this.#state = "dialing";
    this.#deps.stats.dials += 1;
    this.#arm(UPSTREAM_DIAL_TIMEOUT_MS, () =>
      this.fail(closureOfTimeout("connection", UPSTREAM_DIAL_TIMEOUT_MS)),
    );
    const { url, headers } = this.#deps;
    this.#socket = new WebSocket(url, { headers, perMessageDeflate: false });
    this.#attach(this.#socket);
  }

  send(text: string, hasReserve: boolean): SendResult {
    const socket = this.#socket;
    if (socket === undefined || this.#state !== "open") return SEND.DROPPED;
    const reserveBytes = hasReserve ? UPSTREAM_COMMAND_RESERVE_BYTES : 0;
    const freeBytes = UPSTREAM_BUFFERED_BYTES_MAX + reserveBytes - socket.bufferedAmount;
    if (text.length > freeBytes) return SEND.DROPPED;
    socket.send(text);
    this.#deps.stats.messagesSent += 1;
    return socket.bufferedAmount === 0 ? SEND.SENT : SEND.BUFFERED;
  }

  pause(): void {
    this.#isPaused = true;
    this.#socket?.pause();
  }

  resume(): void {
    this.#isPaused = false;
    this.#quietPings = 0;
    this.#socket?.resume();
  }

  close(): void {
    if (this.#state === "closing" || this.#state === "closed") return;
    if (this.#state !== "open") {
      this.fail(CLOSED_BY_US);
      return;
    }
    this.#state = "closing";
    // A paused socket would not read the answer to its own goodbye.
    this.resume();
    this.#arm(UPSTREAM_CLOSE_TIMEOUT_MS, () => this.fail(CLOSED_BY_US));
    this.#socket?.close(CODE_NORMAL);
  }

  fail(closure: UpstreamClosure): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#disarm();
    this.#deps.stats.closed += 1;
    this.#socket?.terminate();
    this.#socket = undefined;
    this.#guard(() => this.#listener.onClosed(closure));
  }

  #attach(socket: WebSocket): void {
    socket.addEventListener("open", () => this.#onOpen());
    socket.addEventListener("message", (event) => this.#guard(() => this.#onMessage(event.data)));
    socket.addEventListener("pong", () => {
      this.#deps.stats.pongsReceived += 1;
      this.#quietPings = 0;
      this.#onPong();
    });
    socket.addEventListener("error", (event) => {
      const text = "message" in event && typeof event.message === "string" ? event.message : "";
      if (this.#state === "dialing") this.fail(closureOfFailedDial(text));
    });
    socket.addEventListener("close", (event) => this.#onClose(event.code));
  }

  #onPong(): void {
    if (this.#pingMs < 0) return;
    const durationMs = this.#deps.clock.nowMs() - this.#pingMs;
    this.#pingMs = -1;
    this.#guard(() => this.#listener.onRoundTrip(durationMs));
  }

  #onOpen(): void {
    if (this.#state !== "dialing") return;
    this.#state = "open";
    this.#arm(UPSTREAM_PING_MS, () => this.#checkLife());
    this.#guard(() => this.#listener.onOpen());
  }

  #onMessage(data: unknown): void {
    this.#quietPings = 0;
    if (this.#state === "closed") return;
    this.#deps.stats.messagesReceived += 1;
    // After our goodbye nobody wants to know any more.
    if (this.#state !== "open") return;
    const isOversized = typeof data === "string" && data.length > UPSTREAM_MESSAGE_BYTES_MAX;
    if (typeof data !== "string" || isOversized) this.#listener.onUnreadable(isOversized);
    else this.#listener.onText(data);
  }

  #onClose(code: number): void {
    if (this.#state === "closing") this.fail(CLOSED_BY_US);
    else this.fail(this.#state === "dialing" ? closureOfFailedDial("") : closureOfClose(code));
  }

  #checkLife(): void {
    if (this.#isPaused) this.#quietPings = 0;
    if (this.#quietPings >= UPSTREAM_PONGS_MISSED_MAX) {
      const message = `The upstream is lost: ${this.#quietPings} pings without an answer`;
      this.fail({ reason: "lost", isFatal: false, message });
      return;
    }
    this.#quietPings += 1;
    this.#deps.stats.pingsSent += 1;
    this.#pingMs = this.#deps.clock.nowMs();
    this.#socket?.ping();
    this.#arm(UPSTREAM_PING_MS, () => this.#checkLife());
  }

  /** Our bug inside a listener ends this session, not the process (decision 18). */
  #guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      const cause = error instanceof Error ? error : undefined;
      this.#deps.log.error("upstream listener failed", { error: cause });
      this.fail(closureOfProtocol("Cannot go on: an upstream event could not be handled"));
    }
  }

  /** One timer serves all: a socket waits for its dial, its next ping, or its end. */
  #arm(delayMs: number, act: () => void): void {
    this.#disarm();
    this.#timer = this.#deps.clock.setTimer(delayMs, act);
  }

  #disarm(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}
