// Goal: memory across calls as an operator has it: a caller with a token comes back and is known, an
// anonymous one and another one are not, what was said is kept as heard, erased it is gone, and a
// store that dies in mid-call costs memory and nothing else.
// Method: whole calls over real sockets, a real database file and a real redis-server. The model that
// writes the notes is scripted; what it is asked shows what the second call knows.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { dialTwilio } from "../../scripts/caller/twilio-dial.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import {
  AUTHORIZED,
  callerToken,
  exported,
  KNOWN_CALLERS_ARGV,
  untilRecord,
} from "../support/known-callers.ts";
import { describeWithRedis, startRedisServer } from "../support/redis-server.ts";
import { createScriptedModel, NO_NOTES, type ScriptedModel } from "../support/scripted-model.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, type SteppedService, startSteppedService } from "../support/stepped-service.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8_000, channels: 1 };
const SCRIPT = {
  turns: [
    {
      when: { turn: 1 },
      transcript: "I am Ann and I live in Kyiv",
      answer: {
        text: "Good day Ann, the sun is shining in Kyiv today",
        toneMs: 1_500,
        toolCalls: [],
      },
    },
  ],
};
const TURN_MS_MAX = 30_000;

function notesModel(): ScriptedModel {
  return createScriptedModel(() =>
    JSON.stringify({ ...NO_NOTES, summary: "Ann told where she lives", name: "Ann" }),
  );
}

/** Calls, asks once, hears the answer to its end; hang up with drop(). */
async function ask(service: SteppedService, token: string): Promise<Caller> {
  const line = createProtobufLine(WIDE, { callerToken: token });
  const caller = await service.call("/v1/stream", line, AUTHORIZED);
  await service.run(500);
  caller.say(loadSpeech("question", WIDE));
  const isHeard = () => noticesOf(caller, "receipt").some(({ complete }) => complete);
  const isWritten = () => noticesOf(caller, "transcript").some(({ final }) => final);
  await service.until(() => isHeard() && isWritten() && !caller.ear.isPlaying(), TURN_MS_MAX);
  return caller;
}

/** The same life with any store. */
async function remembersCallers(argv: readonly string[]): Promise<void> {
  const summaryModel = notesModel();
  await using service = await startSteppedService({
    argv: [...KNOWN_CALLERS_ARGV, ...argv],
    simulator: { script: SCRIPT },
    summaryModel,
  });
  expect(await exported(service, "sub:ann")).toBeNull();

  const first = await ask(service, await callerToken(service, "ann"));
  first.drop();
  const known = await untilRecord(service, "sub:ann", ({ context }) => context.summary !== "");
  expect(known.context.preferences.name).toBe("Ann");
  expect(known.context.signals.callCount).toBe(1);
  expect(known.history.map(({ speaker, text }) => `${speaker}: ${text}`)).toEqual([
    "caller: I am Ann and I live in Kyiv",
    "agent: Good day Ann, the sun is shining in Kyiv today",
  ]);
  expect(known.history.map(({ turnId }) => turnId)).toEqual([1, 1]);

  // Another caller, and one without a token, know nothing of it and leave nothing with it.
  const asked = () => summaryModel.requests.at(-1)?.messages.at(-1)?.text ?? "";
  (await ask(service, await callerToken(service, "bob"))).drop();
  await untilRecord(service, "sub:bob", ({ context }) => context.summary !== "");
  expect(asked()).not.toContain("caller_memory");
  (await ask(service, "")).drop();
  await service.run(1_000);
  expect(summaryModel.requests.length).toBe(2);

  // The first caller returns: the context is there.
  (await ask(service, await callerToken(service, "ann"))).drop();
  const again = await untilRecord(
    service,
    "sub:ann",
    ({ history, context }) => history.length === 4 && context.signals.callCount === 2,
  );
  await service.until(() => summaryModel.requests.length === 3, 10_000);
  expect(asked()).toContain('"earlierCalls":"Ann told where she lives"');
  expect(asked()).toContain('"name":"Ann"');
  expect(new Set(again.history.map(({ callId }) => callId)).size).toBe(2);

  // Erased on request: gone, and the other one is still there.
  const url = `${service.url}/v1/callers/${encodeURIComponent("sub:ann")}`;
  expect((await fetch(url, { ...AUTHORIZED, method: "DELETE" })).status).toBe(204);
  expect(await exported(service, "sub:ann")).toBeNull();
  expect((await exported(service, "sub:bob"))?.context.preferences.name).toBe("Ann");
}

describe("memory across calls, in a database file", () => {
  test("S1-11, S1-34, RT-13, T21: a caller returns and is known, others are not, erased is gone", async () => {
    const folder = mkdtempSync(join(tmpdir(), "voxbridge-memory-"));
    try {
      await remembersCallers(["--context-file", join(folder, "voxbridge.db")]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("T2: a forged token is refused with words, counted, and the call goes on", async () => {
    await using service = await startSteppedService({
      argv: [...KNOWN_CALLERS_ARGV, "--context-store", "memory"],
      simulator: { script: SCRIPT },
    });
    const good = await callerToken(service, "ann");
    const caller = await ask(service, `${good.slice(0, -6)}AAAAAA`);
    const errors = noticesOf(caller, "error");
    expect(errors.map(({ code }) => code)).toEqual(["caller_token_refused"]);
    expect(errors[0]?.message).toContain("its signature is wrong");
    expect(service.running.metrics.print()).toContain(
      'voxbridge_caller_identity_total{result="signature"} 1',
    );
    caller.drop();
    await service.run(1_000);
    expect(await exported(service, "sub:ann")).toBeNull();
  });

  test("an interrupted answer is kept as far as it was heard", async () => {
    await using service = await startSteppedService({
      argv: [...KNOWN_CALLERS_ARGV, "--context-store", "memory"],
      simulator: { script: SCRIPT },
    });
    const line = createProtobufLine(WIDE, { callerToken: await callerToken(service, "ann") });
    const caller = await service.call("/v1/stream", line, AUTHORIZED);
    await service.run(500);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => caller.ear.isPlaying(), TURN_MS_MAX);
    await service.run(200);
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => noticesOf(caller, "bargeIn").length === 1, TURN_MS_MAX);
    const { heardMs = 0 } = noticesOf(caller, "bargeIn")[0] ?? {};
    const record = await untilRecord(service, "sub:ann", ({ history }) =>
      history.some(({ speaker }) => speaker === "agent"),
    );
    const text = record.history.find(({ speaker }) => speaker === "agent")?.text ?? "";
    const whole = SCRIPT.turns[0]?.answer.text ?? "";
    expect(text).toEndWith(" …");
    expect(whole.startsWith(text.slice(0, -2))).toBe(true);
    expect(heardMs).toBeLessThan(1_500);
    // Speech runs about evenly through its words: the share that was heard, less a cut word.
    expect(text.length - 2).toBeLessThanOrEqual((whole.length * heardMs) / 1_500 + 1);
  });

  test("RT-13: a phone caller is known by the number of the signed webhook", async () => {
    const signing = { authToken: "t".repeat(32), publicUrl: "https://voice.example.com" };
    await using service = await startSteppedService({
      argv: [
        ...[
          ...KNOWN_CALLERS_ARGV,
          "--context-store",
          "memory",
          "--twilio-auth-token",
          signing.authToken,
        ],
        ...["--public-url", signing.publicUrl],
      ],
      simulator: { script: SCRIPT },
    });
    const ids = { accountSid: `AC${"0".repeat(32)}`, callSid: `CA${"0".repeat(32)}` };
    const route = await dialTwilio({ serviceUrl: service.url, ...ids, signing });
    // The number is nowhere in the address, which proxies write down.
    expect(route.url).not.toContain("5005550006");
    const line = createTwilioLine({
      ...ids,
      streamSid: `MZ${"0".repeat(32)}`,
      customParameters: { ...route.customParameters, From: "+15550100999" },
    });
    const caller = await service.call(route.url, line, { headers: route.headers });
    await service.run(3_000);
    caller.say(loadSpeech("question", PHONE));
    const record = await untilRecord(service, "tel:+15005550006", ({ history }) =>
      history.some(({ speaker }) => speaker === "caller"),
    );
    expect(record.context.signals.callCount).toBe(1);
    expect(await exported(service, "tel:+15550100999")).toBeNull();
  });
});

describeWithRedis("memory across calls, in Redis", () => {
  test("S1-11, S1-34: a caller returns and is known, others are not, erased is gone", async () => {
    const server = await startRedisServer();
    try {
      await remembersCallers(["--context-redis-url", server.url]);
    } finally {
      await server.kill();
    }
  });

  test("a server that dies in mid-call: the call goes on, metrics say so, it catches up", async () => {
    const server = await startRedisServer();
    await using service = await startSteppedService({
      argv: [...KNOWN_CALLERS_ARGV, "--context-redis-url", server.url],
      simulator: { script: SCRIPT },
    });
    const metrics = () => service.running.metrics.print();
    const line = createProtobufLine(WIDE, { callerToken: await callerToken(service, "ann") });
    const caller = await service.call("/v1/stream", line, AUTHORIZED);
    await untilRecord(service, "sub:ann", ({ context }) => context.signals.callCount === 1);
    await server.kill();
    await service.run(500);
    caller.say(loadSpeech("question", WIDE));
    const isHeard = () => noticesOf(caller, "receipt").some(({ complete }) => complete);
    await service.until(isHeard, TURN_MS_MAX);
    await service.run(500);
    expect(metrics()).toContain('voxbridge_store_up{store="redis"} 0');
    expect(metrics()).toMatch(/voxbridge_store_queued\{store="redis"\} [12]\n/);
    const url = `${service.url}/v1/callers/sub%3Aann/export`;
    expect((await fetch(url, AUTHORIZED)).status).toBe(503);
    await server.startAgain();
    const record = await untilRecord(service, "sub:ann", ({ history }) => history.length === 2);
    expect(record.history.map(({ speaker }) => speaker).sort()).toEqual(["agent", "caller"]);
    expect(metrics()).toContain('voxbridge_store_up{store="redis"} 1');
    expect(metrics()).toContain('voxbridge_store_caught_up_total{store="redis"} 2');
    expect(metrics()).toContain('voxbridge_store_dropped_total{store="redis"} 0');
    caller.drop();
    await service.run(200);
    await server.kill();
  });
});
