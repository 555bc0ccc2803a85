// Goal: one event is one line that a machine can read, and no secret ever gets into it.
// Method: a sink that keeps lines, a fixed wall clock, planted secrets.
import { describe, expect, test } from "bun:test";
import type { LogFields, LogLevel } from "../../service/contract/log.ts";
import { VoxError } from "../../service/errors.ts";
import { createJsonLog } from "../../service/telemetry/json-log.ts";

// 2026-11-20T12:00:00Z, so that the printed time is known.
const WALL_MS = Date.UTC(2026, 10, 20, 12);

function logOf(level: LogLevel = "debug", isPersonalDataLogged = false) {
  const lines: string[] = [];
  const settings = { level, isPersonalDataLogged };
  const write = (line: string) => void lines.push(line);
  const log = createJsonLog({ settings, clock: { wallMs: () => WALL_MS }, write });
  return { log, lines };
}

function written(fields: LogFields, isPersonalDataLogged = false): Record<string, unknown> {
  const { log, lines } = logOf("debug", isPersonalDataLogged);
  log.info("call opened", fields);
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

describe("createJsonLog()", () => {
  test("createJsonLog() writes one JSON line with time, level, event and fields", () => {
    const { log, lines } = logOf();
    log.with({ callId: "c1" }).warn("pacer late", { latenessMs: 12.5, isFirst: true, note: null });
    expect(lines).toEqual([
      '{"time":"2026-11-20T12:00:00.000Z","level":"warn","event":"pacer late",' +
        '"callId":"c1","latenessMs":12.5,"isFirst":true,"note":null}',
    ]);
  });

  test("createJsonLog() keeps a line break inside a value inside the line", () => {
    const { log, lines } = logOf();
    log.info("refused", { reason: 'a\nb"}\n{"event":"forged"' });
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toContain("\n");
  });

  test("createJsonLog() leaves out events under its level", () => {
    const { log, lines } = logOf("warn");
    log.debug("a");
    log.info("b");
    log.warn("c");
    log.error("d");
    expect(lines.map((line) => (JSON.parse(line) as { event: string }).event)).toEqual(["c", "d"]);
  });

  test("createJsonLog() cannot be made to overwrite time, level or event by a field", () => {
    const line = written({ level: "error", event: "forged", time: "never" });
    expect(line).toEqual({ time: "2026-11-20T12:00:00.000Z", level: "info", event: "call opened" });
  });

  test("createJsonLog() writes an error with its code and its causes, a stack for bugs only", () => {
    const cause = new Error("socket closed");
    const error = new VoxError("Cannot dial", { code: "upstream_lost", isRetryable: true, cause });
    const line = written({ error });
    expect(line["error"]).toMatchObject({
      name: "VoxError",
      code: "upstream_lost",
      message: "Cannot dial",
      cause: { name: "Error", message: "socket closed" },
    });
    expect(line["error"]).not.toHaveProperty("stack");
    expect(written({ error: new Error("bug") })["error"]).toHaveProperty("stack");
  });

  test("createJsonLog() says NaN instead of null", () => {
    expect(written({ levelDbfs: Number.NaN })["levelDbfs"]).toBe("NaN");
  });

  test("createJsonLog() survives a sink that throws", () => {
    const write = () => {
      throw new Error("ENOSPC");
    };
    const settings = { level: "info", isPersonalDataLogged: false } as const;
    const log = createJsonLog({ settings, clock: { wallMs: () => WALL_MS }, write });
    expect(() => log.error("disk full")).not.toThrow();
  });
});

describe("createJsonLog() T23 I12", () => {
  const secrets = [
    "sk-proj-0123456789abcdef",
    "ek_68af296e8e408191a1120ab6383263c2",
    "AC0123456789abcdef0123456789abcdef",
    "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
    "Bearer 0123456789abcdef",
    "+14158675310",
    "4111 1111 1111 1111", // the card schemes' own test number
  ];

  test.each(secrets)("T23 I12: createJsonLog() hides %s wherever it stands", (secret) => {
    const error = new Error(`refused ${secret}`, { cause: new Error(`by ${secret}`) });
    const { log, lines } = logOf();
    log.info(`event ${secret}`, { detail: `before ${secret} after`, error });
    log.with({ origin: secret }).error("again");
    expect(lines.join("\n")).not.toContain(secret);
    expect(lines[0]).toContain("before [hidden] after");
  });

  test.each([
    "apiKey",
    "api_key",
    "authorization",
    "twilioAuthToken",
    "callerToken",
    "password",
    "setCookie",
    "x-twilio-signature",
    "transcript",
    "userTranscript",
  ])("T23: createJsonLog() hides the text of a field called %s", (name) => {
    expect(written({ [name]: "plain words" })[name]).toBe("[hidden]");
  });

  test("T23: createJsonLog() keeps counts and ordinary numbers", () => {
    const line = written({ inputTokens: 42, callId: "0123456789abcdef", order: "1234567890123" });
    expect(line).toMatchObject({
      inputTokens: 42,
      callId: "0123456789abcdef",
      order: "1234567890123",
    });
  });

  test("T23: createJsonLog() writes pii_ fields only when asked, and never a key in them", () => {
    const fields = { pii_caller: "+14158675310", pii_note: "sk-proj-0123456789abcdef" };
    expect(Object.keys(written(fields))).toEqual(["time", "level", "event"]);
    const asked = written(fields, true);
    expect(asked["pii_caller"]).toBe("+14158675310");
    expect(asked["pii_note"]).toBe("[hidden]");
  });

  test("T28: createJsonLog() cuts a long text", () => {
    expect(String(written({ reason: "a".repeat(100_000) })["reason"]).length).toBe(501);
  });
});
