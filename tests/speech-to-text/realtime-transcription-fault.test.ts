// Goal: transcription over a Realtime session sends audio as it is spoken, asks for nothing but words,
// and each failure of the session has its code (S3-05).
// Method: the project's simulator over a real socket, stepped time (realtime-fixture.ts).
import { describe, expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { realtimeFixture } from "./realtime-fixture.ts";
import { createSpeechEvents, type SpeechEvents } from "./speech-events.ts";

type Fixture = ReturnType<typeof realtimeFixture>;

function opened(fixture: Fixture) {
  const events = createSpeechEvents();
  const stream = fixture.speech.open({ rateHz: fixture.rateHz, language: "en" }, events);
  const say = (audio: Uint8Array) => stream.append(audio, 0, audio.length);
  return { events, stream, say };
}

function failureCode(events: SpeechEvents): string {
  const { error } = events.last() ?? {};
  return error instanceof VoxError ? error.code : "none";
}

async function settled(fixture: Fixture, turns = 30): Promise<void> {
  for (let turn = 0; turn < turns; turn += 1) await fixture.settle();
}

/** Nothing says when a broken connection is noticed; the test's own limit ends this. */
async function untilTold(events: SpeechEvents): Promise<void> {
  while (events.last() === undefined) await new Promise<void>((resolve) => setImmediate(resolve));
}

describe("what goes over the socket", () => {
  test("S3-05: audio goes out as it comes; no response is asked for, items are deleted", async () => {
    await using fixture = realtimeFixture();
    const { events, stream, say } = opened(fixture);
    await settled(fixture, 3);
    stream.begin(1);
    say(fixture.first.subarray(0, 4_800));
    await settled(fixture, 3);
    const [record] = fixture.simulator.records;
    expect(record?.commands.map(({ type }) => type)).toEqual([
      "session.update",
      "input_audio_buffer.append",
    ]);
    say(fixture.first.subarray(4_800));
    stream.finish();
    await settled(fixture);
    expect(events.texts("final")).toEqual(["one two three"]);
    expect(record?.commands.map(({ type }) => type).slice(2)).toEqual([
      "input_audio_buffer.append",
      "input_audio_buffer.commit",
      "conversation.item.delete",
    ]);
    expect(record?.commands[0]?.command).toMatchObject({
      session: {
        audio: { input: { turn_detection: null, transcription: { model: "gpt-transcribe" } } },
      },
    });
  });

  test("less than the provider commits is filled up with silence", async () => {
    await using fixture = realtimeFixture();
    const { stream, say } = opened(fixture);
    await settled(fixture, 3);
    stream.begin(1);
    say(fixture.first.subarray(0, 960));
    stream.finish();
    await settled(fixture);
    expect(fixture.simulator.records[0]?.committed[0]?.audio.length).toBe(4_800);
  });

  test("another rate than the protocol's is refused when opening", async () => {
    await using fixture = realtimeFixture();
    expect(() =>
      fixture.speech.open({ rateHz: 8_000, language: "en" }, createSpeechEvents()),
    ).toThrow("Cannot transcribe: rate is 8000 Hz, must be 24000 Hz");
  });
});

describe("a session that fails", () => {
  test("refuses the dial: engine_unavailable; the next utterance dials again", async () => {
    await using fixture = realtimeFixture();
    fixture.simulator.refuseDials(503, 1);
    const { events, stream, say } = opened(fixture);
    stream.begin(1);
    say(fixture.first);
    stream.finish();
    await untilTold(events);
    expect(failureCode(events)).toBe("engine_unavailable");
    stream.begin(2);
    say(fixture.first);
    stream.finish();
    await settled(fixture);
    expect(events.texts("final")).toEqual(["one two three"]);
  });

  test("dies while it writes down: engine_unavailable, once", async () => {
    await using fixture = realtimeFixture();
    const { events, stream, say } = opened(fixture);
    await settled(fixture, 3);
    stream.begin(1);
    say(fixture.first);
    stream.finish();
    await fixture.settle();
    fixture.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await untilTold(events);
    expect(failureCode(events)).toBe("engine_unavailable");
    expect(events.all.length).toBe(1);
  });

  test("never writes it down: engine_timeout", async () => {
    await using fixture = realtimeFixture();
    const { events, stream, say } = opened(fixture);
    await settled(fixture, 3);
    fixture.simulator.lines()[0]?.fail({ kind: "stall", afterEvents: 0 });
    stream.begin(1);
    say(fixture.first);
    stream.finish();
    fixture.clock.advance(5_000);
    expect(failureCode(events)).toBe("engine_timeout");
  });
});
