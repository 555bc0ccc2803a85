// Goal: the simulator's transcription sessions write down what is appended, word by word, and refuse
// what only a conversation has.
// Method: a plain client on a real loopback socket, time stepped.
import { describe, expect, test } from "bun:test";
import { parseScript } from "../../service/simulator/script.ts";
import { createRealtimeSimulator } from "../../service/simulator/simulator.ts";
import { patternAudio } from "../support/loopback-pair.ts";
import {
  appendCommand,
  connectRealtimeClient,
  MANUAL_PCMU,
  type RealtimeClient,
} from "../support/realtime-client.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const PCMU_BYTES_PER_MS = 8;
const INTENT = "intent=transcription";
const COMMIT = { type: "input_audio_buffer.commit" };
const TRANSCRIPTION = "conversation.item.input_audio_transcription";
const speech = (durationMs: number) => appendCommand(patternAudio(durationMs, PCMU_BYTES_PER_MS));

function update(input: Readonly<Record<string, unknown>>, rest = {}) {
  return { type: "session.update", session: { type: "transcription", audio: { input }, ...rest } };
}

const WRITER = update({
  format: { type: "audio/pcmu" },
  turn_detection: null,
  transcription: { model: "gpt-transcribe", language: "en" },
});

const SCRIPT = parseScript(`
turns:
  - when: { turn: 1 }
    transcript: "one two three"
  - when: { turn: 2 }
    transcript: "four five six"
    wordMs: 100
  - when: { turn: 3 }
    transcriptionError: { code: audio_unintelligible, message: "No words" }
`);

const writer = async (script = SCRIPT) => {
  const client = await connectRealtimeClient({ script }, INTENT);
  await client.say(WRITER);
  return client;
};

function deltas(client: RealtimeClient): readonly unknown[] {
  return client.of(`${TRANSCRIPTION}.delta`).map((event) => event["delta"]);
}

describe("a transcription session", () => {
  test("is dialled with an intent, and echoes its own shape", async () => {
    await using client = await writer();
    expect(client.types()).toEqual(["session.created", "session.updated"]);
    expect(client.of("session.updated")[0]?.["session"]).toEqual({
      type: "transcription",
      object: "realtime.transcription_session",
      id: expect.any(String),
      expires_at: expect.any(Number),
      audio: {
        input: {
          format: { type: "audio/pcmu" },
          transcription: { model: "gpt-transcribe", language: "en" },
          noise_reduction: null,
          turn_detection: null,
        },
      },
    });
  });

  test("writes down what is committed, word by word, then whole", async () => {
    await using client = await writer();
    await client.say(speech(300), COMMIT);
    expect(deltas(client)).toEqual([]);
    await client.advance(50);
    expect(deltas(client)).toEqual(["one "]);
    await client.advance(50);
    expect(deltas(client)).toEqual(["one ", "two ", "three"]);
    expect(client.of(`${TRANSCRIPTION}.completed`)).toMatchObject([
      { transcript: "one two three", usage: { type: "duration", seconds: 0.3 } },
    ]);
    const [committed] = client.of("input_audio_buffer.committed");
    const written = client.events.filter(({ type }) => type.startsWith(TRANSCRIPTION));
    expect(new Set(written.map((event) => event["item_id"]))).toEqual(
      new Set([committed?.["item_id"]]),
    );
  });

  test("with wordMs it tells words before the commit, as those of the item to come", async () => {
    await using client = await writer();
    await client.say(speech(300), COMMIT);
    await client.advance(100);
    const before = client.events.length;
    await client.say(speech(150));
    const early = client.events.slice(before);
    expect(early).toMatchObject([{ type: `${TRANSCRIPTION}.delta`, delta: "four " }]);
  });

  test("an utterance that the script cannot hear fails with the script's code", async () => {
    await using client = await writer();
    for (let turn = 0; turn < 3; turn += 1) {
      await client.say(speech(200), COMMIT);
      await client.advance(100);
    }
    expect(client.of(`${TRANSCRIPTION}.completed`)).toHaveLength(2);
    expect(client.of(`${TRANSCRIPTION}.failed`)).toMatchObject([
      { error: { code: "audio_unintelligible", message: "No words" } },
    ]);
  });

  test("with server_vad it commits a turn by itself and answers nothing", async () => {
    await using client = await connectRealtimeClient({ script: SCRIPT }, INTENT);
    await client.say(
      update({ format: { type: "audio/pcmu" }, transcription: { model: "gpt-transcribe" } }),
    );
    const silence = appendCommand(new Uint8Array(1_000 * PCMU_BYTES_PER_MS).fill(0xff));
    await client.say(speech(500), silence);
    await client.advance(1_000);
    expect(client.types()).toContain("input_audio_buffer.speech_started");
    expect(client.types()).toContain("input_audio_buffer.speech_stopped");
    expect(client.of(`${TRANSCRIPTION}.completed`)).toMatchObject([
      { transcript: "one two three" },
    ]);
    expect(client.types().filter((type) => type.startsWith("response."))).toEqual([]);
  });
});

describe("what it refuses", () => {
  test.each([
    ["instructions", update({}, { instructions: "Be kind" }), "unknown_parameter"],
    ["tools", update({}, { tools: [] }), "unknown_parameter"],
    ["a voice", update({}, { audio: { output: { voice: "marin" } } }), "unknown_parameter"],
    ["another rate", update({ format: { type: "audio/pcm", rate: 16_000 } }), "invalid_value"],
    ["the other type", MANUAL_PCMU, "invalid_parameter"],
    ["response.create", { type: "response.create" }, "invalid_value"],
    ["response.cancel", { type: "response.cancel" }, "invalid_value"],
    [
      "conversation.item.create",
      {
        type: "conversation.item.create",
        item: { type: "message", role: "user", content: [{ type: "input_text", text: "Hi" }] },
      },
      "invalid_value",
    ],
  ])("%s", async (_name, command, code) => {
    await using client = await writer();
    await client.say(command);
    expect(client.errorCodes()).toEqual([code]);
    expect(client.of("session.updated")).toHaveLength(1);
  });

  test("a session dialled with a model does not become one", async () => {
    await using client = await connectRealtimeClient({ script: SCRIPT });
    await client.say(WRITER);
    expect(client.of("error")).toMatchObject([
      {
        error: {
          code: "invalid_parameter",
          param: "session.type",
          message:
            "Passing a transcription session update event to a realtime session is not allowed.",
        },
      },
    ]);
  });

  test.each([
    ["intent=translation", {}],
    ["intent=transcription&model=m", {}],
    ["intent=transcription", { "openai-beta": "realtime=v1" }],
  ])("a dial with ?%s and headers %j", async (query, headers) => {
    const simulator = createRealtimeSimulator({
      clock: createSteppedClock(),
      random: createSeededRandom(1),
      host: "127.0.0.1",
      port: 0,
    });
    const url = `${simulator.url.replace("ws:", "http:")}?${query}`;
    expect((await fetch(url, { headers })).status).toBe(400);
    await simulator.stop();
  });
});
