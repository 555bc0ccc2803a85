// Goal: the simulator refuses and allows what the real Realtime API does, with its codes and texts.
// Method: a plain client on a real loopback socket, time stepped. One test per rule; the rules are
// those of the API's documentation and of errors that people reported (protocols.md 1.3 to 1.6).
import { describe, expect, test } from "bun:test";
import { patternAudio } from "../support/loopback-pair.ts";
import { appendCommand, connectRealtimeClient, MANUAL_PCMU } from "../support/realtime-client.ts";

const PCMU_BYTES_PER_MS = 8;
const COMMIT = { type: "input_audio_buffer.commit" };
const RESPOND = { type: "response.create" };
const speech = (durationMs: number) => appendCommand(patternAudio(durationMs, PCMU_BYTES_PER_MS));

describe("input_audio_buffer", () => {
  test("commit under 100 ms is refused, with what is there", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, COMMIT, speech(99), COMMIT);
    const messages = client.of("error").map((event) => event["error"]);
    expect(messages).toMatchObject([
      {
        code: "input_audio_buffer_commit_empty",
        message:
          "Error committing input audio buffer: buffer too small. Expected at least 100ms of " +
          "audio, but buffer only has 0.00ms of audio.",
      },
      { message: expect.stringContaining("only has 99.00ms") },
    ]);
    await client.say(speech(1), COMMIT);
    expect(client.of("input_audio_buffer.committed")).toHaveLength(1);
  });

  test("commit makes a user item and no response", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, speech(200), COMMIT);
    await client.advance(500);
    expect(client.types().slice(3)).toEqual([
      "input_audio_buffer.committed",
      "conversation.item.added",
      "conversation.item.done",
    ]);
  });

  test("a transcript comes only when asked for, and claims no understanding", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, speech(200), COMMIT);
    await client.say({
      type: "session.update",
      session: { type: "realtime", audio: { input: { transcription: { model: "m" } } } },
    });
    await client.say(speech(2_400), COMMIT);
    await client.advance(200);
    const type = "conversation.item.input_audio_transcription.completed";
    const transcripts = client.of(type).map((event) => event["transcript"]);
    expect(transcripts).toEqual(["[simulated: 2.4 s of speech]"]);
  });

  test("clear throws away what was appended", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, speech(500), { type: "input_audio_buffer.clear" }, COMMIT);
    expect(client.of("input_audio_buffer.cleared")).toHaveLength(1);
    expect(client.errorCodes()).toEqual(["input_audio_buffer_commit_empty"]);
  });

  test.each(["!!!!", "AAA", "AA==AA=="])("refuses audio that is not base64: %s", async (audio) => {
    await using client = await connectRealtimeClient();
    await client.say({ type: "input_audio_buffer.append", audio });
    expect(client.errorCodes()).toEqual(["invalid_value"]);
  });

  test("refuses more than it holds", async () => {
    await using client = await connectRealtimeClient({ limits: { inputMsMax: 1_000 } });
    await client.say(MANUAL_PCMU, speech(900), speech(101));
    expect(client.errorCodes()).toEqual(["input_audio_buffer_full"]);
    await client.say(COMMIT);
    expect(client.simulator.records[0]?.committed[0]?.audio.length).toBe(7_200);
  });
});

describe("response", () => {
  test("goes through its events in the server's order", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, speech(300), COMMIT, RESPOND);
    await client.advance(500);
    const types = client.types().slice(6);
    const once = types.filter((type, index) => type !== types[index - 1]);
    const deltas = ["response.output_audio_transcript.delta", "response.output_audio.delta"];
    expect(once.filter((type) => !deltas.includes(type))).toEqual([
      "response.created",
      "response.output_item.added",
      "conversation.item.added",
      "response.content_part.added",
      "response.output_audio.done",
      "response.output_audio_transcript.done",
      "response.content_part.done",
      "response.output_item.done",
      "conversation.item.done",
      "response.done",
      "rate_limits.updated",
    ]);
    expect(client.of("response.done")[0]).toMatchObject({
      response: {
        status: "completed",
        output: [{ role: "assistant", status: "completed" }],
        // 0.3 s in at 10 tokens a second; 0.3 s out at 20 and one for each of its seven words.
        usage: { input_tokens: 3, output_tokens: 6 + 7, total_tokens: 16 },
      },
    });
  });

  test("speaks in uneven deltas, several times faster than real time", async () => {
    await using client = await connectRealtimeClient({ limits: { speed: 4 } });
    await client.say(MANUAL_PCMU, speech(4_000), COMMIT, RESPOND);
    await client.advance(1_100);
    expect(client.of("response.done")).toHaveLength(1);
    const lengths = client
      .of("response.output_audio.delta")
      .map((event) => Buffer.byteLength(String(event["delta"]), "base64"));
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(32_000);
    expect(new Set(lengths).size).toBeGreaterThan(5);
    expect(lengths.filter((length) => length % 160 !== 0).length).toBeGreaterThan(5);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(400 * PCMU_BYTES_PER_MS);
    const sent = client.simulator.records[0]?.sent ?? [];
    const times = sent.filter(({ type }) => type === "response.output_audio.delta");
    const createdMs = sent.find(({ type }) => type === "response.created")?.atMs ?? Number.NaN;
    expect((times[0]?.atMs ?? Number.NaN) - createdMs).toBe(50);
    expect((times.at(-1)?.atMs ?? 0) - (times[0]?.atMs ?? 0)).toBeGreaterThan(800);
  });

  test("only one at a time writes to the conversation", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, RESPOND, { ...RESPOND, event_id: "second" });
    const response = client.of("response.created")[0]?.["response"] as { id: string };
    const code = "conversation_already_has_active_response";
    const message =
      `Conversation already has an active response in progress: ${response.id}. ` +
      "Wait until the response is finished before creating a new one.";
    expect(client.of("error")[0]).toMatchObject({ error: { code, message, event_id: "second" } });
    await client.advance(1_000);
    await client.say(RESPOND);
    expect(client.of("response.created")).toHaveLength(2);
  });

  test("a second one is passed over in silence where that is asked for (D-23)", async () => {
    await using client = await connectRealtimeClient({ isSecondResponseIgnored: true });
    await client.say(MANUAL_PCMU, RESPOND, RESPOND);
    await client.advance(1_000);
    expect(client.errorCodes()).toEqual([]);
    expect(client.of("response.created")).toHaveLength(1);
    expect(client.of("response.done")).toHaveLength(1);
  });

  test("others run beside it with conversation none, and leave no item", async () => {
    await using client = await connectRealtimeClient();
    const beside = { conversation: "none", output_modalities: ["text"], metadata: { tag: "t" } };
    await client.say(MANUAL_PCMU, RESPOND, { type: "response.create", response: beside });
    await client.advance(1_000);
    expect(client.errorCodes()).toEqual([]);
    expect(client.of("response.done")).toHaveLength(2);
    expect(client.of("conversation.item.added")).toHaveLength(1);
    expect(client.of("response.output_text.done")).toHaveLength(1);
    expect(client.of("response.created")[1]).toMatchObject({
      response: { metadata: { tag: "t" } },
    });
  });

  test("cancel ends it as cancelled, with what was in flight still coming", async () => {
    const limits = { lateDeltasMs: 30, deltaMsMin: 20, deltaMsMax: 20 };
    await using client = await connectRealtimeClient({ limits });
    await client.say(MANUAL_PCMU, speech(4_000), COMMIT, RESPOND);
    await client.advance(100);
    const before = client.of("response.output_audio.delta").length;
    await client.say({ type: "response.cancel" });
    expect(client.of("response.done")).toEqual([]);
    await client.advance(500);
    const after = client.of("response.output_audio.delta").length;
    expect(after).toBeGreaterThan(before);
    expect(after).toBeLessThan(before + 15);
    expect(client.of("response.done")[0]).toMatchObject({
      response: {
        status: "cancelled",
        status_details: { type: "cancelled", reason: "client_cancelled" },
        output: [{ status: "incomplete" }],
      },
    });
  });

  test("cancel without one is refused", async () => {
    await using client = await connectRealtimeClient();
    await client.say(MANUAL_PCMU, { type: "response.cancel" });
    await client.say(RESPOND, { type: "response.cancel", response_id: "resp_other" });
    expect(client.of("error").map((event) => event["error"])).toMatchObject([
      {
        code: "response_cancel_not_active",
        message: "Cancellation failed: no active response found",
      },
      { code: "response_cancel_not_active" },
    ]);
  });
});
