// One wait for one thinker: its deadline, the end of its call, and the lines that bridge it.
// Station: inside the desk. A thinker that ignores its signal is left behind, not waited for.
import type { TimerHandle } from "../contract/clock.ts";
import { Deadline, untilAborted } from "../provider/deadline.ts";
import type { ThinkerPool } from "./thinker-pool.ts";

export class Wait {
  readonly #pool: ThinkerPool;
  readonly #deadline: Deadline;
  readonly #onLine: (text: string) => void;
  #progress = "";
  #lines = 0;
  #timer: TimerHandle | null = null;

  /** onLine: the newest progress, "" when the thinker told none. */
  constructor(
    pool: ThinkerPool,
    outer: AbortSignal,
    timeoutMs: number,
    onLine: (text: string) => void,
  ) {
    this.#pool = pool;
    this.#onLine = onLine;
    this.#deadline = new Deadline(pool.clock, outer);
    this.#deadline.total(timeoutMs);
  }

  /** The thinker tells how far it is; kept until the next line is due. */
  onProgress(text: string): void {
    this.#progress = text;
  }

  /** -> what `think` resolves to. Rejects as it does, or with engine_timeout or cancelled. */
  async until<Value>(think: (signal: AbortSignal) => Promise<Value>): Promise<Value> {
    const { signal } = this.#deadline;
    this.#arm();
    try {
      return await untilAborted(think(signal), signal);
    } catch (error) {
      throw signal.aborted ? this.#deadline.error("thinker") : error;
    } finally {
      if (this.#timer !== null) this.#pool.clock.clearTimer(this.#timer);
      this.#deadline.end();
    }
  }

  #arm(): void {
    const { progressMs, progressMax } = this.#pool.settings;
    this.#timer = null;
    if (progressMs === 0 || this.#lines >= progressMax) return;
    this.#timer = this.#pool.clock.setTimer(progressMs, () => {
      this.#lines += 1;
      this.#arm();
      this.#onLine(this.#progress);
    });
  }
}
