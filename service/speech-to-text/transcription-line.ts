// The connection of one stream to a server that only writes down: dialled, configured and checked, read,
// and dialled again when it is lost. What is said over it is the stream's matter.
//
//   idle --open()--> opening --session.updated--> ready
//                     ^   |                         |
//                     |   +-------- lost -----------+--> waiting --backoff--> opening
//                     |                             |
//                     +--open()-- down <-- refused, or DIALS_MAX in a row
//
// Limits: those of the socket; UPSTREAM_DIAL_TIMEOUT_MS to be configured; UPSTREAM_BAD_EVENTS_MAX
// unreadable events in a row; DIALS_MAX dials in a row without a session that lasts.
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import type { Log } from "../contract/log.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type { UpstreamClosure } from "../contract/upstream.ts";
import type { VoxError } from "../errors.ts";
import {
  UPSTREAM_BAD_EVENTS_MAX,
  UPSTREAM_DIAL_TIMEOUT_MS,
  UPSTREAM_STABLE_MS,
} from "../limits.ts";
import { redialDelayMs } from "../provider/redial-delay.ts";
import {
  closureOfError,
  closureOfProtocol,
  closureOfTimeout,
} from "../provider/upstream-closure.ts";
import {
  createUpstreamSocket,
  type SocketCounts,
  type UpstreamSocket,
} from "../provider/upstream-socket.ts";
import { parseRealtimeEvent, type RealtimeEvent } from "../wire/realtime-events.ts";
import type { SessionEcho } from "../wire/realtime-session-echo.ts";
import { type TranscriptionTerms, transcriptionUpdateText } from "../wire/transcription-update.ts";
import { failureOfClosure, failureOfCode } from "./engine-failure.ts";
import type { SpeechMetrics } from "./speech-metrics.ts";

export interface TranscriptionLineListener {
  /** A new session; it knows nothing of what was sent before. */
  onReady(): void;
  onCommitted(itemId: string): void;
  /** Further words of an item. */
  onWords(itemId: string, words: string): void;
  onTranscript(itemId: string, text: string): void;
  /** The item is never written down. */
  onUnheard(itemId: string, error: VoxError): void;
  /** commandId "": the server names none. */
  onRefused(commandId: string, error: VoxError): void;
  /** Over for good: nothing is dialled before open(). */
  onDown(error: VoxError): void;
}

export interface TranscriptionLine {
  isReady(): boolean;
  /** Dials, unless that is done or under way. */
  open(): void;
  send(text: string, hasReserve: boolean): SendResult;
  /** Idempotent; nothing is told any more. */
  close(): void;
}

export interface TranscriptionLineDeps {
  readonly name: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly terms: TranscriptionTerms;
  readonly clock: Clock;
  readonly random: Random;
  readonly counts: SocketCounts;
  readonly metrics: SpeechMetrics;
  readonly log: Log;
}

const DIALS_MAX = 4;
const CONFIGURE_ID = "session-1";

export function createTranscriptionLine(
  deps: TranscriptionLineDeps,
  listener: TranscriptionLineListener,
): TranscriptionLine {
  return new Line(deps, listener);
}

class Line implements TranscriptionLine {
  readonly #deps: TranscriptionLineDeps;
  readonly #listener: TranscriptionLineListener;
  #socket: UpstreamSocket | undefined;
  #state: "idle" | "opening" | "ready" | "waiting" | "down" | "closed" = "idle";
  /** Dials since the last session that lasted. */
  #dials = 0;
  #readyMs = 0;
  #badEvents = 0;
  /** Until the session is configured, or until the next dial. */
  #timer: TimerHandle | undefined;

  constructor(deps: TranscriptionLineDeps, listener: TranscriptionLineListener) {
    this.#deps = deps;
    this.#listener = listener;
  }

  isReady(): boolean {
    return this.#state === "ready";
  }

  open(): void {
    if (this.#state !== "idle" && this.#state !== "down") return;
    this.#dials = 0;
    this.#dial();
  }

  send(text: string, hasReserve: boolean): SendResult {
    if (this.#state !== "ready" || this.#socket === undefined) return SEND.DROPPED;
    return this.#socket.send(text, hasReserve);
  }

  close(): void {
    this.#state = "closed";
    this.#stopTimer();
    this.#socket?.close();
  }

  #dial(): void {
    const { url, headers, clock, counts: stats, log } = this.#deps;
    this.#state = "opening";
    this.#dials += 1;
    this.#badEvents = 0;
    this.#socket = createUpstreamSocket(
      { url, headers, clock, stats, log },
      {
        onOpen: () => this.#configure(),
        onText: (text) => this.#onEvent(parseRealtimeEvent(text)),
        onRoundTrip: () => undefined,
        onUnreadable: () => this.#onBadEvent(),
        onClosed: (closure) => this.#onClosed(closure),
      },
    );
    this.#socket.dial();
  }

  #configure(): void {
    this.#socket?.send(transcriptionUpdateText(CONFIGURE_ID, this.#deps.terms), true);
    this.#timer = this.#deps.clock.setTimer(UPSTREAM_DIAL_TIMEOUT_MS, () => {
      this.#timer = undefined;
      this.#socket?.fail(closureOfTimeout("session.updated", UPSTREAM_DIAL_TIMEOUT_MS));
    });
  }

  #onEvent(event: RealtimeEvent) {
    if (event.kind === "malformed") return this.#onBadEvent();
    this.#badEvents = 0;
    switch (event.kind) {
      case "session_updated":
        return this.#onSession(event.session);
      case "committed":
        return this.#listener.onCommitted(event.itemId);
      case "caller_words":
        return this.#listener.onWords(event.itemId, event.text);
      case "caller_transcript":
        return this.#listener.onTranscript(event.itemId, event.text);
      case "error":
        return this.#onError(event);
      case "unknown":
        return this.#deps.metrics.eventsSkipped.add(1);
      default:
        return undefined;
    }
  }

  #onSession(echo: SessionEcho): void {
    const mismatch = mismatchIn(echo, this.#deps.terms);
    if (mismatch !== "") {
      this.#socket?.fail(closureOfProtocol(`Cannot use the transcription session: ${mismatch}`));
      return;
    }
    if (this.#state !== "opening") return;
    this.#state = "ready";
    this.#readyMs = this.#deps.clock.nowMs();
    this.#stopTimer();
    this.#listener.onReady();
  }

  #onError({ code, commandId, unheard }: RealtimeEvent & { kind: "error" }): void {
    const { name } = this.#deps;
    if (unheard !== undefined) {
      this.#listener.onUnheard(unheard.itemId, failureOfCode(name, unheard.code));
      return;
    }
    const closure = closureOfError(code);
    if (closure !== undefined) this.#socket?.fail(closure);
    else if (this.#state === "opening") {
      const message = `Cannot configure the transcription session: ${code}`;
      this.#socket?.fail({ reason: "refused", isFatal: true, message });
    } else this.#listener.onRefused(commandId, failureOfCode(name, code));
  }

  #onBadEvent(): void {
    this.#deps.metrics.eventsSkipped.add(1);
    this.#badEvents += 1;
    if (this.#badEvents < UPSTREAM_BAD_EVENTS_MAX) return;
    const message = `Cannot read the transcription: ${this.#badEvents} bad events in a row`;
    this.#socket?.fail(closureOfProtocol(message));
  }

  #onClosed(closure: UpstreamClosure): void {
    this.#socket = undefined;
    this.#stopTimer();
    if (this.#state === "closed") return;
    const { clock, random, metrics, log, name } = this.#deps;
    metrics.sessionsLost.add(1);
    const wasReady = this.#state === "ready";
    if (wasReady && clock.nowMs() - this.#readyMs >= UPSTREAM_STABLE_MS) this.#dials = 0;
    log.warn("transcription session ended", { message: closure.message });
    if (closure.isFatal || this.#dials >= DIALS_MAX) {
      this.#state = "down";
      this.#listener.onDown(failureOfClosure(name, closure));
      return;
    }
    this.#state = "waiting";
    this.#timer = clock.setTimer(redialDelayMs(this.#dials, random), () => {
      this.#timer = undefined;
      this.#dial();
    });
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}

/** "" when the session fits. What a server does not say is not held against it. */
function mismatchIn(echo: SessionEcho, { format }: TranscriptionTerms): string {
  if (echo.turnDetection !== "none" && echo.turnDetection !== "absent") {
    return "turn_detection is on, must be null";
  }
  const { type, rateHz } = echo.inputFormat;
  if (type !== "" && type !== format.type) return `input format is not ${format.type}`;
  const isRateWrong = rateHz !== 0 && rateHz !== format.rateHz;
  return isRateWrong ? `input format is ${rateHz} Hz, must be ${format.rateHz} Hz` : "";
}
