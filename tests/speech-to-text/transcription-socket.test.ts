// Goal: over a transcription session audio goes out as it is spoken and words come while it does
// (S3-05); nothing of one utterance gets into the next.
// Method: the project's simulator over a real socket, stepped time (transcription-fixture.ts).
import { describe, expect, test } from "bun:test";
import { audioForm, decodeAudio } from "../../service/simulator/audio-forms.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { createSpeechEvents } from "./speech-events.ts";
import { type FixtureChanges, noise, transcriptionFixture } from "./transcription-fixture.ts";

const FINAL_STEPS = 15;

async function opened(changes: FixtureChanges = {}, rateHz = 24_000) {
  const fixture = transcriptionFixture(changes);
  const events = createSpeechEvents();
  const stream = fixture.speech.open({ rateHz, language: "en" }, events);
  const steps = async (count: number) => {
    for (let step = 0; step < count; step += 1) await fixture.settle();
  };
  await steps(3);
  return {
    fixture,
    events,
    stream,
    steps,
    say: (audio: Uint8Array) => stream.append(audio, 0, audio.length),
    commands: () => fixture.simulator.records[0]?.commands.map(({ type }) => type) ?? [],
    committed: () => fixture.simulator.records[0]?.committed.map(({ audio }) => audio) ?? [],
    [Symbol.asyncDispose]: () => fixture.simulator.stop(),
  };
}

describe("what goes over the socket", () => {
  test("S3-05: audio goes out as it comes, the end is a commit, items are deleted", async () => {
    await using call = await opened();
    const { fixture, events, stream } = call;
    stream.begin(1);
    call.say(fixture.first.subarray(0, 4_800));
    await call.steps(1);
    expect(call.commands()).toEqual(["session.update", "input_audio_buffer.append"]);
    call.say(fixture.first.subarray(4_800));
    stream.finish();
    await call.steps(FINAL_STEPS);
    expect(events.texts("final")).toEqual(["one two three"]);
    expect(events.last()?.transcript).toMatchObject({ startMs: 0, endMs: 300, language: "en" });
    expect(call.commands().slice(2)).toEqual([
      "input_audio_buffer.append",
      "input_audio_buffer.commit",
      "conversation.item.delete",
    ]);
    expect(fixture.simulator.stats.commandsRefused).toBe(0);
    expect(fixture.simulator.records[0]?.commands[0]?.command).toMatchObject({
      session: {
        type: "transcription",
        audio: {
          input: {
            format: { type: "audio/pcm", rate: 24_000 },
            turn_detection: null,
            transcription: { model: "gpt-transcribe", language: "en" },
          },
        },
      },
    });
  });

  test("less than the provider commits is filled up with silence", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.say(call.fixture.first.subarray(0, 960));
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    const filled = Buffer.concat([call.fixture.first.subarray(0, 960), Buffer.alloc(3_840)]);
    expect(call.committed()).toEqual([new Uint8Array(filled)]);
    expect(call.events.last()?.transcript?.endMs).toBe(20);
  });

  test.each([
    ["mulaw", "audio/pcmu"],
    ["alaw", "audio/pcma"],
  ] as const)("8 kHz goes out as G.711 %s", async (telephony, type) => {
    await using call = await opened({ settings: { telephony } }, 8_000);
    const spoken = noise(5, 200, 8_000);
    call.stream.begin(1);
    call.say(spoken);
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    const sent = decodeAudio(audioForm({ type }), call.committed()[0] ?? new Uint8Array());
    const samples = new Int16Array(spoken.buffer);
    expect(sent.length).toBe(samples.length);
    // A code is at most 1/32 away from a sample, of its level and mu-law's bias of 132; A-law's
    // smallest step is 16.
    const isNear = (sample: number, index: number) =>
      Math.abs((sent[index] ?? 0) - sample) <= Math.max(8, (Math.abs(sample) + 132) / 32);
    expect(samples.every(isNear)).toBe(true);
  });

  test("a rate that the server does not take is refused when opening", () => {
    const { speech, simulator } = transcriptionFixture();
    expect(() => speech.open({ rateHz: 16_000, language: "en" }, createSpeechEvents())).toThrow(
      "Cannot transcribe: rate is 16000 Hz, must be 24000 or 8000 Hz",
    );
    void simulator.stop();
  });

  test("cancel() in mid-speech: the next utterance has its own audio only", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.say(call.fixture.second);
    await call.steps(1);
    call.stream.cancel();
    call.stream.begin(2);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    expect(call.commands()).toContain("input_audio_buffer.clear");
    expect(call.committed()).toEqual([call.fixture.first]);
    expect(call.events.all.map(({ utterance }) => utterance)).not.toContain(1);
    expect(call.events.texts("final")).toEqual(["one two three"]);
  });

  test("begin() after a commit nobody waits for: its item goes, its words are nobody's", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.say(call.fixture.second);
    call.stream.finish();
    call.stream.begin(2);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    expect(call.events.texts("final")).toEqual(["one two three"]);
    expect(call.events.all.every(({ utterance }) => utterance === 2)).toBe(true);
    const deleted = call.commands().filter((type) => type === "conversation.item.delete");
    expect(deleted).toHaveLength(2);
  });
});

describe("what is told", () => {
  test("S2-38: partials grow with the words that come, each told once, then the final", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    expect(call.events.all.map(({ kind, text }) => [kind, text])).toEqual([
      ["partial", "one"],
      ["partial", "one two"],
      ["partial", "one two three"],
      ["final", "one two three"],
    ]);
  });

  test("a server that writes while it listens: partials before the end of the words", async () => {
    const script = parseScript(
      "turns: [{ when: { turn: 1 }, transcript: 'one two three', wordMs: 100 }]",
    );
    await using call = await opened({ script });
    call.stream.begin(1);
    call.say(call.fixture.first.subarray(0, 9_600));
    await call.steps(1);
    expect(call.events.texts("partial")).toEqual(["one", "one two"]);
    call.say(call.fixture.first.subarray(9_600));
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    expect(call.events.texts("final")).toEqual(["one two three"]);
  });

  test("resume() before the final came: one final, of all of it", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.steps(1);
    call.stream.resume();
    call.say(call.fixture.second);
    await call.steps(FINAL_STEPS);
    expect(call.events.texts("final")).toEqual([]);
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    expect(call.events.texts("final")).toEqual(["one two three four five six"]);
  });

  test("audio after finish() is kept for resume() and is not in the final", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.say(call.fixture.first);
    call.stream.finish();
    call.say(call.fixture.second);
    await call.steps(FINAL_STEPS);
    expect(call.events.texts("final")).toEqual(["one two three"]);
    call.stream.resume();
    call.stream.finish();
    await call.steps(FINAL_STEPS);
    expect(call.events.texts("final")[1]).toBe("one two three four five six");
  });

  test("an utterance without audio is an empty final", async () => {
    await using call = await opened();
    call.stream.begin(1);
    call.stream.finish();
    await call.steps(1);
    expect(call.events.texts("final")).toEqual([""]);
  });
});
