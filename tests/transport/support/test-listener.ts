// A listener on a free port with a stepped clock and a recording opener behind it.
import { SILENT_LOG } from "../../../service/contract/log.ts";
import { NO_METRICS } from "../../../service/contract/metrics.ts";
import {
  type Listener,
  type ListenerSettings,
  startListener,
} from "../../../service/transport/listener.ts";
import { createSeededRandom } from "../../support/seeded-random.ts";
import { type SteppedClock, createSteppedClock } from "../../support/stepped-clock.ts";
import { type RecordingOpener, createRecordingOpener } from "./recording-opener.ts";

export interface TestListener extends AsyncDisposable {
  readonly listener: Listener;
  readonly port: number;
  readonly clock: SteppedClock;
  readonly opener: RecordingOpener;
  /** What a caller with the first of the keys sends; nothing without keys. */
  readonly headers: Record<string, string>;
}

export function startTestListener(settings: Partial<ListenerSettings> = {}): TestListener {
  const clock = createSteppedClock();
  const opener = createRecordingOpener();
  const listener = startListener({
    settings: {
      host: "127.0.0.1",
      port: 0,
      apiKeys: [],
      origins: [],
      upgradesPerAddress: 1_000,
      lanes: ["fast", "big"],
      twilioAuthTokens: [],
      publicUrl: "",
      ...settings,
    },
    opener,
    clock,
    random: createSeededRandom(1),
    metrics: NO_METRICS,
    metricsText: () => "metrics 1\n",
    log: SILENT_LOG,
  });
  const [key] = settings.apiKeys ?? [];
  return {
    headers: key === undefined ? {} : { authorization: `Bearer ${key}` },
    listener,
    port: listener.port,
    clock,
    opener,
    [Symbol.asyncDispose]: () => listener.stop(),
  };
}
