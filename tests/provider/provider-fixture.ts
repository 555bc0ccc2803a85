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
import { createSteppedClock } from "../support/stepped-clock.ts";

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

/** Moves the clock until the promise settles; what a retry waits for passes at once. */
export async function settled<Value>(
  promise: Promise<Value>,
  clock: ReturnType<typeof createSteppedClock>,
): Promise<Value> {
  let isOver = false;
  void promise.then(
    () => (isOver = true),
    () => (isOver = true),
  );
  for (let turn = 0; turn < 10_000 && !isOver; turn += 1) {
    await new Promise<void>((resolve) => setImmediate(resolve));
    if (!isOver) clock.advance(1);
  }
  return promise;
}
