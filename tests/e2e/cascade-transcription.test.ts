// Goal: the cascade with a Realtime session for its ears, an ordinary one and one that only writes
// down: the same calls over both transports, at that API's one rate of 24 kHz, phones included.
// Method: the project's own simulator writes down; model and voice are engines of fixed delay.
import { expect, test } from "bun:test";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { loadConfig } from "../../service/config.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { createCascadeEngines } from "../../service/main-cascade.ts";
import { createRealtimeSimulator, type Simulator } from "../../service/simulator/simulator.ts";
import { makeCore } from "../core/core-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { type SteppedService, startSteppedService } from "../support/stepped-service.ts";
import { type TimedCascade, timedCascade } from "../support/timed-cascade.ts";

const WIDE = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const TURN_MS_MAX = 20_000;

interface Heard extends AsyncDisposable {
  readonly service: SteppedService;
  readonly cascade: TimedCascade;
  readonly simulator: Simulator;
}

async function start(query: string): Promise<Heard> {
  const made: { cascade?: TimedCascade; simulator?: Simulator } = {};
  const service = await startSteppedService({
    argv: ["--routes-twilio-greeting", "", "--cascade-stt-urls", "ws://127.0.0.1:1/v1/realtime"],
    cascade: (clock) => {
      const random = createSeededRandom(5);
      made.simulator = createRealtimeSimulator({
        ...{ clock, random, host: "127.0.0.1", port: 0 },
        isRecorded: true,
      });
      made.cascade = timedCascade(clock);
      const argv = [
        ...["--cascade-stt-urls", made.simulator.url + query],
        ...["--cascade-llm-urls", "http://127.0.0.1:1/v1", "--cascade-llm-models", "none"],
      ];
      const config = loadConfig({ argv, env: {}, file: null });
      const { kernels } = makeCore(1);
      const deps = { clock, random, log: SILENT_LOG, metrics: NO_METRICS, kernels };
      const { speechToText } = createCascadeEngines(config.cascade, deps);
      return { ...made.cascade.engines, speechToText };
    },
  });
  const { cascade, simulator } = made;
  if (cascade === undefined || simulator === undefined)
    throw new Error("The service asked for no engines");
  return {
    service,
    cascade,
    simulator,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await simulator.stop();
    },
  };
}

const STREAM = { name: "stream", path: "/v1/stream", line: () => createProtobufLine(WIDE) };
const PHONE = { name: "phone", path: "/twilio/media", line: () => createTwilioLine(IDS) };

for (const { name, path, line, query, type } of [
  { ...STREAM, query: "", type: "realtime" },
  { ...PHONE, query: "", type: "realtime" },
  { ...STREAM, query: "?intent=transcription", type: "transcription" },
  { ...PHONE, query: "?intent=transcription", type: "transcription" },
]) {
  test(`S3-05: over the ${name} a ${type} session writes down what is appended`, async () => {
    await using heard = await start(query);
    const { service, cascade, simulator } = heard;
    const caller = await service.call(path, line());
    await service.run(400);
    caller.say(loadSpeech("yes", caller.format));
    await service.until(() => caller.ear.isPlaying(), TURN_MS_MAX);
    const [request, ...more] = cascade.model.requests;
    expect(more).toEqual([]);
    expect(request?.messages.at(-1)?.text).toMatch(/^\[simulated: \d\.\d s of speech\]$/);
    const [update] = simulator.records[0]?.commands ?? [];
    expect(update?.command).toMatchObject({ type: "session.update", session: { type } });
    expect(service.complaints).toEqual([]);
  });
}
