// Reads a stream of server-sent events, however its bytes are cut.
// Station: between the pieces of an HTTP answer and whoever parses the events' data as JSON.
// Source: WHATWG HTML 9.2.6 (lines end with CR, LF or both; data lines of one event are joined; a
// blank line ends it; a comment begins with a colon). Departure: an event whose stream ends before
// its blank line is given all the same, as several servers leave the last blank line out.
// Limits: eventBytesMax for one event, its lines together.
import type { HttpAnswer } from "./http-answer.ts";
import { protocolFailure } from "./http-failure.ts";

const LF = 10;
const CR = 13;
const BYTE_ORDER_MARK = "\ufeff";

export interface ServerEvent {
  /** "message" unless the server names it. */
  readonly name: string;
  readonly data: string;
}

export interface EventStreamLimits {
  readonly provider: string;
  readonly eventBytesMax: number;
}

/** The events of an answer, in order. Throws VoxError engine_protocol when one is too long. */
export async function* eventsOf(
  answer: Pick<HttpAnswer, "chunks">,
  limits: EventStreamLimits,
): AsyncGenerator<ServerEvent> {
  const reader = new EventStreamReader(limits.eventBytesMax);
  for await (const piece of answer.chunks()) {
    yield* reader.push(piece);
    if (reader.isTooLong()) {
      const what = `one event is over ${limits.eventBytesMax} bytes, must be shorter`;
      throw protocolFailure(limits.provider, what);
    }
  }
  yield* reader.end();
}

export class EventStreamReader {
  readonly #eventBytesMax: number;
  /** The pieces of the line that is not complete yet. */
  #pieces: Uint8Array[] = [];
  #bytes = 0;
  #data: string[] = [];
  #name = "";
  #isFirstLine = true;
  /** The line ended with CR: an LF right behind belongs to it. */
  #isAfterReturn = false;

  constructor(eventBytesMax: number) {
    this.#eventBytesMax = eventBytesMax;
  }

  /** True once an event was over the limit; what comes then is not read any more. */
  isTooLong(): boolean {
    return this.#bytes > this.#eventBytesMax;
  }

  /** -> the events that this piece completes. */
  push(piece: Uint8Array): ServerEvent[] {
    const events: ServerEvent[] = [];
    let start = 0;
    for (let index = 0; index < piece.length && !this.isTooLong(); index += 1) {
      const byte = piece[index];
      const isReturned = this.#isAfterReturn;
      this.#isAfterReturn = byte === CR;
      if (byte !== LF && byte !== CR) continue;
      if (byte === LF && isReturned && index === start) {
        start += 1;
        continue;
      }
      this.#keep(piece, start, index);
      start = index + 1;
      this.#onLine(events);
    }
    if (start < piece.length) this.#keep(piece, start, piece.length);
    return events;
  }

  /** The stream is over. -> the event that was not ended, if there is one. */
  end(): ServerEvent[] {
    const events: ServerEvent[] = [];
    if (this.isTooLong()) return events;
    if (this.#pieces.length > 0) this.#onLine(events);
    this.#onEvent(events);
    return events;
  }

  /** The piece may be reused by whoever gave it, so the bytes are copied. */
  #keep(piece: Uint8Array, start: number, end: number): void {
    if (end <= start || this.isTooLong()) return;
    this.#bytes += end - start;
    if (!this.isTooLong()) this.#pieces.push(piece.slice(start, end));
  }

  #onLine(events: ServerEvent[]): void {
    if (this.isTooLong()) return;
    let line = new TextDecoder("utf-8", { ignoreBOM: true }).decode(Buffer.concat(this.#pieces));
    this.#pieces = [];
    if (this.#isFirstLine && line.startsWith(BYTE_ORDER_MARK)) line = line.slice(1);
    this.#isFirstLine = false;
    if (line === "") this.#onEvent(events);
    else this.#onField(line);
  }

  #onField(line: string): void {
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const text = colon < 0 ? "" : line.slice(line[colon + 1] === " " ? colon + 2 : colon + 1);
    if (field === "data") this.#data.push(text);
    else if (field === "event") this.#name = text;
  }

  #onEvent(events: ServerEvent[]): void {
    if (this.#data.length > 0) {
      events.push({
        name: this.#name === "" ? "message" : this.#name,
        data: this.#data.join("\n"),
      });
    }
    this.#data = [];
    this.#name = "";
    this.#bytes = 0;
  }
}
