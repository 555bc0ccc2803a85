// Goal: every way in which a server can fail ends in words or in a notice, in bounded time, and the
// next turn is answered: each of the cascade's three engines, over real HTTP, as configured.
// Method: one local server that plays all three and fails as told; the engines that main makes of
// the configuration; stepped time that moves only when nothing is on its way.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createCascadeFactory } from "../../service/cascade/cascade-upstream.ts";
import { loadConfig } from "../../service/config.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { Upstream } from "../../service/contract/upstream.ts";
import { createCascadeEngines } from "../../service/main-cascade.ts";
import { type Heard, recordingListener, SESSION, SETTINGS } from "../cascade/cascade-fixture.ts";
import { makeCore } from "../core/core-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { openSocketCensus, type SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import {
  type EngineFault,
  type EngineKind,
  engineServer,
  type EngineServer,
  VOICE,
} from "./engine-server.ts";

const STEP_MS = 20;
/** Deadlines of the engines with their retries, and the answer. */
const TURN_MS_MAX = 40_000;

let clock: SteppedClock;
let census: SocketCensus;
let server: EngineServer;
let upstream: Upstream;
let heard: Heard[];

beforeEach(() => {
  census = openSocketCensus();
  clock = createSteppedClock();
  server = engineServer();
  heard = [];
});
afterEach(async () => {
  upstream.close();
  await server.stop();
  census.close();
});

function open(urls: Partial<Record<EngineKind, string>> = {}, voice = VOICE): void {
  const argv = [
    ...["--upstream", "cascade", "--cascade-stt-urls", urls.stt ?? server.url],
    ...["--cascade-llm-urls", urls.llm ?? server.url, "--cascade-llm-models", "m"],
    ...["--cascade-tts-urls", urls.tts ?? server.url, "--cascade-tts-voices", voice],
  ];
  const { cascade } = loadConfig({ argv, env: {}, file: null });
  const { kernels } = makeCore(1);
  const random = createSeededRandom(3);
  const deps = { clock, random, log: SILENT_LOG, metrics: NO_METRICS, kernels };
  const engines = createCascadeEngines(cascade, deps);
  const settings = { ...SETTINGS, transcriptMsMax: 20_000 };
  const factory = createCascadeFactory({ engines, settings, clock, random });
  upstream = factory(SESSION, recordingListener(heard));
  upstream.open();
}

async function step(): Promise<void> {
  await census.settle();
  clock.advance(Math.min(STEP_MS, Math.max(0, clock.nextDueMs() - clock.nowMs())));
  await census.settle();
}

function of(name: string): (readonly unknown[])[] {
  return heard.filter((event) => event[0] === name).map(([, ...args]) => args);
}

/** A turn of half a second. -> its response's status and error code. */
async function turn(count: number): Promise<unknown[]> {
  const audio = new Uint8Array(16_000).fill(1);
  upstream.append(audio, 0, audio.length);
  upstream.commit();
  upstream.respond({ instructions: "", tag: `turn:${count}:${count}` });
  const endMs = clock.nowMs() + TURN_MS_MAX;
  while (of("onResponseDone").length < count && clock.nowMs() < endMs) await step();
  const [, status, , code] = of("onResponseDone")[count - 1] ?? [];
  return [status, code];
}

const FAULTS: readonly EngineFault[] = [
  "breaks",
  "silent",
  "garbage",
  "rate_limited",
  "server_error",
  "html",
];

const GONE: Readonly<Record<EngineKind, string>> = {
  stt: "speech_to_text_failed",
  llm: "language_model_failed",
  tts: "text_to_speech_failed",
};

for (const kind of ["stt", "llm", "tts"] as const) {
  describe(`${kind}: a server that`, () => {
    for (const fault of FAULTS) {
      test(`S2-87: ${fault}: is told and said, and the next turn is answered`, async () => {
        open();
        server.fail(kind, fault);
        const [status, code] = await turn(1);
        expect(code).toBe(GONE[kind]);
        expect(["failed", "incomplete"]).toContain(String(status));
        expect(of("onError").map(([name]) => name)).toEqual([GONE[kind]]);
        if (kind !== "tts") expect(server.spoken().at(-1)).toBe(SETTINGS.apology);
        server.fail(kind, "well");
        expect(await turn(2)).toEqual(["completed", ""]);
        expect(server.spoken().at(-1)).toBe("We close at eight.");
        expect(of("onClosed")).toEqual([]);
      }, 60_000);
    }

    test("S2-87: refuses the connection: is told, and the call goes on", async () => {
      const closed = engineServer();
      const { url } = closed;
      await closed.stop();
      open({ [kind]: url });
      expect((await turn(1))[1]).toBe(GONE[kind]);
      expect((await turn(2))[1]).toBe(GONE[kind]);
      expect(upstream.isReady()).toBe(true);
    }, 60_000);

    test("S2-88: one that stays away rests, so that a turn does not wait for it", async () => {
      open();
      server.fail(kind, "server_error");
      for (let count = 1; count <= 6; count += 1) await turn(count);
      const before = { askedCount: server.asked(kind), nowMs: clock.nowMs() };
      expect((await turn(7))[1]).toBe(GONE[kind]);
      expect(server.asked(kind)).toBe(before.askedCount);
      expect(clock.nowMs() - before.nowMs).toBeLessThan(500);
    }, 60_000);
  });
}

test("S2-87: a voice that the server does not have", async () => {
  open({}, "nobody");
  expect(await turn(1)).toEqual(["failed", "text_to_speech_failed"]);
  expect(of("onAgentTranscript").at(-1)?.[2]).toBe("We close at eight.");
});
