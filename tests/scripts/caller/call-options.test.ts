// What the command line accepts and what it says when it does not.
import { describe, expect, test } from "bun:test";
import { readCallOptions } from "../../../scripts/caller/call-options.ts";

describe("readCallOptions()", () => {
  test("has a default for everything", () => {
    expect(readCallOptions([], {})).toEqual({
      isHelpWanted: false,
      speechPath: undefined,
      isTwilio: false,
      serviceUrl: "http://127.0.0.1:8080/",
      key: "",
      encoding: "pcm16",
      interruptAfterMs: undefined,
      interruptPath: "tests/speech/interrupt.wav",
      callCount: 1,
      turnCount: undefined,
      recordPath: undefined,
      note: "",
      lane: undefined,
      turnDetection: undefined,
      savePath: undefined,
      signing: undefined,
    });
  });

  test("takes socket addresses too, and secrets from the environment", () => {
    const options = readCallOptions(["a.wav", "--url", "wss://voice.example/x", "--twilio"], {
      VOXBRIDGE_API_KEYS: "k, other",
      TWILIO_AUTH_TOKEN: "t",
      PUBLIC_URL: "https://voice.example",
    });
    expect(options.speechPath).toBe("a.wav");
    expect(options.serviceUrl).toBe("https://voice.example/x");
    expect(options.key).toBe("k");
    expect(options.signing).toEqual({ authToken: "t", publicUrl: "https://voice.example/" });
  });

  test("D-38: takes the lane and the turn detection by name, and a set to record", () => {
    const args =
      "--turns 50 --record a.jsonl --note quiet --lane big --turn-detection semantic_vad";
    expect(readCallOptions(args.split(" "), {})).toMatchObject({
      turnCount: 50,
      recordPath: "a.jsonl",
      note: "quiet",
      lane: "big",
      turnDetection: "semantic_vad",
    });
    expect(readCallOptions(["--record", "a.jsonl"], {}).turnCount).toBe(1);
  });

  test("refuses what it cannot do and says what it can", () => {
    for (const [args, message] of [
      [["a.wav", "b.wav"], "name one"],
      [["--calls", "0"], "must be a whole number from 1 to 500"],
      [["--calls", "501"], "must be a whole number from 1 to 500"],
      [["--interrupt-after", "soon"], "--interrupt-after soon"],
      [["--encoding", "opus"], "must be pcm16, f32, mulaw, alaw"],
      [["--url", "nowhere"], "must be a URL"],
      [["--twilio", "--auth-token", "t"], "--public-url is missing"],
      [["--turns", "0"], "must be a whole number from 1 to 500"],
      [["--lane", "wide"], "must be fast, big"],
      [["--turn-detection", "none"], "must be local, server_vad, semantic_vad, hybrid"],
      [["--twilio", "--record", "a.jsonl"], "Cannot use --record with --twilio"],
      [["--twilio", "--turn-detection", "local"], "Cannot use --turn-detection with --twilio"],
      [["--turns", "2", "--interrupt-after", "9"], "Cannot use --interrupt-after with --turns"],
      [["--record", "a.jsonl", "--calls", "2"], "Cannot use --record with --calls"],
      [["--volume", "11"], "--volume"],
    ] as const) {
      expect(() => readCallOptions(args, {})).toThrow(message);
    }
  });
});
