// Goal: each command reaches the server as the protocol wants it, the session is what we asked for,
// and what the server refuses can be told apart.
// Method: the simulator as the other side; where the real server says something the simulator does
// not, that event is put on the wire as text.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import type { UpstreamSession } from "../../service/contract/upstream.ts";
import {
  createLoopbackPair,
  createReadyPair,
  PCM_SESSION,
  PCMU_SESSION,
  patternAudio,
  sentCommands,
} from "../support/loopback-pair.ts";

describe("commands", () => {
  test("before the session is ready are dropped and counted", async () => {
    await using pair = createLoopbackPair();
    expect(pair.upstream.append(new Uint8Array(8), 0, 8)).toBe(SEND.DROPPED);
    expect(pair.upstream.commit()).toBe(SEND.DROPPED);
    pair.upstream.open();
    expect(pair.upstream.respond({ instructions: "", tag: "" })).toBe(SEND.DROPPED);
    expect(pair.stats).toMatchObject({ appendsDropped: 1, commandsDropped: 2, messagesSent: 0 });
  });

  test("carry ids that name the command; a response asks for audio (S1-52)", async () => {
    await using pair = await createReadyPair();
    pair.upstream.append(new Uint8Array(8), 0, 8);
    pair.upstream.commit();
    pair.upstream.clearInput();
    pair.upstream.respond({ instructions: "Say hello", tag: "greeting" });
    pair.upstream.cancel("");
    pair.upstream.cancel("resp_1");
    pair.upstream.truncate("item_1", 0, 1_234);
    pair.upstream.deleteItem("item_1");
    pair.upstream.createText("system", "The caller is in Bern");
    pair.upstream.submitToolOutput("call_1", '{"ok":true}');
    await pair.settle();
    const id = (command: string) =>
      expect.stringMatching(new RegExp(`^${command}-[0-9a-f]{8}-\\d+$`));
    expect(sentCommands(pair).slice(1)).toEqual([
      { type: "input_audio_buffer.append", event_id: id("append"), audio: "" },
      { type: "input_audio_buffer.commit", event_id: id("commit") },
      { type: "input_audio_buffer.clear", event_id: id("clear") },
      {
        type: "response.create",
        event_id: "respond-greeting",
        response: {
          output_modalities: ["audio"],
          instructions: "Say hello",
          metadata: { tag: "greeting" },
        },
      },
      { type: "response.cancel", event_id: id("cancel") },
      { type: "response.cancel", event_id: id("cancel"), response_id: "resp_1" },
      {
        type: "conversation.item.truncate",
        event_id: id("truncate"),
        item_id: "item_1",
        content_index: 0,
        audio_end_ms: 1_234,
      },
      { type: "conversation.item.delete", event_id: id("delete"), item_id: "item_1" },
      {
        type: "conversation.item.create",
        event_id: id("text"),
        item: {
          type: "message",
          role: "system",
          content: [{ type: "input_text", text: "The caller is in Bern" }],
        },
      },
      {
        type: "conversation.item.create",
        event_id: id("tool"),
        item: { type: "function_call_output", call_id: "call_1", output: '{"ok":true}' },
      },
    ]);
    const refused = pair
      .of("onError")
      .map(([code, , commandId]) => [code, String(commandId).split("-")[0]]);
    expect(refused).toEqual([
      ["input_audio_buffer_commit_empty", "commit"],
      ["response_cancel_not_active", "cancel"],
      ["item_truncate_invalid_item_id", "truncate"],
      ["item_delete_invalid_item_id", "delete"],
      ["invalid_tool_call_id", "tool"],
    ]);
  });

  test("append sends the given range of a bigger buffer, views of it included", async () => {
    await using pair = await createReadyPair();
    const memory = patternAudio(2_000, 8);
    const view = memory.subarray(100, 9_000);
    pair.upstream.append(view, 7, 1_607);
    pair.upstream.append(memory, 3, 4);
    pair.upstream.commit();
    await pair.settle();
    const wanted = Buffer.concat([memory.subarray(107, 1_707), memory.subarray(3, 4)]);
    expect(Buffer.compare(pair.simulator.records[0]?.committed[0]?.audio ?? memory, wanted)).toBe(
      0,
    );
  });

  test("appends over the cap are dropped and counted, a cancel still gets out", async () => {
    await using pair = await createReadyPair();
    pair.simulator.lines()[0]?.fail({ kind: "stall", afterEvents: 0 });
    const audio = new Uint8Array(32_000);
    const results = new Map<number, number>();
    // The kernel takes some megabytes before anything is queued on our side.
    for (let count = 0; count < 2_000 && !results.has(SEND.DROPPED); count += 1) {
      const result = pair.upstream.append(audio, 0, audio.length);
      results.set(result, (results.get(result) ?? 0) + 1);
    }
    expect([...results.keys()].sort()).toEqual([SEND.SENT, SEND.BUFFERED, SEND.DROPPED]);
    expect(pair.stats.appendsDropped).toBe(1);
    expect(pair.upstream.cancel("")).toBe(SEND.BUFFERED);
    expect(pair.stats.commandsDropped).toBe(0);
  });
});

describe("session", () => {
  const tool = { name: "lookup", description: "Looks up", parameters: { type: "object" } };

  test.each([
    ["server_vad", { type: "server_vad", create_response: true, interrupt_response: true }],
    ["semantic_vad", { type: "semantic_vad", create_response: true, interrupt_response: true }],
    [
      "semantic_vad_signal",
      { type: "semantic_vad", create_response: false, interrupt_response: false },
    ],
    [
      "server_vad_signal",
      { type: "server_vad", create_response: false, interrupt_response: false },
    ],
  ] as const)("%s is asked for and confirmed", async (turnDetection, wanted) => {
    const session: UpstreamSession = { ...PCM_SESSION, turnDetection, tools: [tool] };
    await using pair = await createReadyPair({ session });
    expect(sentCommands(pair)[0]).toMatchObject({
      session: {
        tools: [{ type: "function", ...tool }],
        audio: { input: { format: { rate: 24_000 }, turn_detection: wanted } },
      },
    });
  });

  test("a change sends only what changes, and a refused one leaves the session as it is", async () => {
    await using pair = await createReadyPair();
    pair.upstream.updateSession({ turnDetection: "server_vad_signal" });
    pair.upstream.updateSession({ instructions: "Be long" });
    await pair.settle();
    const [, first, second] = sentCommands(pair) as { session: unknown }[];
    expect(first?.session).toEqual({
      type: "realtime",
      output_modalities: ["audio"],
      audio: {
        input: {
          turn_detection: {
            type: "server_vad",
            create_response: false,
            interrupt_response: false,
            // The server's own defaults, which the record holds too.
            threshold: 0.5,
            prefix_padding_ms: 300,
            silence_duration_ms: 500,
          },
        },
      },
    });
    expect(second?.session).toMatchObject({ instructions: "Be long" });
    pair.upstream.respond({ instructions: "", tag: "" });
    await pair.advance(500);
    pair.upstream.updateSession({ voice: "ash" });
    pair.upstream.updateSession({ turnDetection: null });
    await pair.settle();
    expect(pair.of("onError").map(([code]) => code)).toEqual(["cannot_update_voice"]);
    expect(pair.upstream.isReady()).toBe(true);
  });

  test.each([
    [
      "keeps its turn detection",
      { input: { turn_detection: { type: "server_vad" } } },
      "server_vad",
    ],
    ["does not say", { input: {} }, "absent"],
    [
      "has another format",
      { input: { turn_detection: null, format: { type: "audio/pcm", rate: 24_000 } } },
      "audio/pcm",
    ],
    [
      "answers in another format",
      {
        input: { turn_detection: null, format: { type: "audio/pcmu" } },
        output: { format: { type: "audio/pcma" } },
      },
      "audio/pcma",
    ],
  ])("a server that %s is refused for good", async (_, audio, word) => {
    await using pair = createLoopbackPair();
    const text = JSON.stringify({ type: "session.updated", session: { audio } });
    pair.simulator.failNextSession({ kind: "garbage", afterEvents: 2, text });
    pair.upstream.open();
    await pair.until(() => pair.of("onClosed").length === 1);
    expect(pair.of("onReady")).toEqual([]);
    expect(pair.of("onClosed")[0]?.[0]).toMatchObject({
      reason: "protocol",
      isFatal: true,
      message: expect.stringMatching(
        new RegExp(`^Cannot use the upstream session: .* is ${word}, must be `),
      ),
    });
  });

  test("a session that the server refuses ends for good", async () => {
    await using pair = createLoopbackPair({
      session: { ...PCMU_SESSION, tools: [{ ...tool, name: "" }] },
    });
    pair.upstream.open();
    await pair.until(() => pair.of("onClosed").length === 1);
    expect(pair.of("onReady")).toEqual([]);
    expect(pair.of("onClosed")[0]?.[0]).toEqual({
      reason: "protocol",
      isFatal: true,
      message: "Cannot configure the upstream session: invalid_value",
    });
  });

  test("a format that the protocol does not have is our bug, found when the call is made", () => {
    const format = { encoding: "pcm16", rateHz: 16_000 } as const;
    expect(() => createLoopbackPair({ session: { ...PCMU_SESSION, format } })).toThrow("24 kHz");
  });
});
