// Goal: the simulator's own turn detection follows the positions of the audio, whatever the time
// and the sizes of the appends, and interrupts and answers as its settings say.
// Method: tones and silence of known length at 8 kHz mu-law; positions are then known exactly.
// An onset needs three loud frames of 20 ms, so the tone begins on a frame.
import { describe, expect, test } from "bun:test";
import { audioForm } from "../../service/simulator/audio-forms.ts";
import { melody } from "../../service/simulator/melodies.ts";
import {
  appendCommand,
  connectRealtimeClient,
  type RealtimeClient,
} from "../support/realtime-client.ts";

const FORM = audioForm({ type: "audio/pcmu" });
const silence = (durationMs: number) => new Uint8Array(durationMs * 8).fill(0xff);
const tone = (durationMs: number) => melody(FORM, "greeting", durationMs);

function serverVad(turn_detection: Readonly<Record<string, unknown>> | null) {
  const format = { type: "audio/pcmu" };
  const audio = { input: { format, turn_detection }, output: { format } };
  return { type: "session.update", session: { type: "realtime", audio } };
}

/** Appends in pieces of uneven size. */
async function hear(client: RealtimeClient, ...parts: readonly Uint8Array[]): Promise<void> {
  const bytes = Buffer.concat(parts);
  for (let at = 0, size = 33; at < bytes.length; at += size, size = (size * 7) % 1_009) {
    await client.say(appendCommand(bytes.subarray(at, at + size)));
  }
}

describe("server_vad", () => {
  test("finds start and end at their positions and answers", async () => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad({ type: "server_vad" }));
    await hear(client, silence(1_000), tone(600), silence(600));
    const [started] = client.of("input_audio_buffer.speech_started");
    // 1000 ms less the prefix of 300.
    expect(started?.["audio_start_ms"]).toBe(700);
    const [stopped] = client.of("input_audio_buffer.speech_stopped");
    // The tone fades out in its last 15 ms; 500 ms of silence follow.
    expect(Math.abs(Number(stopped?.["audio_end_ms"]) - 2_100)).toBeLessThanOrEqual(20);
    const [committed] = client.of("input_audio_buffer.committed");
    expect(committed?.["item_id"]).toBe(started?.["item_id"]);
    expect(client.of("response.created")).toHaveLength(1);
    const heard = client.simulator.records[0]?.committed[0]?.audio ?? new Uint8Array();
    const durationMs = Number(stopped?.["audio_end_ms"]) - 700;
    expect(heard.length).toBe(durationMs * 8);
    const wanted = Buffer.concat([silence(300), tone(600), silence(600)]);
    expect(Buffer.compare(heard, wanted.subarray(0, heard.length))).toBe(0);
  });

  test("takes prefix and silence from its settings", async () => {
    await using client = await connectRealtimeClient();
    const times = { prefix_padding_ms: 100, silence_duration_ms: 1_000 };
    await client.say(serverVad({ type: "server_vad", ...times }));
    await hear(client, silence(1_000), tone(600), silence(900));
    expect(client.of("input_audio_buffer.speech_started")[0]?.["audio_start_ms"]).toBe(900);
    expect(client.of("input_audio_buffer.speech_stopped")).toEqual([]);
    await hear(client, silence(200));
    expect(client.of("input_audio_buffer.speech_stopped")).toHaveLength(1);
  });

  test("hears nothing in 30 ms of tone and in silence", async () => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad({ type: "server_vad" }));
    await hear(client, silence(500), tone(30), silence(2_000));
    expect(client.types().slice(3)).toEqual([]);
  });

  test("with create_response false it commits and says nothing", async () => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad({ type: "server_vad", create_response: false }));
    await hear(client, tone(600), silence(600));
    expect(client.of("input_audio_buffer.committed")).toHaveLength(1);
    expect(client.of("response.created")).toEqual([]);
  });

  test.each([
    [true, "cancelled"],
    [false, "completed"],
  ])("with interrupt_response %p speech leaves the answer %s", async (isOn, status) => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad({ type: "server_vad", interrupt_response: isOn }));
    await hear(client, tone(3_000), silence(600));
    await client.advance(100);
    await hear(client, tone(200));
    await client.advance(2_000);
    expect(client.of("response.done")[0]).toMatchObject({ response: { status } });
    if (!isOn) return;
    const details = { type: "cancelled", reason: "turn_detected" };
    expect(client.of("response.done")[0]).toMatchObject({ response: { status_details: details } });
  });

  test("two turns are two items, one after the other", async () => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad({ type: "server_vad", create_response: false }));
    await hear(client, tone(600), silence(700), tone(400), silence(700));
    const starts = client
      .of("input_audio_buffer.speech_started")
      .map((event) => event["audio_start_ms"]);
    // 1300 less 300 lies in the first turn, which went to 600 + 500 of silence.
    expect(starts).toEqual([0, 1_100]);
    expect(client.of("input_audio_buffer.committed")).toHaveLength(2);
  });
});

describe("a detection that is a signal only, beside a client that commits", () => {
  const SIGNAL = serverVad({
    type: "server_vad",
    create_response: false,
    interrupt_response: false,
  });
  const COMMIT = { type: "input_audio_buffer.commit" };
  const committedBytes = (client: RealtimeClient) =>
    client.simulator.records[0]?.committed.map(({ audio }) => audio.byteLength / 8);

  test("it goes on behind the client's commit: the end is told, and what follows is an item", async () => {
    await using client = await connectRealtimeClient();
    await client.say(SIGNAL);
    await hear(client, tone(600), silence(200));
    await client.say(COMMIT);
    await hear(client, silence(400));
    const [first, second] = client.of("input_audio_buffer.committed");
    const stopped = client.of("input_audio_buffer.speech_stopped");
    expect(stopped).toMatchObject([{ audio_end_ms: 1_100, item_id: second?.["item_id"] }]);
    expect(first?.["item_id"]).not.toBe(second?.["item_id"]);
    expect(committedBytes(client)).toEqual([800, 300]);
    expect(client.of("input_audio_buffer.speech_started")).toHaveLength(1);
    expect(client.of("response.created")).toEqual([]);
  });

  test("a commit behind its own finds less than 100 ms, is refused, and takes nothing", async () => {
    await using client = await connectRealtimeClient();
    await client.say(SIGNAL);
    await hear(client, tone(600), silence(540));
    await client.say(COMMIT);
    expect(client.of("error")).toMatchObject([
      { error: { code: "input_audio_buffer_commit_empty" } },
    ]);
    expect(committedBytes(client)).toEqual([1_100]);
  });

  test("switched on in the middle of an utterance, it keeps what lay in the buffer", async () => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad(null));
    await hear(client, silence(500), tone(600));
    await client.say(SIGNAL);
    await hear(client, tone(600), silence(520));
    expect(client.of("input_audio_buffer.speech_started")[0]).toMatchObject({ audio_start_ms: 0 });
    expect(committedBytes(client)).toEqual([2_200]);
  });
});

describe("semantic_vad", () => {
  test.each([
    ["high", 500],
    ["auto", 1_000],
    ["low", 2_000],
  ])("with eagerness %s waits %d ms of silence", async (eagerness, silenceMs) => {
    await using client = await connectRealtimeClient();
    await client.say(serverVad({ type: "semantic_vad", eagerness }));
    await hear(client, tone(600), silence(silenceMs - 40));
    expect(client.of("input_audio_buffer.speech_stopped")).toEqual([]);
    await hear(client, silence(80));
    expect(client.of("input_audio_buffer.speech_stopped")).toHaveLength(1);
  });
});
