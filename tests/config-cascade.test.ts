// Goal: a cascade that cannot work does not start, and says what is missing, one line each.
// Method: literal command lines and files; nothing is dialled.
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../service/config.ts";

const STT = ["--cascade-stt-urls", "http://127.0.0.1:8000/v1"];
const LLM = ["--cascade-llm-urls", "http://127.0.0.1:11434/v1", "--cascade-llm-models", "qwen"];

function load(...argv: string[]) {
  return loadConfig({ argv: ["--upstream", "cascade", ...argv], env: {}, file: null });
}

describe("upstream cascade", () => {
  test("without engines names every one that is missing, and how to set it", () => {
    expect(() => load()).toThrow(
      "Cannot use upstream cascade: no server writes down what callers say, " +
        "set VOXBRIDGE_CASCADE_STT_URLS\n" +
        "Cannot use upstream cascade: no language model answers, set VOXBRIDGE_CASCADE_LLM_URLS",
    );
    expect(() => load(...STT, "--cascade-llm-urls", "http://127.0.0.1:1/v1")).toThrow(
      "no model is named, set VOXBRIDGE_CASCADE_LLM_MODELS",
    );
  });

  test("speaks by espeak-ng, with the engines' own voice, unless it is told otherwise", () => {
    const config = load(...STT, ...LLM);
    expect(config.upstream).toBe("cascade");
    expect(config.cascade.tts.urls).toEqual(["espeak-ng"]);
    // "marin" is a realtime API's.
    expect(config.routes.stream.voice).toBe("");
    expect(load(...STT, ...LLM, "--agent-voice", "af_heart").routes.twilio.voice).toBe("af_heart");
  });

  test.each([
    [
      ["--cascade-stt-keys", "one,two"],
      'Cannot use cascade.stt.keys: there are 2, must be 1, one for each of cascade.stt.urls ("none" for none)',
    ],
    [
      ["--cascade-tts-urls", "http://127.0.0.1:1/v1,espeak-ng", "--cascade-tts-voices", "a,b,c"],
      "Cannot use cascade.tts.voices: there are 3, must be 1 or 2",
    ],
    [["--turn-detection", "server_vad"], "must be local or none with upstream cascade"],
    [
      ["--cascade-stt-urls", "ws://127.0.0.1:1/v1/realtime,http://127.0.0.1:1/v1"],
      "Cannot use cascade.stt.urls: a ws:// URL stands by itself, must be the only one",
    ],
    [["--cascade-tts-urls", "festival"], "must be http:// or https:// URLs, or espeak-ng"],
    [["--cascade-language", "english"], "must be two letters like en, or empty"],
    [["--cascade-llm-output-tokens-max", "5"], "must be at least 16"],
  ])("%j is refused", (argv, message) => {
    expect(() => load(...STT, ...LLM, ...argv)).toThrow(message);
  });

  test("decision 19: it is as safe by default as every upstream", () => {
    expect(() => load(...STT, ...LLM, "--host", "0.0.0.0")).toThrow(
      "callers from outside need keys",
    );
  });
});
