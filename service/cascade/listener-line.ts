// Events to the call, in order. What a command brings about is told right after the command has
// returned, never from within it: the conversation notes what it asked only then. What an engine
// brings about is told at once, after everything that waits.
// Limits: a command leaves at most a few events behind, so the line is short by nature.
import type { UpstreamListener } from "../contract/upstream.ts";

type Tell = (listener: UpstreamListener) => void;

export class ListenerLine {
  readonly #listener: UpstreamListener;
  readonly #waiting: Tell[] = [];
  #isClosed = false;

  constructor(listener: UpstreamListener) {
    this.#listener = listener;
  }

  later(tell: Tell): void {
    if (this.#isClosed) return;
    this.#waiting.push(tell);
    if (this.#waiting.length === 1) queueMicrotask(() => this.#flush());
  }

  now(tell: Tell): void {
    if (this.#isClosed) return;
    this.#flush();
    tell(this.#listener);
  }

  /** Only this is told from here on, once. */
  close(tell: Tell): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#waiting.length = 0;
    queueMicrotask(() => tell(this.#listener));
  }

  #flush(): void {
    for (let tell = this.#waiting.shift(); tell !== undefined; tell = this.#waiting.shift()) {
      tell(this.#listener);
    }
  }
}
