// A provider client with a stepped clock and small bounds, for the tests of service/provider.
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { VoxError } from "../../service/errors.ts";
import {
  createProviderHttp,
  type ProviderHttp,
  type ProviderHttpDeps,
  type ProviderHttpSettings,
} from "../../service/provider/provider-http.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import type { SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

export const NEVER = new AbortController().signal;

export function clientOf(
  baseUrl: string,
  settings: Partial<ProviderHttpSettings> = {},
  deps: Partial<ProviderHttpDeps> = {},
): ProviderHttp {
  return createProviderHttp(
    {
      provider: "test",
      baseUrl,
      key: "",
      keyHeader: "authorization",
      answerMsMax: 1_000,
      silenceMsMax: 500,
      totalMsMax: 10_000,
      answerBytesMax: 1_000,
      retriesMax: 0,
      ...settings,
    },
    {
      clock: createSteppedClock(),
      random: createSeededRandom(1),
      metrics: NO_METRICS,
      ...deps,
    },
  );
}

/** GET of a JSON value. */
export function askJson(client: ProviderHttp, signal = NEVER): Promise<unknown> {
  const request = { method: "GET", path: "/x", contentTypes: ["application/json"] } as const;
  return client.ask(request, signal, (answer) => answer.json());
}

/** -> the VoxError that the promise rejects with; throws when it does not. */
export async function failureOf(promise: Promise<unknown>): Promise<VoxError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof VoxError) return error;
    throw error;
  }
  throw new Error("It did not fail");
}

/**
 * Moves the clock until the promise settles, to the next timer whenever nothing is under way. With
 * sockets, the census says when that is; without, one turn of the event loop is enough.
 */
export async function settled<Value>(
  promise: Promise<Value>,
  clock: SteppedClock,
  census?: SocketCensus,
): Promise<Value> {
  let isOver = false;
  const end = () => {
    isOver = true;
  };
  void promise.then(end, end);
  for (let turn = 0; turn < 10_000; turn += 1) {
    await (census?.settle() ?? new Promise<void>((resolve) => setImmediate(resolve)));
    if (isOver) return promise;
    const dueMs = clock.nextDueMs();
    if (Number.isFinite(dueMs)) clock.advance(dueMs - clock.nowMs());
  }
  throw new Error(`Not settled: ${census?.describe() ?? "no timer helped"}`);
}
