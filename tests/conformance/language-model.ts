// What every LanguageModel promises, whatever is behind it (contract/language-model.ts). Run by
// tests/conformance/language-model.test.ts on each implementation, over the chat simulator.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type {
  LanguageModel,
  LanguageModelPart,
  LanguageModelRequest,
} from "../../service/contract/language-model.ts";
import { type ChatScript, parseChatScript } from "../../service/simulator/chat-script.ts";
import { type ChatSimulator, createChatSimulator } from "../../service/simulator/chat-simulator.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { openSocketCensus, type SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";
import { failureOf, NEVER, settled } from "../provider/provider-fixture.ts";

export interface ModelUnderTest {
  readonly clock: SteppedClock;
  readonly url: string;
}

const WEATHER = {
  name: "get_weather",
  description: "The weather of a place",
  parameters: { type: "object", properties: { place: { type: "string" } }, required: ["place"] },
};

export const ASK: LanguageModelRequest = {
  messages: [
    { role: "system", text: "You are terse." },
    { role: "user", text: "Say it." },
  ],
  tools: [],
  outputTokensMax: 100,
};

const SCRIPT = parseChatScript(`
answers:
  - when: { user: "weather", toolAnswered: false }
    answer:
      text: "One moment."
      toolCalls:
        - { name: get_weather, arguments: { place: "Grüningen 🙂" } }
        - { name: get_weather, arguments: "not json" }
  - when: { user: "weather", toolAnswered: true }
    answer: { text: "It rains." }
  - when: { user: "long" }
    answer: { text: "one two three four five", tokensPerSecond: 10, firstTokenMs: 500 }
  - when: { user: "short" }
    answer: { text: "cut of", finish: length }
  - when: { user: "filtered" }
    answer: { finish: content_filter }
  - when: { schema: facts }
    answer: { text: '{"facts":["likes rain"]}' }
  - answer: { text: "Hello there,  you." }
`);

/** How a suite makes the model under test from a server's address. */
export function languageModelConformance(
  name: string,
  make: (under: ModelUnderTest) => LanguageModel,
): void {
  const textOf = (parts: readonly LanguageModelPart[]) =>
    parts.map((part) => (part.kind === "text" ? part.text : "")).join("");

  describe(`${name} is a LanguageModel`, () => {
    const open: ChatSimulator[] = [];
    let census: SocketCensus;
    beforeEach(() => {
      census = openSocketCensus();
    });
    afterEach(async () => {
      for (const simulator of open.splice(0)) await simulator.stop();
      census.close();
    });

    function setUp(script: ChatScript = SCRIPT) {
      const clock = createSteppedClock();
      const random = createSeededRandom(1);
      const address = { host: "127.0.0.1", port: 0 };
      const simulator = createChatSimulator({
        clock,
        random,
        ...address,
        script,
        isRecorded: true,
      });
      open.push(simulator);
      const model = make({ clock, url: simulator.url });
      const say = (text: string, more: Partial<LanguageModelRequest> = {}, signal = NEVER) => {
        const request = { ...ASK, ...more, messages: [{ role: "user", text } as const] };
        return settled(Array.fromAsync(model.generate(request, signal)), clock, census);
      };
      return { clock, simulator, model, say };
    }

    test("gives the text in pieces, exactly, and ends once with what it used", async () => {
      const { say } = setUp();
      const parts = await say("anything");
      expect(textOf(parts)).toBe("Hello there,  you.");
      expect(parts.length).toBeGreaterThan(3);
      expect(parts.filter(({ kind }) => kind === "end")).toHaveLength(1);
      expect(parts.at(-1)).toEqual({
        kind: "end",
        reason: "stop",
        inputTokens: 1,
        outputTokens: 4,
      });
    });

    test("gives tool calls whole, as the model wrote them, after its text", async () => {
      const { say } = setUp();
      const parts = await say("weather", { tools: [WEATHER] });
      expect(textOf(parts)).toBe("One moment.");
      const calls = parts.flatMap((part) => (part.kind === "tool_call" ? [part.call] : []));
      expect(calls.map(({ name, argumentsText }) => [name, argumentsText])).toEqual([
        ["get_weather", '{"place":"Grüningen 🙂"}'],
        ["get_weather", "not json"],
      ]);
      expect(new Set(calls.map(({ id }) => id)).size).toBe(2);
      expect(parts.at(-1)).toMatchObject({ kind: "end", reason: "tool_calls" });
    });

    test("takes a conversation with tool calls and their answers", async () => {
      const { model, clock } = setUp();
      const call = { id: "c1", name: "get_weather", argumentsText: "{}" };
      const request: LanguageModelRequest = {
        ...ASK,
        tools: [WEATHER],
        messages: [
          { role: "user", text: "weather" },
          { role: "assistant", text: "", toolCalls: [call] },
          { role: "tool", toolCallId: "c1", text: "rain" },
        ],
      };
      const parts = await settled(Array.fromAsync(model.generate(request, NEVER)), clock, census);
      expect(textOf(parts)).toBe("It rains.");
    });

    test("says why an answer ended", async () => {
      const { say } = setUp();
      expect((await say("short")).at(-1)).toMatchObject({ reason: "length" });
      expect((await say("filtered")).at(-1)).toMatchObject({ reason: "filtered" });
    });

    test("asks for an answer by schema, and bounds its length", async () => {
      const { say, simulator } = setUp();
      const schema = { type: "object", properties: {}, additionalProperties: false };
      const parts = await say("x", { outputSchema: { name: "facts", schema }, outputTokensMax: 7 });
      expect(textOf(parts)).toBe('{"facts":["likes rain"]}');
      const sent = simulator.records[0]?.request;
      expect(sent?.max_completion_tokens ?? sent?.max_tokens).toBe(7);
    });

    test("answers several requests at once", async () => {
      const { say } = setUp();
      const answers = await Promise.all(["weather", "a", "b", "short"].map((text) => say(text)));
      expect(answers.map(textOf)).toEqual([
        "One moment.",
        "Hello there,  you.",
        "Hello there,  you.",
        "cut of",
      ]);
    });

    test("yields nothing after its signal, and the server is left", async () => {
      const { model, clock, simulator } = setUp();
      const controller = new AbortController();
      const request = { ...ASK, messages: [{ role: "user", text: "long" } as const] };
      const parts: LanguageModelPart[] = [];
      const reading = async () => {
        for await (const part of model.generate(request, controller.signal)) {
          parts.push(part);
          if (parts.length === 2) controller.abort();
        }
      };
      const failure = await failureOf(settled(reading(), clock, census));
      expect(failure.code).toBe("cancelled");
      expect(parts.map(({ kind }) => kind)).toEqual(["text", "text"]);
      // The clock stands: an answer that goes on meanwhile might come to its end first.
      await until(() => simulator.records[0]?.isLeft === true);
      expect(simulator.active()).toBe(0);
    });

    test("an aborted signal asks nobody", async () => {
      const { say, simulator } = setUp();
      expect((await failureOf(say("x", {}, AbortSignal.abort()))).code).toBe("cancelled");
      expect(simulator.requests()).toBe(0);
    });

    test("leaving the loop leaves the server, and the next answer comes all the same", async () => {
      const { model, clock, simulator, say } = setUp();
      const request = { ...ASK, messages: [{ role: "user", text: "long" } as const] };
      const reading = async () => {
        for await (const _ of model.generate(request, NEVER)) break;
      };
      await settled(reading(), clock, census);
      // The clock stands: an answer that goes on meanwhile might come to its end first.
      await until(() => simulator.records[0]?.isLeft === true);
      expect(textOf(await say("a"))).toBe("Hello there,  you.");
    });

    test("close() ends what runs, as cancelled; twice is once", async () => {
      const { model, clock } = setUp();
      const request = { ...ASK, messages: [{ role: "user", text: "long" } as const] };
      const reading = async () => {
        for await (const _ of model.generate(request, NEVER)) model.close();
      };
      expect((await failureOf(settled(reading(), clock, census))).code).toBe("cancelled");
      model.close();
    });
  });
}

/** Turns the event loop until it is so. */
async function until(isReached: () => boolean): Promise<void> {
  for (let turn = 0; turn < 10_000 && !isReached(); turn += 1) await Bun.sleep(1);
  expect(isReached()).toBe(true);
}
