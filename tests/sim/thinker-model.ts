// Thinkers of every temper, for one simulated call: at once, soon, slow with progress, failing,
// throwing, with nothing to say or a megabyte of it, deaf to their signal (they answer after a
// hang-up too), or silent for ever. Each stands behind the circuit breaker of its provider, which
// rests after two failures in a row. They live outside the service: their time is the world's, not
// its event loop's.
import type { Clock } from "../../service/contract/clock.ts";
import type { Thinker, ThinkRequest, ThinkResult } from "../../service/contract/thinker.ts";
import { VoxError } from "../../service/errors.ts";
import { type BreakerPass, CircuitBreaker } from "../../service/provider/circuit-breaker.ts";
import { afterMs, type OutsideWorld } from "./result-store-model.ts";
import type { ThinkingRules } from "./thinking-rules.ts";

const TEMPERS = [
  ...(["prompt", "soon", "slow", "fails", "throws"] as const),
  ...(["empty", "huge", "deaf", "silent"] as const),
] as const;
const CALM_TEMPERS = ["prompt", "soon", "fails"] as const;
export type Temper = (typeof TEMPERS)[number] | "resting";

const SOON_MS_MAX = 2_000;
const SLOW_MS_MAX = 30_000;
const NEWS_EVERY_MS = 900;
const MEGABYTE = "x".repeat(1_048_576);
const BREAKER = { failuresMax: 2, restMs: 10_000 } as const;

export interface ThinkerModelParts {
  readonly world: OutsideWorld;
  readonly clock: Clock;
  readonly rules: ThinkingRules;
  readonly count: (temper: Temper) => void;
}

interface Asked {
  readonly request: ThinkRequest;
  readonly signal: AbortSignal;
  readonly breaker: CircuitBreaker;
}

/** One thought, from its question to its answer or to the end of the wait for it. */
interface Thought extends Asked {
  readonly temper: Temper;
  readonly pass: BreakerPass;
  readonly onOver: () => void;
  isOver: boolean;
}

export class ThinkerModel {
  readonly #parts: ThinkerModelParts;
  #isCalm = false;

  constructor(parts: ThinkerModelParts) {
    this.#parts = parts;
  }

  calm(): void {
    this.#isCalm = true;
  }

  thinkers(): readonly Thinker[] {
    const { dice, knobs } = this.#parts.world;
    const domains = [
      { domain: "weather", cacheSeconds: 60, isPersonal: false },
      { domain: "knowledge", cacheSeconds: 20, isPersonal: true },
      { domain: "research", cacheSeconds: 0, isPersonal: true },
    ];
    return domains.map((more) => {
      const breaker = new CircuitBreaker(BREAKER, this.#parts.clock);
      return {
        ...more,
        description: more.domain,
        timeoutMs: dice.between(1_000, knobs.thinkerMsMax),
        think: (request, signal) => this.#think({ request, signal, breaker }, more),
      };
    });
  }

  #think(asked: Asked, thinker: Pick<Thinker, "cacheSeconds">): Promise<ThinkResult> {
    const { request, signal, breaker } = asked;
    const { world, rules, count } = this.#parts;
    const pass = breaker.enter();
    if (pass === null) {
      count("resting");
      throw new VoxError("It rests", { code: "engine_unavailable", isRetryable: true });
    }
    const temper = world.dice.pick(this.#isCalm ? CALM_TEMPERS : TEMPERS);
    count(temper);
    if (temper === "throws") {
      pass.fail(null);
      throw new Error("thinker threw");
    }
    const onOver = rules.onThought(request, thinker.cacheSeconds > 0, breaker);
    const thought = { ...asked, temper, pass, onOver, isOver: false };
    signal.addEventListener("abort", () => this.#end(thought, "abandon"), { once: true });
    if (temper === "slow") this.#tellNews(thought);
    return this.#outcome(thought);
  }

  /** One that nobody waits for any more is over, whatever it does. */
  #end(thought: Thought, judgement: "succeed" | "fail" | "abandon"): void {
    if (thought.isOver) return;
    thought.isOver = true;
    thought.onOver();
    if (judgement === "fail") thought.pass.fail(null);
    else thought.pass[judgement]();
  }

  #outcome(thought: Thought): Promise<ThinkResult> {
    const { temper, request, signal } = thought;
    const { promise, resolve, reject } = Promise.withResolvers<ThinkResult>();
    const isObedient = temper !== "deaf" && temper !== "silent";
    if (isObedient) signal.addEventListener("abort", () => reject(new Error("stopped")));
    const settle = () => {
      this.#end(thought, temper === "fails" ? "fail" : "succeed");
      if (temper === "fails") reject(new Error("thinker failed"));
      else resolve({ response: responseOf(temper, request.query) });
    };
    if (temper === "prompt") settle();
    else if (temper !== "silent") {
      const isLong = temper === "slow" || temper === "deaf";
      const { world } = this.#parts;
      afterMs(world, world.dice.between(1, isLong ? SLOW_MS_MAX : SOON_MS_MAX), settle);
    }
    return promise;
  }

  #tellNews(thought: Thought): void {
    afterMs(this.#parts.world, NEWS_EVERY_MS, () => {
      if (thought.isOver) return;
      thought.request.onProgress("still looking");
      this.#tellNews(thought);
    });
  }
}

function responseOf(temper: Temper, query: string): string {
  if (temper === "empty") return "  ";
  return temper === "huge" ? MEGABYTE : `About ${query}.`;
}
