// Goal: the cascade gives a whole answer in the order and the time that its engines allow, and
// does what it is asked: fixed texts, voices, tools.
// Method: engines of fixed delay behind the project's own streamers, on a stepped clock.
import { describe, expect, test } from "bun:test";
import type { LanguageModelPart } from "../../service/contract/language-model.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { tokensOf } from "../support/timed-engines.ts";
import { type CascadeUnderTest, makeCascade, openCascade, takeTurn } from "./cascade-fixture.ts";

const TURN = { instructions: "", tag: "turn:1:1" };

describe("an answer", () => {
  test("S2-01: committed words become an answer, every event in its place", async () => {
    const under = await openCascade();
    under.ears.hear = () => "when do you close";
    await under.say(600);
    expect(under.upstream.commit()).toBe(SEND.SENT);
    expect(under.upstream.respond(TURN)).toBe(SEND.SENT);
    // Told after the commands, never from within them.
    expect(under.of("onCommitted")).toEqual([]);
    await under.until("onResponseDone");
    const names = under.names();
    expect(names.slice(0, 6)).toEqual([
      "onReady",
      "onCommitted",
      "onResponseCreated",
      "onCallerTranscript",
      "onStageLatency",
      "onAudio",
    ]);
    expect(names.slice(-3)).toEqual(["onAudioDone", "onAgentTranscript", "onResponseDone"]);
    const [[responseId, tag] = []] = under.of("onResponseCreated");
    expect(tag).toBe("turn:1:1");
    expect(under.of("onCallerTranscript").map(([, text]) => text)).toEqual(["when do you close"]);
    const told = under.of("onAgentTranscript").map(([, , text, isFinal]) => [text, isFinal]);
    expect(told).toEqual([
      ["We are open until eight today.", false],
      [" Anything else?", false],
      ["We are open until eight today. Anything else?", true],
    ]);
    const usage = { inputTokens: 10, outputTokens: 8 };
    expect(under.of("onResponseDone")).toEqual([[responseId, "completed", usage, ""]]);
    expect(under.model.requests[0]?.messages).toEqual([
      { role: "system", text: "Be brief" },
      { role: "user", text: "when do you close" },
    ]);
    expect(under.voice.spoken.map(({ text }) => text)).toEqual([
      "We are open until eight today.",
      "Anything else?",
    ]);
  });

  test("S3-03: the first sentence sounds while the second is still being written", async () => {
    const under = await openCascade();
    under.model.answer = () => tokensOf("Yes. And this takes the model a very long time to write.");
    under.model.tokenMs = 400;
    await under.say(400);
    under.upstream.commit();
    under.upstream.respond(TURN);
    const firstMs = await under.until("onAudio");
    // 120 to write down, 200 to the first token, one more token shows the end, 150 to audio.
    expect(firstMs - 400).toBeLessThanOrEqual(120 + 200 + 400 + 150);
    expect(under.of("onResponseDone")).toEqual([]);
    await under.until("onResponseDone");
    expect(under.voice.spoken).toHaveLength(2);
  });
});

describe("what is asked of it", () => {
  test("a greeting needs no caller: its instructions go to the model for this answer only", async () => {
    const under = await openCascade();
    under.upstream.respond({ instructions: "Greet the caller", tag: "greeting:0:1" });
    await under.until("onResponseDone");
    expect(under.model.requests[0]?.messages).toEqual([
      { role: "system", text: "Be brief\n\nFor this answer only: Greet the caller" },
      { role: "user", text: "[The caller has said nothing new.]" },
    ]);
  });

  test("S2-57: a text to open with is spoken word for word, without the model", async () => {
    const under = await openCascade();
    under.upstream.respond({ instructions: "Say it", tag: "", openingText: "I understand." });
    expect(await under.until("onAudio")).toBe(150);
    await under.until("onResponseDone");
    expect(under.model.requests).toEqual([]);
    expect(under.voice.spoken.map(({ text }) => text)).toEqual(["I understand."]);
  });

  test("S2-72: an acknowledgement is heard while the model still thinks of the answer", async () => {
    const under = await openCascade();
    under.model.firstTokenMs = 2_000;
    under.ears.hear = () => "stop";
    await under.say(600);
    under.upstream.commit();
    under.upstream.respond({ instructions: "Say it", tag: "", openingText: "I understand." });
    // Not even the words are waited for.
    expect(await under.until("onAudio")).toBe(600 + 150);
    await under.until("onResponseDone");
    expect(under.model.requests[0]?.messages).toEqual([
      { role: "system", text: "Be brief" },
      { role: "user", text: "stop" },
    ]);
    expect(under.voice.spoken.map(({ text }) => text)).toEqual([
      "I understand.",
      "We are open until eight today.",
      "Anything else?",
    ]);
  });

  test("another voice speaks from the next sentence on", async () => {
    const under = await openCascade();
    under.upstream.updateSession({ voice: "other" });
    under.upstream.respond({ instructions: "Hello", tag: "" });
    await under.until("onResponseDone");
    expect(new Set(under.voice.spoken.map(({ voice }) => voice))).toEqual(new Set(["other"]));
  });

  test("only the call may own the turns", async () => {
    const under = await openCascade();
    under.upstream.updateSession({ turnDetection: "server_vad" });
    await under.run(0);
    expect(under.of("onError").map(([code]) => code)).toEqual(["invalid_value"]);
    const session = { turnDetection: "server_vad" } as const;
    expect(() => makeCascade({ session })).toThrow("leaves turns to the call");
    const format = { encoding: "mulaw", rateHz: 8000 } as const;
    expect(() => makeCascade({ session: { format } })).toThrow("16 bit PCM");
  });

  test("S2-60, D-34: a full queue makes the model wait, and nothing is lost", async () => {
    const under = await openCascade();
    under.model.tokenMs = 1;
    under.voice.speed = 1;
    const text = Array.from({ length: 30 }, (_, index) => `It goes on${" on".repeat(index)}.`);
    under.model.answer = () => tokensOf(text.join(" "));
    await takeTurn(under, "tell me all");
    await under.until("onAudio", 20);
    expect(under.metric('voxbridge_cascade_total{what="writer_waited"}')).toBeGreaterThan(0);
    expect(under.of("onResponseDone")).toEqual([]);
    await runOut(under);
    expect(under.voice.spoken.map((spoken) => spoken.text)).toEqual(text);
  });
});

async function runOut(under: CascadeUnderTest): Promise<void> {
  for (let passedMs = 0; passedMs < 120_000; passedMs += 1_000) {
    if (under.of("onResponseDone").length > 0) return;
    await under.run(1_000);
  }
}

describe("tools", () => {
  const TOOL = { name: "lookup", description: "Looks up", parameters: { type: "object" } };
  const call = (id: string): LanguageModelPart => ({
    kind: "tool_call",
    call: { id, name: "lookup", argumentsText: '{"what":"hours"}' },
  });

  test("S1-27: several calls are told, their answers come back, and the next answer knows them", async () => {
    const under = await openCascade({ session: { tools: [TOOL] } });
    under.model.answer = ({ messages }) =>
      messages.at(-1)?.role === "tool"
        ? tokensOf("We close at eight.")
        : ["One moment. ", call("call_1"), call("call_2")];
    await takeTurn(under, "when do you close");
    await under.until("onToolCall", 2);
    under.upstream.submitToolOutput("call_1", '{"close":"20:00"}');
    await under.until("onResponseDone");
    under.upstream.respond({ instructions: "", tag: "tool:1:2" });
    await under.until("onResponseDone", 2);
    const request = under.model.requests[1];
    expect(request?.messages.slice(2)).toEqual([
      {
        role: "assistant",
        text: "One moment.",
        toolCalls: [
          { id: "call_1", name: "lookup", argumentsText: '{"what":"hours"}' },
          { id: "call_2", name: "lookup", argumentsText: '{"what":"hours"}' },
        ],
      },
      { role: "tool", toolCallId: "call_1", text: '{"close":"20:00"}' },
      { role: "tool", toolCallId: "call_2", text: '{"status":"still running"}' },
    ]);
    expect(under.voice.spoken.map(({ text }) => text)).toEqual([
      "One moment.",
      "We close at eight.",
    ]);
  });

  test("a model that only calls tools is stopped after five rounds", async () => {
    const under = await openCascade({ session: { tools: [TOOL] } });
    let calls = 0;
    under.model.answer = ({ tools }) => {
      calls += 1;
      return tools.length > 0 ? [call(`call_${calls}`)] : tokensOf("I could not find it.");
    };
    await takeTurn(under, "when do you close");
    for (let round = 1; round <= 6; round += 1) {
      await under.until("onResponseDone", round);
      if (round === 6) break;
      under.upstream.submitToolOutput(`call_${round}`, "{}");
      under.upstream.respond({ instructions: "", tag: `tool:1:${round}` });
    }
    expect(under.model.requests.map(({ tools }) => tools.length)).toEqual([1, 1, 1, 1, 1, 0]);
    expect(under.voice.spoken.map(({ text }) => text)).toEqual(["I could not find it."]);
  });
});
