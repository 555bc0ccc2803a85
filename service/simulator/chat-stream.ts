// One streamed answer of the chat simulator: token by token on the injected clock, with its fault.
// Station: between chat-simulator.ts and the body of the HTTP response.
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { type ChatPiece, inputTokensOf, piecesOf } from "./chat-reply.ts";
import type { ChatRequest } from "./chat-request-schema.ts";
import type { ChatFault, ChatScriptAnswer } from "./chat-script.ts";

/** Tokens of an endless answer that go out at once: more would be one long busy loop. */
const ENDLESS_PIECES = 64;

export interface ChatStreamParts {
  readonly clock: Clock;
  readonly id: string;
  readonly request: ChatRequest;
  readonly answer: ChatScriptAnswer;
  readonly fault: ChatFault | undefined;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
  readonly callId: (index: number) => string;
}

export interface ChatStream {
  readonly response: Response;
  /** Breaks the connection. */
  readonly end: () => void;
}

/** onOver: once, true when the client left before the end. */
export function createChatStream(
  parts: ChatStreamParts,
  onOver: (isLeft: boolean) => void,
): ChatStream {
  const writer = new ChatWriter(parts, onOver);
  const body = new ReadableStream<Uint8Array>({
    start: (controller) => writer.start(controller),
    cancel: () => writer.onLeft(),
  });
  const headers = {
    "content-type": "text/event-stream; charset=utf-8",
    "cache-control": "no-cache",
  };
  return { response: new Response(body, { headers }), end: () => writer.break() };
}

class ChatWriter {
  readonly #parts: ChatStreamParts;
  readonly #onOver: (isLeft: boolean) => void;
  readonly #encoder = new TextEncoder();
  readonly #pieces: ChatPiece[];
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #timer: TimerHandle | null = null;
  #index = 0;

  constructor(parts: ChatStreamParts, onOver: (isLeft: boolean) => void) {
    this.#parts = parts;
    this.#onOver = onOver;
    this.#pieces = piecesOf(parts.answer, parts.callId);
  }

  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    // Headers go out with the first bytes; a comment is no event.
    this.#write(": simulated\n\n");
    this.#wait(this.#parts.firstTokenMs);
  }

  break(): void {
    const controller = this.#controller;
    this.#over(false);
    controller?.error(new Error("broken on demand"));
  }

  onLeft(): void {
    this.#over(true);
  }

  #wait(ms: number): void {
    this.#timer = this.#parts.clock.setTimer(ms, () => this.#onTimer());
  }

  /** One token, or all of them when no time lies between two. */
  #onTimer(): void {
    this.#timer = null;
    const { tokensPerSecond, fault } = this.#parts;
    const count = tokensPerSecond > 0 ? 1 : this.#pieces.length;
    if (fault?.kind === "garbage") {
      this.#write("data: {not json\n\n");
      this.#close();
    } else if (fault?.kind === "long_line") {
      this.#write(`data: ${"x".repeat(fault.bytes)}`);
    } else if (fault?.kind === "endless") {
      for (let index = 0; index < ENDLESS_PIECES; index += 1) this.#chunk({ content: " more" });
      this.#wait(1);
    } else {
      for (let sent = 0; sent < count && this.#controller !== null; sent += 1) this.#sendNext();
      if (this.#controller !== null && this.#timer === null && this.#index < this.#pieces.length) {
        if (!this.#isStalled()) this.#wait(1_000 / tokensPerSecond);
      }
    }
  }

  #isStalled(): boolean {
    const { fault } = this.#parts;
    return fault?.kind === "stall" && this.#index >= fault.afterTokens;
  }

  #sendNext(): void {
    const { fault } = this.#parts;
    const isReached =
      fault !== undefined && "afterTokens" in fault && this.#index >= fault.afterTokens;
    if (isReached && fault.kind === "break") return this.break();
    if (isReached && fault.kind === "cut") return this.#close();
    if (isReached) return;
    const piece = this.#pieces[this.#index];
    if (piece === undefined) return;
    this.#index += 1;
    this.#chunk(piece.delta, piece.finish);
    if (this.#index === this.#pieces.length) this.#finish();
  }

  #finish(): void {
    const { request } = this.#parts;
    if (request.stream_options?.include_usage === true) {
      const prompt_tokens = inputTokensOf(request);
      const completion_tokens = this.#pieces.length - 1;
      const total_tokens = prompt_tokens + completion_tokens;
      this.#event({ choices: [], usage: { prompt_tokens, completion_tokens, total_tokens } });
    }
    this.#write("data: [DONE]\n\n");
    this.#close();
  }

  #chunk(delta: ChatPiece["delta"], finish: string | null = null): void {
    this.#event({ choices: [{ index: 0, delta, logprobs: null, finish_reason: finish }] });
  }

  #event(fields: Readonly<Record<string, unknown>>): void {
    const { id, request, clock } = this.#parts;
    const created = Math.floor(clock.wallMs() / 1000);
    const head = { id, object: "chat.completion.chunk", created, model: request.model };
    this.#write(`data: ${JSON.stringify({ ...head, ...fields })}\n\n`);
  }

  #write(text: string): void {
    this.#controller?.enqueue(this.#encoder.encode(text));
  }

  #close(): void {
    const controller = this.#controller;
    this.#over(false);
    controller?.close();
  }

  #over(isLeft: boolean): void {
    if (this.#controller === null) return;
    this.#controller = null;
    if (this.#timer !== null) this.#parts.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#onOver(isLeft);
  }
}
