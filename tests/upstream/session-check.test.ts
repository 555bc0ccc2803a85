// Goal: a session that is not the one we asked for is named; silence is only taken where the
// operator said so. Method: a table of echoes.
import { describe, expect, test } from "bun:test";
import { sessionMismatch } from "../../service/upstream/session-check.ts";
import { readSessionEcho } from "../../service/wire/realtime-session-echo.ts";
import { PCMU_SESSION } from "../support/loopback-pair.ts";

const pcmu = { type: "audio/pcmu" };
const fitting = {
  audio: { input: { format: pcmu, turn_detection: null }, output: { format: pcmu } },
};

describe("sessionMismatch()", () => {
  test.each([
    ["what was asked for", fitting, "", ""],
    ["the flat form of it", { ...flat("g711_ulaw"), turn_detection: null }, "", ""],
    ["nothing at all", {}, "turn_detection is absent, must be none", ""],
    ["no formats", { turn_detection: null }, "input format is absent, must be audio/pcmu", ""],
    [
      "another format",
      { ...flat("pcm16"), turn_detection: null },
      ...twice("input format is audio/pcm, must be audio/pcmu"),
    ],
    [
      "its own detection",
      { ...fitting, audio: { input: { turn_detection: { type: "server_vad" } } } },
      ...twice("turn_detection is server_vad, must be none"),
    ],
  ] as const)("a server that says %s", (_what, session, strict, lenient) => {
    const echo = readSessionEcho(session);
    expect(sessionMismatch(PCMU_SESSION, echo, false)).toBe(strict);
    expect(sessionMismatch(PCMU_SESSION, echo, true)).toBe(lenient);
  });
});

function flat(format: string) {
  return { input_audio_format: format, output_audio_format: format };
}

function twice<T>(value: T): readonly [T, T] {
  return [value, value];
}
