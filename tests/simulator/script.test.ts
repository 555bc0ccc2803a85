// Goal: a script decides what the caller is said to have said and what happens then; a mistake in
// it is named. Method: the parser alone, then scripted sessions on a loopback socket.
import { describe, expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { dtmfDigits, parseScript } from "../../service/simulator/script.ts";
import { patternAudio } from "../support/loopback-pair.ts";
import {
  appendCommand,
  connectRealtimeClient,
  MANUAL_PCMU,
  type RealtimeClient,
} from "../support/realtime-client.ts";

const RESPOND = { type: "response.create" };
const COMMIT = { type: "input_audio_buffer.commit" };

function userText(text: string) {
  const item = { type: "message", role: "user", content: [{ type: "input_text", text }] };
  return { type: "conversation.item.create", item };
}

async function scripted(yaml: string): Promise<RealtimeClient> {
  const client = await connectRealtimeClient({ script: parseScript(yaml) });
  await client.say(MANUAL_PCMU);
  return client;
}

function transcripts(client: RealtimeClient): readonly unknown[] {
  const type = "response.output_audio_transcript.done";
  return client.of(type).map((event) => event["transcript"]);
}

describe("parseScript()", () => {
  test("reads YAML and JSON alike", () => {
    const yaml = parseScript('turns:\n  - when: { turn: 1 }\n    transcript: "Hello?"\n');
    const json = parseScript('{"turns":[{"when":{"turn":1},"transcript":"Hello?"}]}');
    expect(yaml).toEqual(json);
  });

  test.each([
    ["turns: 3", "turns"],
    ["turns: [{ when: {} }]", "exactly one of turn, text, dtmf, audioSha256, greeting"],
    ["turns: [{ when: { turn: 0 } }]", "turns[0].when.turn"],
    ["turns: [{ when: { turn: 1, text: a } }]", "exactly one of"],
    ["turns: [{ when: { dtmf: x } }]", "turns[0].when.dtmf"],
    ["turns: [{ when: { audioSha256: 12 } }]", "turns[0].when.audioSha256"],
    ["turns: [{ when: { turn: 1 }, answer: { slow: 1 } }]", '"slow"'],
    ["turn: []", '"turn"'],
    ["a: [", "neither JSON nor YAML"],
    ["", "expected object"],
  ])("names the mistake in %s", (text, part) => {
    let error: unknown;
    try {
      parseScript(text);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(VoxError);
    expect(error).toMatchObject({ code: "config_invalid", message: expect.stringContaining(part) });
  });
});

describe("docs/simulator.md", () => {
  test("shows a script that is one", async () => {
    const page = await Bun.file(new URL("../../docs/simulator.md", import.meta.url)).text();
    const [, example = ""] = /```yaml\n([\s\S]*?)```/.exec(page) ?? [];
    expect(parseScript(example).turns).toHaveLength(7);
  });
});

describe("dtmfDigits()", () => {
  test.each([
    ["DTMF: 12#", "12#"],
    ["The caller pressed DTMF keys 4", "4"],
    ["[dtmf 0]", "0"],
    ["DTMF", undefined],
    ["press 1", undefined],
  ])("%s gives %p", (text, digits) => {
    expect(dtmfDigits(text)).toBe(digits);
  });
});

describe("a scripted session", () => {
  test("answers turn 2 with its text and length, turn 1 with the caller's own words", async () => {
    await using client = await scripted(`
turns:
  - when: { turn: 2 }
    answer: { text: "Good morning", toneMs: 500 }`);
    const speech = appendCommand(patternAudio(300, 8));
    for (let turn = 0; turn < 2; turn += 1) {
      await client.say(speech, COMMIT, RESPOND);
      await client.advance(500);
    }
    expect(transcripts(client)).toEqual(["[simulated: your 0.3 s of speech back]", "Good morning"]);
    const [, second] = client.of("response.done");
    // 500 ms at 20 tokens a second, and two words.
    expect(second).toMatchObject({ response: { usage: { output_tokens: 12 } } });
  });

  test("knows an utterance by the SHA-256 of its audio, before its turn number", async () => {
    const audio = patternAudio(200, 8);
    const hash = new Bun.CryptoHasher("sha256").update(audio).digest("hex");
    await using client = await scripted(`
turns:
  - { when: { turn: 1 }, transcript: "by turn" }
  - { when: { audioSha256: ${hash} }, transcript: "by hash" }`);
    const transcription = { audio: { input: { transcription: { model: "m" } } } };
    await client.say({ type: "session.update", session: { type: "realtime", ...transcription } });
    await client.say(appendCommand(audio), COMMIT);
    await client.advance(200);
    const type = "conversation.item.input_audio_transcription.completed";
    expect(client.of(type)[0]?.["transcript"]).toBe("by hash");
  });

  test("answers a text and pressed keys", async () => {
    await using client = await scripted(`
turns:
  - { when: { text: "hello there" }, answer: { text: "To the text" } }
  - { when: { dtmf: "12#" }, answer: { text: "To the keys" } }`);
    await client.say(userText(" Hello There "), RESPOND);
    await client.advance(1_000);
    await client.say(userText("DTMF: 12#"), RESPOND);
    await client.advance(1_000);
    expect(transcripts(client)).toEqual(["To the text", "To the keys"]);
  });

  test("greets before the caller has said anything, and only then", async () => {
    await using client = await scripted(`
turns:
  - { when: { greeting: true }, answer: { text: "Welcome" } }`);
    await client.say(RESPOND);
    await client.advance(1_000);
    await client.say(appendCommand(patternAudio(200, 8)), COMMIT, RESPOND);
    await client.advance(1_000);
    expect(transcripts(client)).toEqual(["Welcome", "[simulated: your 0.2 s of speech back]"]);
  });

  test("calls tools, then speaks of what they answered", async () => {
    await using client = await scripted(`
turns:
  - when: { turn: 1 }
    answer: { toolCalls: [{ name: get_weather, arguments: { city: Bern } }] }`);
    await client.say(appendCommand(patternAudio(200, 8)), COMMIT, RESPOND);
    await client.advance(200);
    const [call] = client.of("response.function_call_arguments.done");
    expect(call).toMatchObject({ name: "get_weather", arguments: '{"city":"Bern"}' });
    expect(client.of("response.done")[0]).toMatchObject({
      response: { status: "completed", output: [{ type: "function_call", name: "get_weather" }] },
    });
    const call_id = call?.["call_id"];
    const item = { type: "function_call_output", call_id, output: "sunny" };
    await client.say({ type: "conversation.item.create", item }, RESPOND);
    await client.advance(1_000);
    expect(transcripts(client)).toEqual([
      "[simulated: tool get_weather answered with 5 characters]",
    ]);
  });

  test("speaks several items, then calls tools, all in one response", async () => {
    await using client = await scripted(`
turns:
  - when: { turn: 1 }
    answer:
      text: ["Let me look", "One moment"]
      toneMs: 200
      toolCalls: [{ name: lookup }]`);
    await client.say(appendCommand(patternAudio(200, 8)), COMMIT, RESPOND);
    await client.advance(500);
    expect(transcripts(client)).toEqual(["Let me look", "One moment"]);
    const deltas = client.of("response.output_audio.delta");
    expect(new Set(deltas.map((event) => event["item_id"])).size).toBe(2);
    expect(new Set(deltas.map((event) => event["output_index"]))).toEqual(new Set([0, 1]));
    expect(client.of("response.function_call_arguments.done")[0]).toMatchObject({
      output_index: 2,
      arguments: "{}",
    });
    expect(client.of("response.done")).toHaveLength(1);
    const output = [{ type: "message" }, { type: "message" }, { type: "function_call" }];
    expect(client.of("response.done")[0]).toMatchObject({ response: { output } });
  });

  test("calls no tool when it was cancelled while it spoke", async () => {
    await using client = await scripted(`
turns:
  - when: { turn: 1 }
    answer: { text: [A, B], toneMs: 2000, toolCalls: [{ name: lookup }] }`);
    await client.say(appendCommand(patternAudio(200, 8)), COMMIT, RESPOND);
    await client.advance(100);
    await client.say({ type: "response.cancel" });
    await client.advance(2_000);
    expect(client.of("response.function_call_arguments.done")).toEqual([]);
    const output = [{ status: "incomplete" }];
    expect(client.of("response.done")).toMatchObject([
      { response: { status: "cancelled", output } },
    ]);
  });

  test("starts late, fails, and cuts the line", async () => {
    await using client = await scripted(`
turns:
  - { when: { turn: 1 }, answer: { startDelayMs: 900 } }
  - { when: { turn: 2 }, answer: { error: { code: rate_limit_exceeded, message: "Slow down" } } }
  - { when: { turn: 3 }, answer: { disconnect: { afterMs: 100, code: 1011 } } }`);
    const turn = [appendCommand(patternAudio(200, 8)), COMMIT, RESPOND];
    await client.say(...turn);
    await client.advance(890);
    expect(client.of("response.output_audio.delta")).toEqual([]);
    await client.advance(200);
    expect(client.of("response.done")).toHaveLength(1);
    await client.say(...turn);
    await client.advance(100);
    const error = { type: "server_error", code: "rate_limit_exceeded", message: "Slow down" };
    expect(client.of("response.done")[1]).toMatchObject({
      response: { status: "failed", status_details: { type: "failed", error } },
    });
    await client.say(...turn);
    client.clock.advance(100);
    await client.until(() => client.closed() !== undefined);
    expect(client.closed()?.code).toBe(1011);
  });
});
