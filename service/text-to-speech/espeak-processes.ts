// Processes of espeak-ng, one per sentence, some started before they are needed: a warm one answers
// in 3 ms, a cold one in 45 (measured 2026-11-27, 2 cores). Stands under espeak-ng.ts; the one place
// of the project that starts a program.
//
//   start(arguments) --spawn--> idle, waits for its text --use()--> speaks --> exits, or is killed
//
// Text goes through standard input, never through a shell or an argument. A process that waits ends
// with us: its standard input closes.
// Limits: at most processesMax that speak, WAITING_MAX that wait for their turn, warmMax idle ones.
import { assert } from "../assert.ts";
import { VoxError } from "../errors.ts";
import { untilAborted } from "../provider/deadline.ts";

const WAITING_MAX = 64;

export interface EspeakProcessSettings {
  /** The program's name or path. */
  readonly program: string;
  /** Speaking at the same time. */
  readonly processesMax: number;
  /** Started ahead; 0 for none. */
  readonly warmMax: number;
}

export interface EspeakProcess {
  readonly stdin: { write(text: string): unknown; end(): unknown };
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  /** Status; over 128 when it was killed. */
  readonly exited: Promise<number>;
  kill(signal: "SIGKILL"): void;
}

interface IdleProcess {
  readonly key: string;
  readonly process: EspeakProcess;
}

export class EspeakProcesses {
  readonly #settings: EspeakProcessSettings;
  readonly #provider: string;
  /** The one started last is the last. */
  readonly #idle: IdleProcess[] = [];
  readonly #waiting: (() => void)[] = [];
  readonly #speaking = new Set<EspeakProcess>();
  #count = 0;
  #isClosed = false;

  constructor(provider: string, settings: EspeakProcessSettings) {
    assert(settings.processesMax >= 1, "one process at least must speak");
    assert(settings.warmMax >= 0, "warm processes are counted from 0");
    this.#provider = provider;
    this.#settings = settings;
  }

  /**
   * A process that waits for its text, to be given back with end(). Throws VoxError: queue_full,
   * engine_unavailable when the program cannot be started; an Error when `signal` is aborted.
   */
  async begin(words: readonly string[], signal: AbortSignal): Promise<EspeakProcess> {
    await this.#turn(signal);
    try {
      const process = this.#takeIdle(words.join(" ")) ?? this.#spawn(words);
      this.#speaking.add(process);
      return process;
    } catch (error) {
      this.#leave();
      throw error;
    }
  }

  /** Its work is over; a process that still runs is killed. */
  end(process: EspeakProcess): void {
    assert(this.#speaking.delete(process), "a process ends once");
    process.kill("SIGKILL");
    this.#leave();
  }

  /** Starts a process for the next sentence, which likely has the same arguments. */
  warm(words: readonly string[]): void {
    const key = words.join(" ");
    const { warmMax } = this.#settings;
    if (this.#isClosed || warmMax === 0) return;
    if (this.#idle.filter((idle) => idle.key === key).length >= warmMax) return;
    if (this.#idle.length >= warmMax) this.#idle.shift()?.process.kill("SIGKILL");
    const process = this.#spawnQuietly(words);
    if (process === null) return;
    const idle = { key, process };
    this.#idle.push(idle);
    const forget = () => {
      const index = this.#idle.indexOf(idle);
      if (index >= 0) this.#idle.splice(index, 1);
    };
    void process.exited.then(forget, forget);
  }

  /** Kills what runs. Idempotent. */
  close(): void {
    this.#isClosed = true;
    for (const { process } of this.#idle.splice(0)) process.kill("SIGKILL");
    for (const process of this.#speaking) process.kill("SIGKILL");
  }

  async #turn(signal: AbortSignal): Promise<void> {
    if (this.#count < this.#settings.processesMax) {
      this.#count += 1;
      return;
    }
    if (this.#waiting.length >= WAITING_MAX) throw this.#full();
    let go: () => void = () => undefined;
    const turn = new Promise<void>((resolve) => {
      go = resolve;
    });
    this.#waiting.push(go);
    try {
      await untilAborted(turn, signal);
    } catch (error) {
      const index = this.#waiting.indexOf(go);
      if (index >= 0) this.#waiting.splice(index, 1);
      else this.#leave();
      throw error;
    }
  }

  /** Whoever waits longest takes the place. */
  #leave(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#count -= 1;
    else next();
  }

  #takeIdle(key: string): EspeakProcess | undefined {
    const index = this.#idle.findIndex((idle) => idle.key === key);
    return index < 0 ? undefined : this.#idle.splice(index, 1)[0]?.process;
  }

  /** -> null when it cannot be started: whoever needs one next is told. */
  #spawnQuietly(words: readonly string[]): EspeakProcess | null {
    try {
      return this.#spawn(words);
    } catch {
      return null;
    }
  }

  #spawn(words: readonly string[]): EspeakProcess {
    const pipes = { stdin: "pipe", stdout: "pipe", stderr: "pipe" } as const;
    try {
      return Bun.spawn([this.#settings.program, ...words], pipes);
    } catch (cause) {
      const provider = this.#provider;
      const message = `Cannot use ${provider}: its program cannot be started`;
      throw new VoxError(message, {
        code: "engine_unavailable",
        isRetryable: false,
        provider,
        cause,
      });
    }
  }

  #full(): VoxError {
    const provider = this.#provider;
    const message = `Cannot use ${provider}: ${WAITING_MAX} sentences wait, must be fewer`;
    return new VoxError(message, { code: "queue_full", isRetryable: true, provider });
  }
}
