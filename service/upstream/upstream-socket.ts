// One client WebSocket to a speech model, with what Bun 1.4.5 leaves to its user: a dial timeout, a
// sign of life, a bound on what is queued, a bound on what arrives, an end that always comes.
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
import type { UpstreamStats } from "./upstream-stats.ts";

export interface UpstreamSocketListener {
  onOpen(): void;
  onText(text: string): void;
  /** A message that is binary or over UPSTREAM_MESSAGE_BYTES_MAX; it is thrown away. */
  onUnreadable(isOversized: boolean): void;
  /** Exactly once, last. */
  onClosed(closure: UpstreamClosure): void;
}

export interface UpstreamSocketDeps {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly clock: Clock;
  readonly stats: UpstreamStats;
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

type SocketState = "idle" | "dialing" | "open" | "closing" | "closed";

/** A socket that is not dialled yet. Listener calls come from the event loop, never from within. */
export function createUpstreamSocket(
  deps: UpstreamSocketDeps,
  listener: UpstreamSocketListener,
): UpstreamSocket {
  const { clock, stats } = deps;
  let socket: WebSocket | undefined;
  let state: SocketState = "idle";
  let isPaused = false;
  let quietPings = 0;
  let timer: TimerHandle | undefined;

  const arm = (delayMs: number, act: () => void) => {
    disarm();
    timer = clock.setTimer(delayMs, act);
  };
  const disarm = () => {
    if (timer !== undefined) clock.clearTimer(timer);
    timer = undefined;
  };

  const finish = (closure: UpstreamClosure) => {
    if (state === "closed") return;
    state = "closed";
    disarm();
    stats.closed += 1;
    socket?.terminate();
    socket = undefined;
    guard(() => listener.onClosed(closure));
  };

  // Our bug inside a listener ends this session, not the process (decision 18).
  const guard = (act: () => void) => {
    try {
      act();
    } catch (error) {
      deps.log.error("upstream listener failed", { error: error as Error });
      finish(closureOfProtocol("Cannot go on: an upstream event could not be handled"));
    }
  };

  const checkLife = () => {
    if (isPaused) quietPings = 0;
    if (quietPings >= UPSTREAM_PONGS_MISSED_MAX) {
      const message = `The upstream is lost: ${quietPings} pings without an answer`;
      finish({ reason: "lost", isFatal: false, message });
      return;
    }
    quietPings += 1;
    stats.pingsSent += 1;
    socket?.ping();
    arm(UPSTREAM_PING_MS, checkLife);
  };

  const receive = (data: unknown) => {
    quietPings = 0;
    if (state !== "open") return;
    stats.messagesReceived += 1;
    const isOversized = typeof data === "string" && data.length > UPSTREAM_MESSAGE_BYTES_MAX;
    if (typeof data !== "string" || isOversized) listener.onUnreadable(isOversized);
    else listener.onText(data);
  };

  const attach = (created: WebSocket) => {
    created.addEventListener("open", () => {
      if (state !== "dialing") return;
      state = "open";
      arm(UPSTREAM_PING_MS, checkLife);
      guard(() => listener.onOpen());
    });
    created.addEventListener("message", (event) => guard(() => receive(event.data)));
    created.addEventListener("pong", () => {
      stats.pongsReceived += 1;
      quietPings = 0;
    });
    created.addEventListener("error", (event) => {
      const text = "message" in event && typeof event.message === "string" ? event.message : "";
      if (state === "dialing") finish(closureOfFailedDial(text));
    });
    created.addEventListener("close", (event) => {
      if (state === "closing") finish(CLOSED_BY_US);
      else finish(state === "dialing" ? closureOfFailedDial("") : closureOfClose(event.code));
    });
  };

  return {
    dial() {
      if (state !== "idle") return;
      state = "dialing";
      stats.dials += 1;
      arm(UPSTREAM_DIAL_TIMEOUT_MS, () =>
        finish(closureOfTimeout("connection", UPSTREAM_DIAL_TIMEOUT_MS)),
      );
      socket = new WebSocket(deps.url, { headers: deps.headers, perMessageDeflate: false });
      attach(socket);
    },
    send(text, hasReserve) {
      if (socket === undefined || state !== "open") return SEND.DROPPED;
      const capBytes = UPSTREAM_BUFFERED_BYTES_MAX + (hasReserve ? UPSTREAM_COMMAND_RESERVE_BYTES : 0);
      if (socket.bufferedAmount + text.length > capBytes) return SEND.DROPPED;
      socket.send(text);
      stats.messagesSent += 1;
      return socket.bufferedAmount === 0 ? SEND.SENT : SEND.BUFFERED;
    },
    pause() {
      isPaused = true;
      socket?.pause();
    },
    resume() {
      isPaused = false;
      socket?.resume();
    },
    close() {
      if (state === "closing" || state === "closed") return;
      if (state !== "open") {
        finish(CLOSED_BY_US);
        return;
      }
      state = "closing";
      // A paused socket would not read the answer to its own goodbye.
      socket?.resume();
      arm(UPSTREAM_CLOSE_TIMEOUT_MS, () => finish(CLOSED_BY_US));
      socket?.close(1000);
    },
    fail: finish,
  };
}
