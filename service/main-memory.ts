// What the service remembers of callers, put together from the configuration: store, identity,
// memories of calls. Station: made by main-service.ts.
import { CallMemories } from "./call-memories.ts";
import { type CallerSettings, storeOf } from "./config-callers.ts";
import { createMemoryStore } from "./context/memory-store.ts";
import { createRedisStore } from "./context/redis-store.ts";
import { createSqliteStore } from "./context/sqlite-store.ts";
import { createSteadyStore } from "./context/steady-store.ts";
import type { StoreParts } from "./context/store-settings.ts";
import { createSummaryWriter } from "./context/summary-writer.ts";
import type { ContextStore } from "./contract/caller-context.ts";
import type { CallerIdentities } from "./contract/caller-identity.ts";
import type { Clock, Random } from "./contract/clock.ts";
import type { LanguageModel } from "./contract/language-model.ts";
import type { Log } from "./contract/log.ts";
import type { Metrics } from "./contract/metrics.ts";
import { createCallerIdentities } from "./identity/caller-identities.ts";
import { STORE_DEADLINE_MS } from "./limits.ts";

const DAY_MS = 86_400_000;

interface MemoryParts {
  readonly config: CallerSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Writes the rolling summaries; null: there are none. */
  readonly summaryModel: LanguageModel | null;
}

export interface ServiceMemory {
  readonly store: ContextStore;
  readonly identities: CallerIdentities;
  readonly memories: CallMemories;
  /** Callers are remembered beyond their call. */
  readonly isKept: boolean;
  close(): Promise<void>;
}

/** Errors: VoxError config_invalid for a key that is none. The store need not be there yet. */
export async function createServiceMemory(parts: MemoryParts): Promise<ServiceMemory> {
  const { config, clock, random, log, metrics, summaryModel } = parts;
  const { pepper } = config.context;
  const settings = { ...config.identity, pepper };
  const identities = await createCallerIdentities({ settings, clock, metrics });
  const store = createSteadyStore({ store: storeFor(parts), clock, random, log, metrics });
  // Asked once now, so that a store that is not there shows in log and metrics before the first
  // call; the answer is the steady store's to remember.
  store.cached("", "voxbridge start").catch(() => undefined);
  const summaries =
    summaryModel === null
      ? null
      : createSummaryWriter({ model: summaryModel, clock, log, metrics });
  const memories = new CallMemories({ store, identities, summaries, clock, random, log });
  const close = () => {
    memories.stop();
    return store.close();
  };
  return { store, identities, memories, isKept: pepper !== "", close };
}

function storeFor({ config, clock, random, metrics }: MemoryParts): ContextStore {
  const { context } = config;
  const settings: StoreParts["settings"] = {
    retentionMs: context.retentionDays * DAY_MS,
    historyMs: context.historyDays * DAY_MS,
    deadlineMs: STORE_DEADLINE_MS,
  };
  switch (storeOf(context)) {
    case "memory":
      return createMemoryStore({ settings, clock });
    case "sqlite":
      return createSqliteStore({ settings, clock, metrics, path: context.file });
    case "redis":
      return createRedisStore({ settings, clock, random, metrics, url: context.redisUrl });
  }
}
