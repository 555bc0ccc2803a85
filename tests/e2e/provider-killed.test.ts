// The provider's process is killed while callers of both transports speak, and started again: in
// real time, over real sockets to a process of its own, as nothing else shows what a dead peer's
// sockets do. What is asserted is what is said and heard, never how fast; byte by byte on a stepped
// clock: long-life.test.ts.
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type Caller, createCaller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { createSystemClock, createSystemRandom } from "../../service/clock.ts";
import { loadConfig } from "../../service/config.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { startService } from "../../service/main-service.ts";
import { ROOT } from "../support/child-service.ts";
import { loadSpeech, speechLabels } from "../support/speech-files.ts";
import { noticesOf } from "../support/stepped-service.ts";

const TEST_MS_MAX = 90_000;
const WAIT_MS_MAX = 40_000;
const POLL_MS = 20;
const SPOKEN_MS = 1_000;
const AWAY_MS = 1_200;
/** Windows at the edges of words that the voice activity model may leave out. */
const EDGE_MS = 120;

const WIDE = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };

const children: ReturnType<typeof spawnProvider>[] = [];

afterAll(async () => {
  for (const child of children) child.kill("SIGKILL");
  await Promise.all(children.map(({ exited }) => exited));
});

function spawnProvider(port: string) {
  const program = join(ROOT, "service/simulator/simulator-main.ts");
  return Bun.spawn([process.execPath, program, "--port", port, "--chat-port", "0"], {
    stdout: "pipe",
    stderr: "inherit",
  });
}

/** -> the child, listening, and where. */
async function startProvider(port: string) {
  const child = spawnProvider(port);
  children.push(child);
  // Never cancelled: a closed pipe would end the process at its next line.
  const reader = child.stdout.getReader();
  let text = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The simulator did not start: ${text}`);
    text += Buffer.from(value).toString();
    const url = /simulator: (ws:\S+)\n/.exec(text)?.[1];
    if (url !== undefined) return { child, url };
  }
}

async function until(isReached: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!isReached()) {
    if (performance.now() > endMs) throw new Error(`Not reached: ${what}`);
    await Bun.sleep(POLL_MS);
  }
}

const isQuiet = (caller: Caller) => !caller.ear.isPlaying() && !caller.mouth.isSpeaking();

async function startOn(url: string) {
  const argv = ["--port", "0", "--upstream", "openai", "--openai-realtime-url", url];
  argv.push("--thinkers-domains", "", "--routes-twilio-greeting", "");
  return startService({
    config: loadConfig({ argv, env: {}, file: null }),
    clock: createSystemClock(),
    random: createSystemRandom(),
    log: SILENT_LOG,
    warmUpFrames: 50,
  });
}

test(
  "I5, I9: the provider's process is killed in mid-utterance and comes back, on both transports",
  async () => {
    const first = await startProvider("0");
    const service = await startOn(first.url);
    try {
      const dial = (path: string, line: Parameters<typeof createCaller>[0]["line"]) =>
        createCaller({
          url: `ws://127.0.0.1:${service.port}${path}`,
          line,
          clock: createSystemClock(),
        });
      const stream = dial("/v1/stream", createProtobufLine(WIDE));
      const phone = dial("/twilio/media", createTwilioLine(IDS));
      const callers = [stream, phone];
      await Promise.all(callers.map(({ opened }) => opened));
      for (const caller of callers) caller.say(loadSpeech("yes", caller.format));
      await until(() => callers.every(({ ear }) => ear.heardMs() > 300), "the first answers");
      await until(() => callers.every(isQuiet), "the end of the first answers");
      const heardMs = callers.map(({ ear }) => ear.heardMs());

      const saidMs = stream.mouth.positionMs();
      for (const caller of callers) caller.say(loadSpeech("question", caller.format));
      await Bun.sleep(SPOKEN_MS);
      first.child.kill("SIGKILL");
      await first.child.exited;
      await Bun.sleep(AWAY_MS);
      await startProvider(new URL(first.url).port);
      await until(
        () => callers.every(({ ear }, index) => ear.heardMs() > (heardMs[index] ?? 0) + 1_000),
        "answers from the new process",
      );
      await until(() => callers.every(isQuiet), "the end of those answers");

      // The words said while nobody was there are in the conversation, and no sample twice.
      const turns = noticesOf(stream, "turnCommitted").slice(1);
      for (const { startMs, endMs } of speechLabels("question")) {
        const from = saidMs + startMs + EDGE_MS;
        const to = saidMs + endMs - EDGE_MS;
        const isIn = turns.some((turn) => turn.startMs <= from && turn.endMs >= to);
        expect(isIn || to <= from).toBe(true);
      }
      for (const [index, turn] of turns.entries()) {
        expect(turn.startMs).toBeGreaterThanOrEqual(turns[index - 1]?.endMs ?? 0);
      }
      expect(noticesOf(stream, "error").map(({ code }) => code)).toEqual(["upstream_reconnecting"]);
      expect(callers.map((caller) => caller.isOpen())).toEqual([true, true]);
      expect(callers.map(({ ear }) => ear.staleFrames())).toEqual([0, 0]);
    } finally {
      await service.stop();
    }
  },
  TEST_MS_MAX,
);
