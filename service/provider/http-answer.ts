// The body of one answer, read as it comes and never past its bounds.
// Station: handed by provider-http to whoever reads the answer, once its status and content type are
// right. Leaving the loop early ends the connection.
import { assert } from "../assert.ts";
import { type Deadline, untilAborted } from "./deadline.ts";
import { failureOfConnection, protocolFailure } from "./http-failure.ts";
import { VoxError } from "../errors.ts";

export interface HttpAnswerSettings {
  readonly provider: string;
  readonly answerBytesMax: number;
  /** Longest wait for the next piece. */
  readonly silenceMsMax: number;
}

export class HttpAnswer {
  readonly #response: Response;
  readonly #settings: HttpAnswerSettings;
  readonly #deadline: Deadline;
  #isRead = false;
  #isEnough = false;

  constructor(response: Response, settings: HttpAnswerSettings, deadline: Deadline) {
    this.#response = response;
    this.#settings = settings;
    this.#deadline = deadline;
  }

  /** A header of the answer, "" when it is not there. */
  header(name: string): string {
    return this.#response.headers.get(name) ?? "";
  }

  /**
   * What was wanted has come: within `ms` the body may still end by itself, which
   * keeps the connection; after that it is left, and that is no failure.
   */
  end(ms: number): void {
    this.#isEnough = true;
    this.#deadline.next(ms);
  }

  /** The pieces of the body in order. Once. Throws VoxError when it breaks, stalls or is too long. */
  async *chunks(): AsyncGenerator<Uint8Array> {
    assert(!this.#isRead, "an answer must be read once");
    this.#isRead = true;
    const { provider, answerBytesMax, silenceMsMax } = this.#settings;
    const body: ReadableStream<Uint8Array> | null = this.#response.body;
    if (body === null) return;
    const reader = body.getReader();
    let bytes = 0;
    try {
      for (;;) {
        if (!this.#isEnough) this.#deadline.next(silenceMsMax);
        const { done, value } = await untilAborted(reader.read(), this.#deadline.signal);
        if (done) return;
        bytes += value.length;
        if (bytes > answerBytesMax) {
          const what = `the answer is over ${answerBytesMax} bytes, must be shorter`;
          throw protocolFailure(provider, what);
        }
        yield value;
      }
    } catch (error) {
      if (this.#isEnough) return;
      if (error instanceof VoxError) throw error;
      if (this.#deadline.signal.aborted) throw this.#deadline.error(provider);
      throw failureOfConnection(provider, error);
    } finally {
      this.#deadline.disarm();
      // After its end this does nothing; before, what still comes is not wanted.
      void reader.cancel().catch(() => undefined);
    }
  }

  /** The whole body. Throws as chunks() does. */
  async bytes(): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array[] = [];
    for await (const piece of this.chunks()) pieces.push(piece);
    return new Uint8Array(Buffer.concat(pieces));
  }

  /** The whole body as a JSON value, to be parsed by a schema. Throws as chunks() does. */
  async json(): Promise<unknown> {
    const text = new TextDecoder().decode(await this.bytes());
    try {
      return JSON.parse(text);
    } catch {
      // The parser's message quotes what came; that stays out of ours.
      throw protocolFailure(this.#settings.provider, "the answer is not JSON");
    }
  }
}
