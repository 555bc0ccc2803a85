// Goal: each server event that matters reaches the call, once, and no key gets out.
// Method: the simulator as the other side; where the real server says something the simulator does
// not, that event is put on the wire as text.
import { describe, expect, test } from "bun:test";
import type { Log, LogFields } from "../../service/contract/log.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { createReadyPair, PCMU_SESSION, patternAudio, receive } from "../support/loopback-pair.ts";

describe("events", () => {
  test("a tool call is told once, though up to three events carry it", async () => {
    const script = parseScript(
      "turns: [{ when: { greeting: true }, answer: { toolCalls: [{ name: lookup, arguments: { q: 1 } }] } }]",
    );
    await using pair = await createReadyPair({ simulator: { script } });
    pair.upstream.respond({ instructions: "", tag: "t" });
    await pair.advance(200);
    const calls = pair.of("onToolCall");
    expect(calls).toHaveLength(1);
    const [responseId, toolCallId, name, argumentsText] = calls[0] ?? [];
    expect([name, argumentsText]).toEqual(["lookup", '{"q":1}']);
    expect(pair.of("onResponseDone")[0]?.[0]).toBe(responseId);
    expect(pair.upstream.submitToolOutput(String(toolCallId), "3")).not.toBe(SEND.DROPPED);
    pair.upstream.respond({ instructions: "", tag: "u" });
    await pair.advance(1_000);
    expect(pair.of("onAgentTranscript").at(-1)?.[2]).toContain("tool lookup");
  });

  test("late deltas of a cancelled response arrive, then its end", async () => {
    const limits = { deltaMsMin: 20, deltaMsMax: 20 };
    await using pair = await createReadyPair({ simulator: { limits } });
    const audio = patternAudio(4_000, 8);
    pair.upstream.append(audio, 0, audio.length);
    pair.upstream.commit();
    pair.upstream.respond({ instructions: "", tag: "t" });
    await pair.advance(100);
    pair.upstream.cancel(String(pair.of("onResponseCreated")[0]?.[0]));
    const itemId = String(pair.of("onAudio")[0]?.[1]);
    await pair.advance(100);
    const [, status, usage, errorCode] = pair.of("onResponseDone")[0] ?? [];
    expect([status, errorCode]).toEqual(["cancelled", "client_cancelled"]);
    expect(usage).toMatchObject({ inputTokens: 40 });
    const generatedMs = pair.audioOf(itemId).length / 8;
    pair.upstream.truncate(itemId, 0, Math.floor(generatedMs));
    await pair.settle();
    expect(pair.of("onError")).toEqual([]);
  });

  test("the server's turn detection is reported", async () => {
    await using pair = await createReadyPair({
      session: { ...PCMU_SESSION, turnDetection: "server_vad" },
    });
    await receive(pair, {
      type: "input_audio_buffer.speech_started",
      audio_start_ms: 120,
      item_id: "item_a",
    });
    await receive(pair, {
      type: "input_audio_buffer.speech_stopped",
      audio_end_ms: 980,
      item_id: "item_a",
    });
    expect(pair.of("onSpeechStarted")).toEqual([[120, "item_a"]]);
    expect(pair.of("onSpeechStopped")).toEqual([[980, "item_a"]]);
  });

  test("names of the beta protocol are understood", async () => {
    await using pair = await createReadyPair();
    const spot = { response_id: "r", item_id: "i", content_index: 0 };
    await receive(pair, { type: "response.audio.delta", ...spot, delta: "AQID" });
    await receive(pair, { type: "response.audio.done", ...spot });
    await receive(pair, { type: "response.audio_transcript.done", ...spot, transcript: "Hello" });
    expect(pair.of("onAudio")).toEqual([["r", "i", 0, new Uint8Array([1, 2, 3]), 3]]);
    expect(pair.of("onAudioDone")).toEqual([["r", "i"]]);
    expect(pair.of("onAgentTranscript")).toEqual([["r", "i", "Hello", true]]);
  });

  test("a failed response and a failed transcript carry their code", async () => {
    await using pair = await createReadyPair();
    const error = { type: "server_error", code: "rate_limit_exceeded", message: "Slow" };
    const status_details = { type: "failed", error };
    const response = { id: "r", status: "failed", status_details };
    await receive(pair, { type: "response.done", response });
    expect(pair.of("onResponseDone")).toEqual([
      ["r", "failed", { inputTokens: 0, outputTokens: 0 }, "rate_limit_exceeded"],
    ]);
    await receive(pair, {
      type: "conversation.item.input_audio_transcription.failed",
      item_id: "i",
      error: { message: "Not understood" },
    });
    expect(pair.of("onError")).toEqual([
      ["input_audio_transcription_failed", "Not understood", ""],
    ]);
  });
});

describe("keys", () => {
  const apiKey = "sk-proj-0123456789abcdef";

  test("a key is shown when dialling and nowhere else, though the server repeats it", async () => {
    const lines: string[] = [];
    const write = (event: string, fields?: LogFields) => {
      lines.push(event + JSON.stringify(fields ?? {}));
    };
    const log: Log = { debug: write, info: write, warn: write, error: write, with: () => log };
    await using pair = await createReadyPair({ upstream: { apiKey, log } });
    expect(pair.simulator.records[0]?.hasAuthorization).toBe(true);
    const message = `Incorrect API key provided: ${apiKey}, or sk-other-987654321.`;
    await receive(pair, { type: "error", error: { code: "invalid_api_key", message } });
    await pair.until(() => pair.of("onClosed").length === 1);
    expect(pair.of("onError")[0]?.[1]).toBe("Incorrect API key provided: [key], or [key].");
    expect(pair.of("onClosed")[0]?.[0]).toMatchObject({ reason: "refused", isFatal: true });
    const everything = JSON.stringify(pair.heard) + lines.join("");
    expect(everything).not.toContain("0123456789abcdef");
    expect(everything).not.toContain("987654321");
  });

  test("no key, no header", async () => {
    await using pair = await createReadyPair();
    expect(pair.simulator.records[0]?.hasAuthorization).toBe(false);
  });
});
