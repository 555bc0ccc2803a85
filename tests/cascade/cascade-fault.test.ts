// Goal: whichever stage fails, the caller is told so in words while there is a voice, the call goes
// on, and the next turn is answered as if nothing had been (S2-87).
// Method: engines that fail by the test's word, behind the project's own streamers.
import { describe, expect, test } from "bun:test";
import type { ProviderFailureCode } from "../../service/errors.ts";
import { failure, tokensOf } from "../support/timed-engines.ts";
import { type CascadeUnderTest, openCascade, SETTINGS } from "./cascade-fixture.ts";

const CODES: readonly ProviderFailureCode[] = [
  "engine_unavailable",
  "engine_timeout",
  "engine_rate_limited",
  "engine_refused",
  "engine_protocol",
  "engine_resting",
  "unsupported_language",
  "voice_not_found",
];

async function turn(under: CascadeUnderTest, count: number): Promise<void> {
  await under.say(600);
  under.upstream.commit();
  under.upstream.respond({ instructions: "", tag: `turn:${count}:${count}` });
  await under.until("onResponseDone", count);
}

function spoken(under: CascadeUnderTest): string[] {
  return under.voice.spoken.map(({ text }) => text);
}

function statuses(under: CascadeUnderTest): unknown[] {
  return under.of("onResponseDone").map(([, status, , code]) => [status, code]);
}

/** After a failure: the next turn is answered in full. */
async function expectHealed(under: CascadeUnderTest): Promise<void> {
  const before = spoken(under).length;
  await turn(under, 2);
  expect(spoken(under).slice(before)).toEqual(["We are open until eight today.", "Anything else?"]);
  expect(statuses(under)[1]).toEqual(["completed", ""]);
  expect(under.upstream.isReady()).toBe(true);
  expect(under.of("onClosed")).toEqual([]);
}

for (const code of CODES) {
  describe(`a stage fails with ${code}`, () => {
    test("S2-87: speech to text: the apology is spoken, the next turn is heard", async () => {
      const under = await openCascade();
      under.ears.failsWith = code;
      await turn(under, 1);
      expect(spoken(under)).toEqual([SETTINGS.apology]);
      expect(statuses(under)).toEqual([["incomplete", "speech_to_text_failed"]]);
      expect(under.of("onError").map(([name]) => name)).toEqual(["speech_to_text_failed"]);
      expect(under.model.requests).toEqual([]);
      under.ears.failsWith = null;
      await expectHealed(under);
    });

    test("S2-87: the language model: the apology is spoken, the next turn is answered", async () => {
      const under = await openCascade();
      under.model.failsAfter = 0;
      await turn(under, 1);
      expect(spoken(under)).toEqual([SETTINGS.apology]);
      expect(statuses(under)).toEqual([["incomplete", "language_model_failed"]]);
      under.model.failsAfter = null;
      await expectHealed(under);
    });

    test("S2-87: text to speech: the words are told, nothing is heard, the call goes on", async () => {
      const under = await openCascade();
      under.voice.failsWith = code;
      await turn(under, 1);
      expect(under.of("onAudio")).toEqual([]);
      expect(statuses(under)).toEqual([["failed", "text_to_speech_failed"]]);
      expect(under.of("onError").map(([name]) => name)).toEqual(["text_to_speech_failed"]);
      const told = under.of("onAgentTranscript").map(([, , text]) => text);
      expect(told.at(-1)).toBe("We are open until eight today. Anything else?");
      under.voice.failsWith = null;
      await expectHealed(under);
      // What nobody heard was not said.
      const roles = under.model.requests[1]?.messages.map(({ role }) => role);
      expect(roles).toEqual(["system", "user", "user"]);
    });
  });
}

describe("a model that breaks off", () => {
  test("in the middle of a sentence: what there is is said, then the apology", async () => {
    const under = await openCascade();
    under.model.answer = () => tokensOf("We are open until eight. Every day from Monday to");
    under.model.failsAfter = 8;
    await turn(under, 1);
    expect(spoken(under)).toEqual(["We are open until eight.", "Every day from", SETTINGS.apology]);
    expect(statuses(under)).toEqual([["incomplete", "language_model_failed"]]);
  });

  test("without an apology nothing is added", async () => {
    const under = await openCascade({ settings: { apology: "" } });
    under.model.failsAfter = 0;
    await turn(under, 1);
    expect(spoken(under)).toEqual([]);
    expect(statuses(under)).toEqual([["failed", "language_model_failed"]]);
  });

  test("that ends without saying so is a failure", async () => {
    const silent = {
      name: "silent",
      support: { hasTools: false, isStreaming: true, hasOutputSchema: false },
      async *generate() {
        await Promise.resolve();
        yield { kind: "text", text: "Well" } as const;
      },
      close: () => undefined,
    };
    const under = await openCascade({ engines: { languageModel: silent } });
    await turn(under, 1);
    expect(statuses(under)).toEqual([["incomplete", "language_model_failed"]]);
  });
});

describe("speech to text that does not know the language", () => {
  test("S2-87: ends this upstream for good when it opens, with what it is", async () => {
    const speechToText = {
      name: "no-hindi",
      support: {
        languages: ["en"],
        isLanguageDetected: false,
        hasWordTimes: false,
        hasConfidence: false,
        isStreaming: true,
        chunkMs: 100,
      },
      open: () => {
        throw failure("unsupported_language", "no-hindi");
      },
      close: () => undefined,
    };
    const under = await openCascade({ engines: { speechToText } });
    expect(under.upstream.isReady()).toBe(false);
    expect(under.heard).toMatchObject([["onClosed", { reason: "refused", isFatal: true }]]);
  });
});

describe("speech to text that never answers", () => {
  test("is given up in time; late words are nobody's", async () => {
    const under = await openCascade({ settings: { transcriptMsMax: 2_000 } });
    under.ears.delayMs = 4_000;
    await under.say(600);
    under.upstream.commit();
    under.upstream.respond({ instructions: "", tag: "turn:1:1" });
    await under.until("onAudio");
    expect(under.clock.nowMs()).toBe(600 + 2_000 + 150);
    await under.run(10_000);
    expect(under.of("onCallerTranscript")).toEqual([]);
    expect(statuses(under)).toEqual([["incomplete", "speech_to_text_failed"]]);
  });

  test("a caller who talks on and on into it holds a bounded number of turns", async () => {
    const under = await openCascade({ settings: { transcriptMsMax: 60_000 } });
    under.ears.delayMs = 9_000;
    for (let index = 0; index < 9; index += 1) {
      await under.say(200);
      under.upstream.commit();
    }
    await under.run(0);
    expect(under.of("onCommitted")).toHaveLength(9);
    await under.run(30_000);
    // Five were given up for newer ones, the last four were written down.
    expect(under.of("onCallerTranscript")).toHaveLength(4);
  });
});
