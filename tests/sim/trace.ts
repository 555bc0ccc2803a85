// What happened in a simulated call: a running digest always, readable lines when asked.
// Two runs of one seed are the same call exactly when their digests are the same.

const FNV_PRIME = 0x0100_0193;

export class Trace {
  readonly lines: string[] | null;
  readonly #nowMs: () => number;
  #low = 0x811c_9dc5;
  #high = 0x1234_5678;

  constructor(nowMs: () => number, isKept: boolean) {
    this.#nowMs = nowMs;
    this.lines = isKept ? [] : null;
  }

  /** Something worth a line. Numbers only, so that the digest costs nothing to speak of. */
  note(what: string, first = 0, second = 0): void {
    this.#mix(what.length * 31 + what.charCodeAt(0));
    this.#mix(what.charCodeAt(what.length - 1));
    this.#mix(first);
    this.#mix(second);
    this.#mix(this.#nowMs() * 4);
    if (this.lines !== null) this.lines.push(`${this.#nowMs()} ${what} ${first} ${second}`);
  }

  digest(): string {
    return [this.#high, this.#low].map((part) => part.toString(16).padStart(8, "0")).join("");
  }

  #mix(value: number): void {
    this.#low = Math.imul(this.#low ^ (value | 0), FNV_PRIME) >>> 0;
    this.#high = (Math.imul(this.#high, 31) + this.#low) >>> 0;
  }
}

/** The number in an id of the provider model, for the trace. */
export function idNumber(responseId: string): number {
  return Number(responseId.slice(1));
}
