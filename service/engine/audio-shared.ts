// What the calls of a process have in common: the core, the pacer, the block memory, the counters.
// Made once, before the first call, and given to every engine.
import type { Clock } from "../contract/clock.ts";
import type { Core } from "../contract/core.ts";
import { type Metrics, NO_METRICS } from "../contract/metrics.ts";
import { BlockPool } from "./block-pool.ts";
import { createEngineMetrics, type EngineMetrics } from "./engine-metrics.ts";
import { createPacer, type Pacer } from "./pacer.ts";

/** Memory for tapes and queues when the library's user names none. */
const POOL_BYTES = 64 * 1024 * 1024;

/** What all calls of a process share. */
export interface AudioShared {
  readonly core: Core;
  readonly clock: Clock;
  readonly pacer: Pacer;
  readonly pool: BlockPool;
  readonly metrics: EngineMetrics;
}

export interface AudioSharedOptions {
  readonly core: Core;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  /** Most memory for turn tapes and answer queues of all calls. */
  readonly poolBytes?: number;
}

/** Makes what all calls of a process share; no timer runs before a call plays. */
export function createAudioShared(options: AudioSharedOptions): AudioShared {
  const { core, clock } = options;
  const metrics = createEngineMetrics(options.metrics ?? NO_METRICS);
  const pool = new BlockPool(options.poolBytes ?? POOL_BYTES, metrics.audioPoolBytes);
  return { core, clock, pool, metrics, pacer: createPacer(clock, metrics) };
}
