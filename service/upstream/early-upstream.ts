// An upstream that is dialled before its call exists, and the guard between its socket and the
// call.
// Station: made by the call service, at Twilio's webhook or when the call opens; the call takes it.
// What happens before is only remembered as "ready" or "closed": nothing else can come, since
// nothing was asked yet. A throw in the call's code ends that call, never the socket's other work.
import type {
  ResponseStatus,
  StageLatency,
  TokenUsage,
  Upstream,
  UpstreamClosure,
  UpstreamFactory,
  UpstreamListener,
  UpstreamSession,
} from "../contract/upstream.ts";

export class EarlyUpstream implements UpstreamListener {
  /** What its session was told when it was dialled. */
  readonly instructions: string;
  readonly #upstream: Upstream;
  #taker: UpstreamListener | null = null;
  #onBug: (error: unknown) => void = () => undefined;
  #closure: UpstreamClosure | null = null;

  /** Dials at once. */
  constructor(factory: UpstreamFactory, session: UpstreamSession) {
    this.instructions = session.instructions;
    this.#upstream = factory(session, this);
    this.#upstream.open();
  }

  upstream(): Upstream {
    return this.#upstream;
  }

  /** Set when it was lost before anyone took it. */
  closure(): UpstreamClosure | null {
    return this.#closure;
  }

  /** The call listens from now on, and hears at once if it was closed; ready it asks itself. */
  take(listener: UpstreamListener, onBug: (error: unknown) => void): void {
    this.#taker = listener;
    this.#onBug = onBug;
    const closure = this.#closure;
    if (closure !== null) this.#pass((taker) => taker.onClosed(closure));
  }

  onReady(): void {
    this.#pass((taker) => taker.onReady());
  }

  onCommitted(itemId: string): void {
    this.#pass((taker) => taker.onCommitted(itemId));
  }

  onSpeechStarted(audioStartMs: number, itemId: string): void {
    // Nothing is made for it, as for any other event: the agent falls silent by this (S0-10).
    try {
      this.#taker?.onSpeechStarted(audioStartMs, itemId);
    } catch (error) {
      this.#onBug(error);
    }
  }

  onSpeechStopped(audioEndMs: number, itemId: string): void {
    this.#pass((taker) => taker.onSpeechStopped(audioEndMs, itemId));
  }

  onResponseCreated(responseId: string, tag: string): void {
    this.#pass((taker) => taker.onResponseCreated(responseId, tag));
  }

  onAudio(
    responseId: string,
    itemId: string,
    contentIndex: number,
    audio: Uint8Array,
    byteCount: number,
  ): void {
    this.#pass((taker) => taker.onAudio(responseId, itemId, contentIndex, audio, byteCount));
  }

  onStageLatency(responseId: string, latency: StageLatency): void {
    this.#pass((taker) => taker.onStageLatency?.(responseId, latency));
  }

  onAudioDone(responseId: string, itemId: string): void {
    this.#pass((taker) => taker.onAudioDone(responseId, itemId));
  }

  onAgentTranscript(responseId: string, itemId: string, text: string, isFinal: boolean): void {
    this.#pass((taker) => taker.onAgentTranscript(responseId, itemId, text, isFinal));
  }

  onCallerTranscript(itemId: string, text: string): void {
    this.#pass((taker) => taker.onCallerTranscript(itemId, text));
  }

  onToolCall(responseId: string, toolCallId: string, name: string, argumentsText: string): void {
    this.#pass((taker) => taker.onToolCall(responseId, toolCallId, name, argumentsText));
  }

  onResponseDone(
    responseId: string,
    status: ResponseStatus,
    usage: TokenUsage,
    errorCode: string,
  ): void {
    this.#pass((taker) => taker.onResponseDone(responseId, status, usage, errorCode));
  }

  onError(code: string, message: string, commandId: string): void {
    this.#pass((taker) => taker.onError(code, message, commandId));
  }

  onClosed(closure: UpstreamClosure): void {
    this.#closure = closure;
    this.#pass((taker) => taker.onClosed(closure));
  }

  onLost(closure: UpstreamClosure): void {
    this.#pass((taker) => taker.onLost?.(closure));
  }

  isCallerQuiet(): boolean {
    return this.#taker?.isCallerQuiet?.() ?? true;
  }

  onRestored(): void {
    this.#pass((taker) => taker.onRestored?.());
  }

  #pass(tell: (taker: UpstreamListener) => void): void {
    const taker = this.#taker;
    if (taker === null) return;
    try {
      tell(taker);
    } catch (error) {
      this.#onBug(error);
    }
  }
}
