// Thinkers of every temper, for one simulated call: at once, soon, slow with progress, failing,
// throwing, with nothing to say, deaf to their signal, or silent for ever. And the store that keeps
// what they said, which may be slow or away. They live outside the service: their time is the
// world's, not its event loop's.
import type { Thinker, ThinkRequest, ThinkResult } from "../../service/contract/thinker.ts";
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";
import type { VirtualTime } from "./virtual-time.ts";

const TEMPERS = ["prompt", "soon", "slow", "fails", "throws", "empty", "deaf", "silent"] as const;
const CALM_TEMPERS = ["prompt", "soon", "fails"] as const;
type Temper = (typeof TEMPERS)[number];
export type ThinkingCount = `thinker_${Temper}` | "tool_output_as_text" | "thinker_line";

const SOON_MS_MAX = 2_000;
const SLOW_MS_MAX = 30_000;
const STORE_MS_MAX = 1_000;
const NEWS_EVERY_MS = 900;

export interface ThinkerModelParts {
  readonly time: VirtualTime;
  readonly dice: Dice;
  readonly knobs: Knobs;
  readonly fail: (rule: string) => never;
  /** A promise of the outside world has settled: what waits for it goes on. */
  readonly onSettled: () => void;
  readonly count: (temper: Temper) => void;
}

export class ThinkerModel {
  readonly #parts: ThinkerModelParts;
  readonly #kept = new Map<string, { readonly value: string; readonly endsMs: number }>();
  #atWork = 0;
  #isCalm = false;

  constructor(parts: ThinkerModelParts) {
    this.#parts = parts;
  }

  calm(): void {
    this.#isCalm = true;
  }

  /** Those that somebody waits for. */
  atWork(): number {
    return this.#atWork;
  }

  thinkers(): readonly Thinker[] {
    const { dice, knobs } = this.#parts;
    const domains = [
      { domain: "weather", cacheSeconds: 60, isPersonal: false },
      { domain: "knowledge", cacheSeconds: 20, isPersonal: true },
      { domain: "research", cacheSeconds: 0, isPersonal: true },
    ];
    return domains.map((more) => ({
      ...more,
      description: more.domain,
      timeoutMs: dice.between(1_000, knobs.thinkerMsMax),
      think: (request, signal) => this.#think(more.domain, request, signal),
    }));
  }

  cached(scope: string, key: string): Promise<string | null> {
    return this.#fromStore(() => {
      const kept = this.#kept.get(`${scope} ${key}`);
      return kept !== undefined && kept.endsMs > this.#parts.time.nowMs() ? kept.value : null;
    });
  }

  cache(scope: string, key: string, value: string, keepMs: number): Promise<void> {
    return this.#fromStore(() => {
      this.#kept.set(`${scope} ${key}`, { value, endsMs: this.#parts.time.nowMs() + keepMs });
    });
  }

  #think(domain: string, request: ThinkRequest, signal: AbortSignal): Promise<ThinkResult> {
    const { dice, knobs, fail, count } = this.#parts;
    const temper: Temper = this.#isCalm ? dice.pick(CALM_TEMPERS) : dice.pick(TEMPERS);
    count(temper);
    if (this.#atWork >= knobs.thinkersPerCall) fail("no more thinkers work at once than may");
    if (domain === "weather" && request.said.length > 0) fail("a shared answer knows nobody");
    if (temper === "throws") throw new Error("thinker threw");
    this.#watch(signal);
    if (temper === "slow") this.#tellNews(request, signal);
    return this.#outcome(temper, request, signal);
  }

  /** One that nobody waits for any more is not at work, whatever it does. */
  #watch(signal: AbortSignal): void {
    this.#atWork += 1;
    signal.addEventListener("abort", () => this.#leave(signal), { once: true });
  }

  readonly #left = new WeakSet<AbortSignal>();

  #leave(signal: AbortSignal): void {
    if (this.#left.has(signal)) return;
    this.#left.add(signal);
    this.#atWork -= 1;
  }

  #outcome(temper: Temper, request: ThinkRequest, signal: AbortSignal): Promise<ThinkResult> {
    const { dice } = this.#parts;
    const { promise, resolve, reject } = Promise.withResolvers<ThinkResult>();
    const isObedient = temper !== "deaf" && temper !== "silent";
    if (isObedient) signal.addEventListener("abort", () => reject(new Error("stopped")));
    const settle = () => {
      this.#leave(signal);
      if (temper === "fails") reject(new Error("thinker failed"));
      else resolve({ response: temper === "empty" ? "  " : `About ${request.query}.` });
    };
    if (temper === "prompt") settle();
    else if (temper !== "silent") {
      const isLong = temper === "slow" || temper === "deaf";
      this.#later(dice.between(1, isLong ? SLOW_MS_MAX : SOON_MS_MAX), settle);
    }
    return promise;
  }

  #tellNews(request: ThinkRequest, signal: AbortSignal): void {
    this.#later(NEWS_EVERY_MS, () => {
      if (signal.aborted || this.#left.has(signal)) return;
      request.onProgress("still looking");
      this.#tellNews(request, signal);
    });
  }

  #fromStore<Value>(act: () => Value): Promise<Value> {
    const { dice, knobs } = this.#parts;
    if (!this.#isCalm && dice.chance(knobs.storeAwayPercent)) {
      return Promise.reject(new Error("store away"));
    }
    if (this.#isCalm || dice.chance(60)) return Promise.resolve(act());
    const { promise, resolve } = Promise.withResolvers<Value>();
    this.#later(dice.between(1, STORE_MS_MAX), () => resolve(act()));
    return promise;
  }

  #later(delayMs: number, act: () => void): void {
    const { time, onSettled } = this.#parts;
    time.atService(time.nowMs() + delayMs, () => {
      act();
      onSettled();
    });
  }
}
