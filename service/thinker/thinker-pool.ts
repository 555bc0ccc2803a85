// The thinkers of one process: which there are, what the voice is told of them, how many work at once.
// Station: made by main from the configuration; every call has its desk (thinker-desk.ts) on it.
// Limits: ThinkerPoolSettings.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import type { Log } from "../contract/log.ts";
import type { Metrics } from "../contract/metrics.ts";
import type { Thinker } from "../contract/thinker.ts";
import type { ToolDefinition } from "../contract/upstream.ts";
import type { Classify } from "./classifier.ts";
import { routingTool } from "./routing-tool.ts";
import { createThinkerMetrics, type ThinkerMetrics } from "./thinker-metrics.ts";

/** Takes what no other domain can (S1-26). */
const GENERAL_DOMAIN = "knowledge";

export interface ThinkerPoolSettings {
  readonly perCallMax: number;
  readonly perProcessMax: number;
  /** An answer that takes longer is bridged by a line of the voice, and again after as long. */
  readonly progressMs: number;
  /** Such lines per question. */
  readonly progressMax: number;
}

export interface ThinkerPoolDeps {
  readonly settings: ThinkerPoolSettings;
  readonly thinkers: readonly Thinker[];
  /** A text model that chooses the domain itself (S1-40), null: the voice does. */
  readonly classify: Classify | null;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: Metrics;
}

export class ThinkerPool {
  readonly settings: ThinkerPoolSettings;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: ThinkerMetrics;
  readonly classify: Classify | null;
  readonly domains: ReadonlySet<string>;
  /** What the session is told (S1-22, S1-23). */
  readonly tool: ToolDefinition;
  /** The domain that takes what no other can: knowledge, or the first when there is none. */
  readonly general: string;
  readonly #thinkers: ReadonlyMap<string, Thinker>;
  #working = 0;

  /** At least one thinker, each domain once. */
  constructor(deps: ThinkerPoolDeps) {
    const [first] = deps.thinkers;
    assert(first !== undefined, "a pool must have a thinker");
    this.#thinkers = new Map(deps.thinkers.map((thinker) => [thinker.domain, thinker]));
    assert(this.#thinkers.size === deps.thinkers.length, "each domain must have one thinker");
    this.settings = deps.settings;
    this.clock = deps.clock;
    this.log = deps.log;
    this.classify = deps.classify;
    this.domains = new Set(this.#thinkers.keys());
    this.metrics = createThinkerMetrics(deps.metrics, [...this.domains]);
    this.tool = routingTool(deps.thinkers);
    this.general = this.domains.has(GENERAL_DOMAIN) ? GENERAL_DOMAIN : first.domain;
  }

  thinker(domain: string): Thinker {
    const thinker = this.#thinkers.get(domain);
    assert(thinker !== undefined, "a routed domain must have its thinker");
    return thinker;
  }

  working(): number {
    return this.#working;
  }

  /** -> false when as many work as may. */
  begin(): boolean {
    if (this.#working >= this.settings.perProcessMax) return false;
    this.#working += 1;
    this.metrics.working.set(this.#working);
    return true;
  }

  end(): void {
    this.#working -= 1;
    assert(this.#working >= 0, "a thinker must begin before it ends");
    this.metrics.working.set(this.#working);
  }
}
