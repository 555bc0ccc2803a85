// Goal: the chat simulator keeps the rules of a real chat server, its script and its times.
// Method: plain fetch against it; the stepped clock; the socket census says when all has arrived.
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { parseChatScript } from "../../service/simulator/chat-script.ts";
import {
  type ChatSimulator,
  type ChatSimulatorOptions,
  createChatSimulator,
} from "../../service/simulator/chat-simulator.ts";
import { exampleOf } from "../../service/simulator/schema-example.ts";
import { settled } from "../provider/provider-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { openSocketCensus, type SocketCensus } from "../support/socket-census.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

let census: SocketCensus;
let simulator: ChatSimulator;
beforeEach(() => {
  census = openSocketCensus();
});
afterEach(async () => {
  await simulator.stop();
  census.close();
});

const clock = createSteppedClock();

function start(options: Partial<ChatSimulatorOptions> = {}): void {
  const random = createSeededRandom(1);
  simulator = createChatSimulator({ clock, random, host: "127.0.0.1", port: 0, ...options });
}

const user = (content: string) => ({ role: "user", content });

function ask(fields: object, init: RequestInit = {}): Promise<Response> {
  const body = JSON.stringify({ model: "m", stream: true, messages: [user("hi")], ...fields });
  return fetch(`${simulator.url}/chat/completions`, { method: "POST", body, ...init });
}

async function textOf(fields: object): Promise<string> {
  const reading = ask(fields).then((response) => response.text());
  const lines = (await settled(reading, clock, census)).split("\n\n");
  return lines
    .filter((line) => line.startsWith("data: {"))
    .map((line) => JSON.parse(line.slice(6)).choices[0]?.delta?.content ?? "")
    .join("");
}

describe("createChatSimulator()", () => {
  test("without a script it marks its answers as simulated and claims no understanding", async () => {
    start();
    expect(await textOf({})).toBe("[simulated: an answer to: hi]");
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const messages = [
      user("hi"),
      { role: "assistant", content: null, tool_calls: [call] },
      { role: "tool", tool_call_id: "c", content: "42" },
    ];
    expect(await textOf({ messages })).toBe("[simulated: the tool said: 42]");
  });

  test("asked for data by schema without a script, it answers the emptiest that fits", async () => {
    start();
    const schema = {
      type: "object",
      properties: {
        name: { type: ["string", "null"] },
        facts: { type: "array", items: { type: "string" } },
        unit: { enum: ["celsius", "fahrenheit"] },
        place: { anyOf: [{ type: "string" }, { type: "null" }] },
        deep: {
          type: "object",
          properties: { n: { type: "integer", minimum: 3 } },
          required: ["n"],
        },
        optional: { type: "string" },
      },
      required: ["name", "facts", "unit", "place", "deep"],
    };
    const expected = { name: null, facts: [], unit: "celsius", place: null, deep: { n: 3 } };
    expect(exampleOf(schema)).toEqual(expected);
    const response_format = { type: "json_schema", json_schema: { name: "s", schema } };
    expect(JSON.parse(await textOf({ response_format }))).toEqual(expected);
  });

  test("the first token comes after firstTokenMs, the others at their rate", async () => {
    start({ limits: { firstTokenMs: 300, tokensPerSecond: 20 } });
    const response = await settled(ask({ messages: [user("a")] }), clock, census);
    const beganMs = clock.nowMs();
    const times: number[] = [];
    const reading = async () => {
      for await (const piece of response.body ?? []) {
        if (String(Buffer.from(piece)).includes('"content"')) times.push(clock.nowMs() - beganMs);
      }
    };
    await settled(reading(), clock, census);
    expect(times).toEqual([300, 350, 400, 450, 500, 550]);
  });

  test("the script chooses by user, system, schema, tool answer and number; the first that fits", async () => {
    const script = parseChatScript(`
answers:
  - { when: { request: 1 }, answer: { text: first } }
  - { when: { system: WEATHER, user: bern }, answer: { text: rain } }
  - { when: { system: WEATHER }, answer: { text: sun } }
  - { answer: { text: other } }
`);
    start({ script });
    const messages = (text: string) => [{ role: "system", content: "a weather mind" }, user(text)];
    expect(await textOf({ messages: messages("Bern?") })).toBe("first");
    expect(await textOf({ messages: messages("In Bern?") })).toBe("rain");
    expect(await textOf({ messages: messages("In Rome?") })).toBe("sun");
    expect(await textOf({})).toBe("other");
  });

  test("an entry without a condition fits everything; a mistake is named with its place", () => {
    start();
    expect(() => parseChatScript("answers: [{ answer: { texd: x } }]")).toThrow("texd");
    expect(() => parseChatScript("answers: [{ answer: { fault: { kind: none } } }]")).toThrow(
      "answers[0].answer.fault",
    );
    expect(() => parseChatScript("{")).toThrow("neither JSON nor YAML");
  });

  test.each([
    [{ model: "" }, 400],
    [{ messages: [] }, 400],
    [{ unknown: 1 }, 400],
    [{ tools: [] }, 400],
    [{ messages: [{ role: "tool", tool_call_id: "x", content: "" }] }, 400],
    [{ max_completion_tokens: 0 }, 400],
    [{ stream: false }, 400],
  ])("refuses %j as the real server does", async (fields, status) => {
    start();
    const response = await ask(fields);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: expect.any(String) } });
  });

  test("refuses a conversation that leaves a tool call unanswered", async () => {
    start();
    const call = { id: "c", type: "function", function: { name: "f", arguments: "{}" } };
    const messages = [user("hi"), { role: "assistant", tool_calls: [call] }, user("well?")];
    expect((await ask({ messages })).status).toBe(400);
  });

  test("refuses other paths and methods, a wrong key, and more at once than it may", async () => {
    start({ key: "k", limits: { requestsAtOnceMax: 1 } });
    expect((await fetch(`${simulator.url}/models`)).status).toBe(404);
    expect((await fetch(`${simulator.url}/chat/completions`)).status).toBe(405);
    expect((await ask({})).status).toBe(401);
    const headers = { authorization: "Bearer k" };
    const first = await ask({}, { headers });
    expect(first.status).toBe(200);
    expect((await ask({}, { headers })).status).toBe(429);
    await first.body?.cancel();
  });
});
