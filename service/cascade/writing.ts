// One answer of the language model while it is being written: begun at once, perhaps before anybody
// is sure that it is wanted (D-28), kept until it is taken, then handed on piece by piece.
// Station: between a LanguageModel and the answer being spoken.
//
//   begun --text--> kept --take()--> handed on --text--> taker; a full taker lets the model wait
//
// Limits: KEPT_CHARACTERS_MAX before it is taken; then the model is not read on (S2-60).
import type { Clock } from "../contract/clock.ts";
import type {
  LanguageModel,
  LanguageModelPart,
  LanguageModelRequest,
} from "../contract/language-model.ts";
import { VoxError } from "../errors.ts";

const KEPT_CHARACTERS_MAX = 4 * 1024;
const ENDED_EARLY = "Cannot read the model's answer: it stopped without an end";

/** Who wants the answer. Direct calls; exactly one of onEnd and onFailed, last. */
export interface WritingTaker {
  /** -> false: full, the model waits until goOn(). */
  onPart(part: Exclude<LanguageModelPart, { kind: "end" }>): boolean;
  onEnd(part: Extract<LanguageModelPart, { kind: "end" }>): void;
  onFailed(error: unknown): void;
}

export class Writing {
  readonly request: LanguageModelRequest;
  readonly #clock: Clock;
  readonly #abort = new AbortController();
  readonly #kept: LanguageModelPart[] = [];
  readonly #askedMs: number;
  #keptCharacters = 0;
  #firstTextMs = -1;
  #failure: { readonly error: unknown } | null = null;
  #taker: WritingTaker | null = null;
  #goOn: (() => void) | null = null;

  /** Asks the model now. onBug: something of ours threw. */
  constructor(
    model: LanguageModel,
    request: LanguageModelRequest,
    clock: Clock,
    onBug: (error: unknown) => void,
  ) {
    this.request = request;
    this.#clock = clock;
    this.#askedMs = clock.nowMs();
    this.#run(model).catch(onBug);
  }

  /** When the model was asked, and how long its first words took; -1 while there are none. */
  askedMs(): number {
    return this.#askedMs;
  }

  firstTextMs(): number {
    return this.#firstTextMs;
  }

  /** Hands over what is kept and all that follows. Once. */
  take(taker: WritingTaker): void {
    this.#taker = taker;
    let hasRoom = true;
    for (const part of this.#kept.splice(0)) hasRoom = this.#give(taker, part) && hasRoom;
    if (this.#failure !== null) taker.onFailed(this.#failure.error);
    else if (hasRoom) this.goOn();
  }

  /** The taker has room again. */
  goOn(): void {
    const goOn = this.#goOn;
    this.#goOn = null;
    goOn?.();
  }

  /** Nobody wants it: the model is told, nothing more is handed on. */
  abort(): void {
    this.#abort.abort();
    this.#taker = null;
    this.#kept.length = 0;
    this.goOn();
  }

  async #run(model: LanguageModel): Promise<void> {
    const { signal } = this.#abort;
    const parts = model.generate(this.request, signal)[Symbol.asyncIterator]();
    while (!signal.aborted) {
      const next = await nextOf(parts);
      if (signal.aborted) return;
      if ("error" in next) {
        this.#fail(next.error);
        return;
      }
      if (next.part === undefined) {
        this.#fail(new VoxError(ENDED_EARLY, { code: "engine_protocol", isRetryable: true }));
        return;
      }
      const hasRoom = this.#hear(next.part);
      if (next.part.kind === "end") return;
      if (!hasRoom) await new Promise<void>((resolve) => (this.#goOn = resolve));
    }
  }

  /** -> false: wait before the next part. */
  #hear(part: LanguageModelPart): boolean {
    if (part.kind === "text" && this.#firstTextMs < 0) {
      this.#firstTextMs = this.#clock.nowMs() - this.#askedMs;
    }
    if (this.#taker !== null) return this.#give(this.#taker, part);
    this.#kept.push(part);
    if (part.kind === "text") this.#keptCharacters += part.text.length;
    return this.#keptCharacters < KEPT_CHARACTERS_MAX;
  }

  #give(taker: WritingTaker, part: LanguageModelPart): boolean {
    if (part.kind !== "end") return taker.onPart(part);
    taker.onEnd(part);
    return true;
  }

  #fail(error: unknown): void {
    this.#failure = { error };
    this.#taker?.onFailed(error);
  }
}

type Next = { readonly part: LanguageModelPart | undefined } | { readonly error: unknown };

/** Only the engine's own throw is the engine's failure; what our code throws is our bug. */
async function nextOf(parts: AsyncIterator<LanguageModelPart>): Promise<Next> {
  try {
    const { done, value } = await parts.next();
    return { part: done === true ? undefined : value };
  } catch (error) {
    return { error };
  }
}
