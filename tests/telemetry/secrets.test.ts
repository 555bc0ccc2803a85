// Goal: what callers, operators and peers must keep secret stays out of everything the service
// writes for operators: log lines of every level, metrics, refusals (T3, T23, I12).
// Method: a whole service on loopback with secrets planted in its settings and sent through every
// entrance, then a search in all it wrote. Real sockets, each awaited; nothing depends on time.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { createSystemClock, createSystemRandom } from "../../service/clock.ts";
import { loadConfig } from "../../service/config.ts";
import { type RunningService, startService } from "../../service/main-service.ts";
import { createJsonLog } from "../../service/telemetry/json-log.ts";

const OPERATOR = {
  OPENAI_API_KEY: "sk-planted-0123456789abcdef",
  TWILIO_AUTH_TOKEN: "0f1e2d3c4b5a69788796a5b4c3d2e1f0",
  VOXBRIDGE_API_KEYS: "planted-caller-key-0123456789",
} as const;

/** As some gateways want it. */
const URL_WITH_KEY = "ws://127.0.0.1:9/v1/realtime?api-key=planted-query-key";

/** What peers send; each goes in by several entrances. */
const PEER = {
  wrongKey: "planted-wrong-key-9876543210",
  callerToken: "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.cGxhbnRlZC1zaWduYXR1cmU",
  phone: "+14155550123",
  words: "my planted password is swordfish",
  signature: "cGxhbnRlZC1zaWduYXR1cmUtaGVyZQ==",
} as const;

interface Watched {
  readonly service: RunningService;
  readonly base: string;
  /** Every line of the log and every body the service sent to operators. */
  readonly written: string[];
}

async function start(env: Record<string, string>, argv: string[]): Promise<Watched> {
  const everything = { ...env, PORT: "0", PUBLIC_URL: "https://voice.example.com" };
  const config = loadConfig({
    argv: [...argv, "--log-level", "debug"],
    env: everything,
    file: null,
  });
  const clock = createSystemClock();
  const written: string[] = [];
  const write = (line: string) => void written.push(line);
  const log = createJsonLog({ settings: config.log, clock, write });
  const service = await startService({ config, clock, random: createSystemRandom(), log });
  return { service, base: `127.0.0.1:${service.port}`, written };
}

async function stop({ service, written, base }: Watched): Promise<string> {
  const headers = { Authorization: `Bearer ${OPERATOR.VOXBRIDGE_API_KEYS}` };
  const metrics = await fetch(`http://${base}/metrics`, { headers });
  expect(metrics.status).toBe(200);
  written.push(await metrics.text());
  await service.stop();
  return written.join("\n");
}

/**
 * Opens /v1/stream, sends the first frame, the others once it is answered, and resolves when the
 * socket is closed.
 */
function speak(base: string, key: string, frames: readonly unknown[]): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const received: string[] = [];
  const socket = new WebSocket(`ws://${base}/v1/stream`, {
    headers: { Authorization: `Bearer ${key}` },
    protocols: ["voxbridge.v1.json"],
  });
  const [first, ...rest] = frames.map((frame) => JSON.stringify(frame));
  socket.onopen = () => socket.send(first ?? "");
  socket.onmessage = ({ data }) => {
    received.push(String(data));
    if (received.length === 1) for (const frame of rest) socket.send(frame);
  };
  socket.onclose = ({ code }) => resolve(`${code} ${received.join(" ")}`);
  return promise;
}

const START = {
  start: {
    encoding: "ENCODING_PCM16",
    sampleRateHz: 16_000,
    instructions: PEER.words,
    callerToken: PEER.callerToken,
    metadata: { caller: PEER.phone, note: PEER.words },
  },
};

/** Runs a program of ours to its end; `until` its output says that, then asks it to stop. */
async function run(argv: readonly string[], until: string): Promise<string> {
  const env = { ...OPERATOR, PATH: process.env["PATH"] ?? "", PORT: "0" };
  const child = Bun.spawn([process.execPath, ...argv], {
    cwd: join(import.meta.dir, "..", ".."),
    env: { ...env, OPENAI_REALTIME_URL: URL_WITH_KEY, PUBLIC_URL: "https://voice.example.com" },
    stdout: "pipe",
    stderr: "pipe",
  });
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array>) => {
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      text += decoder.decode(bytes, { stream: true });
      if (until !== "" && text.includes(until)) child.kill("SIGTERM");
    }
  };
  await Promise.all([read(child.stdout), read(child.stderr), child.exited]);
  return text;
}

describe("secrets", () => {
  test("I12: neither bun start nor bun run config says a secret, nor a key in a URL", async () => {
    const started = await run(["service/main.ts"], "VoxBridge is listening");
    const printed = await run(["service/config-print.ts"], "");
    expect(started).toContain("service stopped");
    expect(printed).toContain("openai.apiKey = ***");
    for (const secret of [...Object.values(OPERATOR), "planted-query-key"]) {
      expect(started).not.toContain(secret);
      expect(printed).not.toContain(secret);
    }
  });

  test("S1-12 T3 T23 I12: nothing planted is in logs, metrics, refusals or what callers get", async () => {
    const watched = await start(OPERATOR, ["--upstream", "simulator"]);
    const { base, written } = watched;

    for (const path of ["metrics", "health/ready", `nowhere?key=${PEER.wrongKey}`]) {
      const headers = { Authorization: `Bearer ${PEER.wrongKey}` };
      written.push(await (await fetch(`http://${base}/${path}`, { headers })).text());
    }
    const webhook = await fetch(`http://${base}/twilio/voice`, {
      method: "POST",
      headers: { "X-Twilio-Signature": PEER.signature },
      body: new URLSearchParams({
        From: PEER.phone,
        CallSid: "CA00000000000000000000000000000000",
      }),
    });
    expect(webhook.status).toBe(403);
    written.push(await webhook.text());
    await speak(base, PEER.wrongKey, [START]);

    const call = await speak(base, OPERATOR.VOXBRIDGE_API_KEYS, [
      START,
      { text: { text: PEER.words } },
      { dtmf: { digits: "4111" } },
      { start: START.start },
    ]);
    // The call was a real one: started, then closed for its second start.
    expect(call).toContain("started");
    expect(call).toStartWith("1008");
    for (const secret of Object.values(OPERATOR)) expect(call).not.toContain(secret);

    const text = await stop(watched);
    expect(text).toContain("call opened");
    for (const secret of [...Object.values(OPERATOR), ...Object.values(PEER)]) {
      expect(text).not.toContain(secret);
    }
  });

  test("S1-12 T23: the upstream's key is in no log and reaches no caller when the dial fails", async () => {
    const env = { ...OPERATOR, OPENAI_REALTIME_URL: "ws://127.0.0.1:9/v1/realtime" };
    const watched = await start(env, ["--openai-give-up-seconds", "0"]);
    const call = await speak(watched.base, OPERATOR.VOXBRIDGE_API_KEYS, [START]);
    const text = (await stop(watched)) + call;
    expect(text).toContain("upstream lost");
    for (const secret of Object.values(OPERATOR)) expect(text).not.toContain(secret);
  });
});
