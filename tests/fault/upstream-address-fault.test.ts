// Goal: where a call's audio goes is the operator's setting; nothing that a caller sends can move it (T19).
// Method: two servers on loopback, the configured one and one that the caller names in every field and
// header there is; the other one must not see a single connection.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { type Caller, createCaller } from "../../scripts/caller/caller.ts";
import type { Line } from "../../scripts/caller/line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { createSystemClock, createSystemRandom } from "../../service/clock.ts";
import { loadConfig } from "../../service/config.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { startService } from "../../service/main-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const KEY = "key-of-at-least-sixteen";

/** Takes every connection and counts it. */
function startServer() {
  const urls: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request, self) {
      urls.push(request.url);
      return self.upgrade(request) ? undefined : new Response("", { status: 404 });
    },
    websocket: { message: () => undefined },
  });
  return { urls, port: server.port ?? 0, stop: () => server.stop(true) };
}

async function until(isReached: () => boolean): Promise<void> {
  for (let tries = 0; tries < 500 && !isReached(); tries += 1) await Bun.sleep(10);
}

describe("a caller who names another upstream", () => {
  test("T19: is answered by the configured one; the other sees no connection", async () => {
    const configured = startServer();
    const other = startServer();
    const elsewhere = `127.0.0.1:${other.port}`;
    const address = `ws://${elsewhere}/v1/realtime`;
    const argv = ["--port", "0", "--upstream", "openai", "--openai-api-key", "sk-test-not-a-key"];
    const url = ["--openai-realtime-url", `ws://127.0.0.1:${configured.port}/v1/realtime`];
    const service = await startService({
      config: loadConfig({
        argv: [...argv, ...url, "--thinkers-domains", "", "--upgrades-per-address", "1000"],
        env: { VOXBRIDGE_API_KEYS: KEY },
        file: null,
      }),
      clock: createSystemClock(),
      random: createSystemRandom(),
      log: SILENT_LOG,
    });
    const names = ["openai.realtimeUrl", "OPENAI_REALTIME_URL", "upstream", "base_url", "url"];
    const named = Object.fromEntries(names.map((name) => [name, address]));
    const context = Object.fromEntries(names.map((name) => [`context.${name}`, address]));
    const headers = {
      Authorization: `Bearer ${KEY}`,
      "X-Forwarded-Host": elsewhere,
      "X-Original-URL": address,
      Forwarded: `host=${elsewhere}`,
      Referer: address,
    };
    const query = new URLSearchParams(named).toString();
    const callers: Caller[] = [];
    const { Authorization } = headers;
    const dial = async (path: string, line: Line) => {
      const dialled = `ws://127.0.0.1:${service.port}${path}?${query}`;
      // A phone's plain path is closed to whatever came through a proxy.
      const given = path === "/v1/stream" ? headers : { Authorization };
      const clock = createSystemClock();
      const caller = createCaller({ url: dialled, line, clock, headers: given });
      await caller.opened;
      callers.push(caller);
    };
    try {
      const words = { voice: address, instructions: address, greeting: address };
      const metadata = { ...named, ...context };
      await dial("/v1/stream", createProtobufLine(WIDE, { ...words, metadata }));
      await dial("/v1/stream", createProtobufLine(WIDE, { ...words, metadata }, "json"));
      const ids = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1" };
      await dial("/twilio/media", createTwilioLine({ ...ids, customParameters: metadata }));
      await until(() => configured.urls.length >= 3);
      expect(configured.urls).toHaveLength(3);
      for (const asked of configured.urls) {
        expect(asked).toStartWith(`http://127.0.0.1:${configured.port}/v1/realtime?`);
        expect(decodeURIComponent(asked)).not.toContain(elsewhere);
      }
      expect(other.urls).toEqual([]);
    } finally {
      for (const caller of callers) caller.drop();
      await service.stop();
      await configured.stop();
      await other.stop();
    }
  });
});
