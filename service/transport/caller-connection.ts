// One caller's socket with what every transport needs around it: sends with their results, the
// deadlines of a peer that says nothing or reads nothing, one ending, and the guard behind which a
// bug of ours ends this call and nothing else.
//
//            open                start accepted                    end() or socket gone
//   (socket) ----> WAITS_START ------ attach() ------> RUNS ------------------------------> OVER
//                   | 5 s: 4408                         | 10 s without a message: 4408
//                                                       | 192 KiB or 5 s unread: 4413
//
// Bun fires `close` from inside ws.close(), and a slow reader is found inside a send of the call's
// own; so the port's onClosed always comes from a microtask, never from within a call of the call.
import type { CallPort } from "../contract/transport.ts";
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { CLOSE, type CloseCode } from "../contract/call-terms.ts";
import type { Log } from "../contract/log.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import {
  CLOSE_REASON_BYTES_MAX,
  MESSAGE_TIMEOUT_MS,
  START_TIMEOUT_MS,
  TWILIO_PROBE_MS,
  UNREAD_BYTES_MAX,
  UNREAD_MS_MAX,
} from "../limits.ts";
import type { Traffic } from "./traffic.ts";

/** What is used of Bun's ServerWebSocket; tests put a recorder in its place. */
export interface CallerSocket {
  /** -> > 0 bytes sent, -1 queued, 0 dropped. */
  sendBinary(bytes: Uint8Array): number;
  sendText(text: string): number;
  getBufferedAmount(): number;
  close(code: number, reason: string): void;
}

export interface CallerConnection {
  isOver(): boolean;
  port(): CallPort | null;
  /** The start was accepted: from now on `port` hears of the end. */
  attach(port: CallPort): void;
  /** A complete message came. */
  noteMessage(): void;
  /** Called once in each quiet time half-way to its deadline, for a transport that can probe. */
  onQuiet(probe: () => void): void;
  sendBinary(bytes: Uint8Array): SendResult;
  sendText(text: string): SendResult;
  /** Ends the connection; nothing is sent or delivered after it. */
  end(code: CloseCode, reason: string): void;
  /** A bug of ours came out of a handler: logged, 1011. */
  fail(error: unknown): void;
  onDrain(): void;
  onSocketClosed(): void;
}

interface ConnectionOptions {
  readonly socket: CallerSocket;
  readonly clock: Clock;
  readonly traffic: Traffic;
  readonly log: Log;
}

/** Wraps a socket that has just opened; the time for the start begins now. */
export function createCallerConnection(options: ConnectionOptions): CallerConnection {
  return new OneConnection(options);
}

class OneConnection implements CallerConnection {
  readonly #socket: CallerSocket;
  readonly #clock: Clock;
  readonly #traffic: Traffic;
  readonly #log: Log;
  #port: CallPort | null = null;
  #isOver = false;
  #isProbed = false;
  #probe: () => void = () => undefined;
  #messageAtMs: number;
  /** When the oldest unread byte was queued; -1 while nothing waits. */
  #unreadSinceMs = -1;
  #timer: TimerHandle;

  constructor({ socket, clock, traffic, log }: ConnectionOptions) {
    this.#socket = socket;
    this.#clock = clock;
    this.#traffic = traffic;
    this.#log = log;
    this.#messageAtMs = clock.nowMs();
    this.#timer = clock.setTimer(START_TIMEOUT_MS, () => {
      this.#endTooQuiet(`no start in ${START_TIMEOUT_MS / 1_000} s`);
    });
  }

  isOver(): boolean {
    return this.#isOver;
  }

  port(): CallPort | null {
    return this.#port;
  }

  attach(port: CallPort): void {
    this.#port = port;
    // The call may have closed its transport before it was returned by the opener.
    if (this.#isOver) {
      this.#tellPort();
      return;
    }
    this.#clock.clearTimer(this.#timer);
    this.#watchMessages(TWILIO_PROBE_MS);
  }

  noteMessage(): void {
    this.#traffic.noteReceived();
    this.#messageAtMs = this.#clock.nowMs();
    this.#isProbed = false;
  }

  onQuiet(probe: () => void): void {
    this.#probe = probe;
  }

  sendBinary(bytes: Uint8Array): SendResult {
    if (this.#isOver) return SEND.DROPPED;
    return this.#resultOf(this.#socket.sendBinary(bytes));
  }

  sendText(text: string): SendResult {
    if (this.#isOver) return SEND.DROPPED;
    return this.#resultOf(this.#socket.sendText(text));
  }

  end(code: CloseCode, reason: string): void {
    if (this.#isOver) return;
    this.#over();
    this.#traffic.noteClosed(code);
    this.#socket.close(code, reason.slice(0, CLOSE_REASON_BYTES_MAX));
  }

  fail(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#log.error("call ended by a bug", { error: cause });
    this.end(CLOSE.OUR_BUG, "internal error");
  }

  onDrain(): void {
    if (this.#socket.getBufferedAmount() === 0) this.#unreadSinceMs = -1;
  }

  onSocketClosed(): void {
    if (!this.#isOver) this.#over();
  }

  #over(): void {
    this.#isOver = true;
    this.#clock.clearTimer(this.#timer);
    if (this.#port !== null) this.#tellPort();
  }

  #tellPort(): void {
    queueMicrotask(() => {
      try {
        this.#port?.onClosed();
      } catch (error) {
        const cause = error instanceof Error ? error : new Error(String(error));
        this.#log.error("call failed to close", { error: cause });
      }
    });
  }

  #resultOf(sent: number): SendResult {
    if (sent > 0) {
      this.#unreadSinceMs = -1;
      this.#traffic.noteSent(SEND.SENT);
      return SEND.SENT;
    }
    const result = sent === 0 ? SEND.DROPPED : SEND.BUFFERED;
    this.#traffic.noteSent(result);
    const nowMs = this.#clock.nowMs();
    if (this.#unreadSinceMs < 0) this.#unreadSinceMs = nowMs;
    const isTooLong = nowMs - this.#unreadSinceMs >= UNREAD_MS_MAX;
    if (isTooLong || this.#socket.getBufferedAmount() >= UNREAD_BYTES_MAX) {
      this.#traffic.noteBadInput("reads_too_slowly");
      this.end(CLOSE.READS_TOO_SLOWLY, "you read too slowly");
    }
    return result;
  }

  /** One timer per connection, set again from the last message: nothing is done per message. */
  #watchMessages(delayMs: number): void {
    this.#timer = this.#clock.setTimer(delayMs, () => {
      const quietMs = this.#clock.nowMs() - this.#messageAtMs;
      if (quietMs >= MESSAGE_TIMEOUT_MS) {
        this.#endTooQuiet(`no complete message in ${MESSAGE_TIMEOUT_MS / 1_000} s`);
      } else if (quietMs < TWILIO_PROBE_MS) {
        this.#watchMessages(TWILIO_PROBE_MS - quietMs);
      } else {
        if (!this.#isProbed) this.#probe();
        this.#isProbed = true;
        // The probe is a send: it may have found the reader too slow and ended the connection.
        if (!this.#isOver) this.#watchMessages(MESSAGE_TIMEOUT_MS - quietMs);
      }
    });
  }

  #endTooQuiet(reason: string): void {
    this.#traffic.noteBadInput("too_quiet");
    this.end(CLOSE.TOO_QUIET, reason);
  }
}
