// Goal: where a text model chooses the domain, its choice counts; when it fails, is late or names
// nonsense, the voice's stands. Method: a language model that is a function; the stepped clock.
import { describe, expect, test } from "bun:test";
import type { LanguageModel, LanguageModelRequest } from "../../service/contract/language-model.ts";
import type { Thinker } from "../../service/contract/thinker.ts";
import { createClassifier } from "../../service/thinker/classifier.ts";
import { NEVER } from "../provider/provider-fixture.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const THINKERS = ["weather", "knowledge"].map(
  (domain): Thinker => ({
    ...{ domain, description: `all about ${domain}`, timeoutMs: 1, cacheSeconds: 0 },
    isPersonal: false,
    think: () => Promise.reject(new Error("not asked")),
  }),
);

function classifier(answer: (request: LanguageModelRequest) => Promise<string>) {
  const clock = createSteppedClock();
  const requests: LanguageModelRequest[] = [];
  const model: LanguageModel = {
    name: "test",
    support: { hasTools: true, isStreaming: true, hasOutputSchema: true },
    async *generate(request, signal) {
      requests.push(request);
      const late = new Promise<never>((_, reject) => {
        signal.addEventListener("abort", () => reject(new Error("late")));
      });
      yield { kind: "text", text: await Promise.race([answer(request), late]) };
      yield { kind: "end", reason: "stop", inputTokens: 0, outputTokens: 0 };
    },
    close: () => undefined,
  };
  const classify = createClassifier({ clock, model, thinkers: THINKERS, timeoutMs: 500 });
  return { clock, classify, requests };
}

describe("createClassifier()", () => {
  test("S1-40: the model's choice counts; it is told the domains and what they are for", async () => {
    const { classify, requests, clock } = classifier(() => Promise.resolve('{"domain":"weather"}'));
    expect(await classify("Will it rain?", "knowledge", NEVER)).toBe("weather");
    expect(JSON.stringify(requests[0]?.messages)).toContain("weather: all about weather");
    expect(JSON.stringify(requests[0]?.outputSchema)).toContain('"enum":["weather","knowledge"]');
    expect(clock.pendingTimers()).toBe(0);
  });

  test.each(['{"domain":"gardening"}', "weather", "", '{"domain":7}', "x".repeat(9_999)])(
    "S1-40: after %p the voice's choice stands",
    async (text) => {
      const { classify } = classifier(() => Promise.resolve(text));
      expect(await classify("x", "knowledge", NEVER)).toBe("knowledge");
    },
  );

  test("S1-40: a model that fails or is late changes nothing, and is not waited for", async () => {
    const failing = classifier(() => Promise.reject(new Error("down")));
    expect(await failing.classify("x", "weather", NEVER)).toBe("weather");
    const late = classifier(() => new Promise(() => undefined));
    const choosing = late.classify("x", "weather", NEVER);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    late.clock.advance(500);
    expect(await choosing).toBe("weather");
    expect(late.clock.pendingTimers()).toBe(0);
  });
});
