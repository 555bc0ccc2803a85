// One upstream for a whole call, over as many sessions as it takes (R8, I1, I5, I9): a lost one is
// dialled again with backoff, an old one replaced in a quiet moment before the provider ends it.
// Station: between the lane, which sees one upstream, and openai-realtime.ts, one socket each.
//
//   dialling --ready--> up --lost--> down --backoff, dial--> up (history as text, then onRestored)
//                        \--old and quiet--> next session dialled beside it --ready, quiet--> swap
//
// A new session is told instructions, tools and formats as they were, then what was said and heard,
// as text. Items of an older session cannot be truncated there; their cuts stay in the history.
// Limits: give-up time after a loss; at most 10 dials a second by the backoff's minimum.
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import type { Log } from "../contract/log.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  ResponseRequest,
  Upstream,
  UpstreamClosure,
  UpstreamFactory,
  UpstreamListener,
  UpstreamSession,
} from "../contract/upstream.ts";
import { UPSTREAM_BACKOFF_MS_MAX, UPSTREAM_STABLE_MS } from "../limits.ts";
import { redialDelayMs } from "../provider/redial-delay.ts";
import { rotationDueMs } from "./session-times.ts";
import { SessionWatch } from "./session-watch.ts";
import { lateToolOutput, SpokenHistory } from "./spoken-history.ts";

/** How often an old session looks for a quiet moment. */
const QUIET_POLL_MS = 250;

export interface SteadySettings {
  /** A loss that lasts longer ends the call. */
  readonly giveUpMs: number;
  /** Age at which a session is replaced; 0: never. */
  readonly rotateMs: number;
}

export interface SteadyDeps {
  readonly factory: UpstreamFactory;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly settings: SteadySettings;
}

/** Upstreams that outlive their sessions. */
export function createSteadyFactory(deps: SteadyDeps): UpstreamFactory {
  return (session, listener) => new SteadyUpstream(deps, session, listener);
}

class SteadyUpstream implements Upstream {
  readonly #deps: SteadyDeps;
  readonly #listener: UpstreamListener;
  readonly #history = new SpokenHistory();
  #session: UpstreamSession;
  #current: SessionWatch;
  /** Dialled beside the current one, to replace it. */
  #next: SessionWatch | null = null;
  #timer: TimerHandle | null = null;
  #wasReady = false;
  /** The answer queue is full: true for a new session too. */
  #isPaused = false;
  #isClosed = false;
  #lostMs = -1;
  #readyMs = 0;
  #attempts = 0;

  constructor(deps: SteadyDeps, session: UpstreamSession, listener: UpstreamListener) {
    this.#deps = deps;
    this.#session = session;
    this.#listener = listener;
    this.#current = this.#makeSession();
  }

  get kind(): Upstream["kind"] {
    return this.#current.upstream.kind;
  }

  get model(): string {
    return this.#current.upstream.model;
  }

  open(): void {
    this.#current.upstream.open();
  }

  isReady(): boolean {
    return !this.#isClosed && this.#lostMs < 0 && this.#current.upstream.isReady();
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    return this.#current.append(source, start, end);
  }

  commit(): SendResult {
    return this.#current.commit();
  }

  clearInput(): SendResult {
    return this.#current.clearInput();
  }

  respond(request: ResponseRequest): SendResult {
    return this.#current.upstream.respond(request);
  }

  cancel(responseId: string): SendResult {
    if (!this.isReady()) return SEND.DROPPED;
    return this.#current.upstream.cancel(responseId);
  }

  truncate(itemId: string, contentIndex: number, audioEndMs: number): SendResult {
    this.#history.cut(itemId, audioEndMs);
    if (!this.#current.knows(itemId)) return SEND.DROPPED;
    return this.#current.upstream.truncate(itemId, contentIndex, audioEndMs);
  }

  deleteItem(itemId: string): SendResult {
    this.#history.cut(itemId, 0);
    if (!this.#current.knows(itemId)) return SEND.DROPPED;
    return this.#current.upstream.deleteItem(itemId);
  }

  createText(role: "user" | "system" | "assistant", text: string): SendResult {
    this.#history.addText(role, text);
    // While the line is down the text waits in the history, which the next session gets first.
    return this.isReady() ? this.#current.upstream.createText(role, text) : SEND.BUFFERED;
  }

  submitToolOutput(toolCallId: string, output: string): SendResult {
    const { upstream } = this.#current;
    if (!this.isReady()) return this.createText("user", lateToolOutput(output));
    if (this.#current.hasToolCall(toolCallId)) return upstream.submitToolOutput(toolCallId, output);
    const sent = upstream.createText("user", lateToolOutput(output));
    // Dropped, it is given again by who asked: the history has once what was told once.
    if (sent !== SEND.DROPPED) this.#history.addText("user", lateToolOutput(output));
    return sent;
  }

  updateSession(change: Partial<UpstreamSession>): SendResult {
    this.#session = { ...this.#session, ...change };
    if (!this.isReady()) return SEND.BUFFERED;
    return this.#current.updateSession(change);
  }

  pauseReading(): void {
    this.#isPaused = true;
    this.#current.upstream.pauseReading();
  }

  resumeReading(): void {
    this.#isPaused = false;
    this.#current.upstream.resumeReading();
  }

  expiresInMs(): number {
    return this.#current.upstream.expiresInMs?.() ?? -1;
  }

  roundTripMs(): number {
    return this.#current.upstream.roundTripMs?.() ?? -1;
  }

  close(): void {
    this.#stop();
    this.#current.upstream.close();
  }

  // ---- sessions ---------------------------------------------------------------------------

  #makeSession(): SessionWatch {
    const { factory, clock } = this.#deps;
    return new SessionWatch({
      factory,
      clock,
      session: this.#session,
      listener: this.#listener,
      history: this.#history,
      onReady: (session) => this.#onReady(session),
      onClosed: (session, closure) => this.#onClosed(session, closure),
    });
  }

  #onReady(session: SessionWatch): void {
    if (session === this.#next) return this.#swapWhenQuiet();
    this.#readyMs = this.#deps.clock.nowMs();
    this.#lostMs = -1;
    this.#armRotation();
    if (!this.#wasReady) {
      this.#wasReady = true;
      // Typed before there was a session.
      this.#tellHistory();
      this.#listener.onReady();
      return;
    }
    this.#restore();
  }

  #onClosed(session: SessionWatch, closure: UpstreamClosure): void {
    if (session === this.#next) {
      // The current one still works: try again at the next poll.
      this.#next = null;
      this.#setTimer(UPSTREAM_BACKOFF_MS_MAX, () => this.#rotate());
      return;
    }
    if (session !== this.#current) return;
    const nowMs = this.#deps.clock.nowMs();
    const isFirstLoss = this.#lostMs < 0;
    if (isFirstLoss) this.#lostMs = nowMs;
    const isHopeless = nowMs - this.#lostMs >= this.#deps.settings.giveUpMs;
    if (this.#isClosed || closure.isFatal || isHopeless) return this.#finish(closure);
    if (isFirstLoss) this.#listener.onLost?.(closure);
    this.#deps.log.warn("upstream session ended, dialling again", { message: closure.message });
    this.#redialLater(nowMs);
  }

  #redialLater(nowMs: number): void {
    const wasStable = this.#readyMs > 0 && nowMs - this.#readyMs >= UPSTREAM_STABLE_MS;
    this.#attempts = wasStable ? 0 : this.#attempts + 1;
    this.#readyMs = 0;
    this.#next?.retire();
    this.#next = null;
    this.#setTimer(redialDelayMs(this.#attempts, this.#deps.random), () => {
      this.#current = this.#makeSession();
      this.#current.upstream.open();
    });
  }

  #restore(): void {
    if (this.#isPaused) this.#current.upstream.pauseReading();
    this.#tellHistory();
    this.#listener.onRestored?.();
  }

  #tellHistory(): void {
    this.#current.catchUp(this.#session);
    for (const { role, text } of this.#history.texts()) {
      this.#current.upstream.createText(role, text);
    }
  }

  #stop(): void {
    this.#isClosed = true;
    this.#clearTimer();
    this.#next?.retire();
    this.#next = null;
  }

  #finish(closure: UpstreamClosure): void {
    this.#stop();
    this.#listener.onClosed(closure);
  }

  // ---- rotation ---------------------------------------------------------------------------

  #armRotation(): void {
    const { rotateMs } = this.#deps.settings;
    if (rotateMs === 0) return;
    this.#setTimer(rotationDueMs(rotateMs, this.expiresInMs()), () => this.#rotate());
  }

  /** The session is old: dial its successor as soon as nobody speaks. */
  #rotate(): void {
    if (this.#isClosed || this.#lostMs >= 0) return;
    if (!this.#current.isQuiet()) return this.#setTimer(QUIET_POLL_MS, () => this.#rotate());
    this.#next = this.#makeSession();
    this.#next.upstream.open();
  }

  /** The successor is ready; it takes over when nobody speaks, so that nothing is cut. */
  #swapWhenQuiet(): void {
    const next = this.#next;
    if (next === null || this.#isClosed || this.#lostMs >= 0) return;
    if (!this.#current.isQuiet()) return this.#setTimer(QUIET_POLL_MS, () => this.#swapWhenQuiet());
    const old = this.#current;
    this.#next = null;
    this.#current = next;
    old.retire();
    this.#readyMs = this.#deps.clock.nowMs();
    this.#armRotation();
    this.#restore();
  }

  #setTimer(delayMs: number, act: () => void): void {
    this.#clearTimer();
    this.#timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timer = null;
      act();
    });
  }

  #clearTimer(): void {
    if (this.#timer !== null) this.#deps.clock.clearTimer(this.#timer);
    this.#timer = null;
  }
}
