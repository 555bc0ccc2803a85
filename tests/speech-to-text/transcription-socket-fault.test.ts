// Goal: a transcription session that fails costs time and no words while it can be dialled again, and
// each failure that remains has its code.
// Method: the project's simulator over a real socket, stepped time. Time is moved only
// once the real sockets have done their part.
import { describe, expect, test } from "bun:test";
import { parseScript } from "../../service/simulator/script.ts";
import { createSpeechEvents } from "./speech-events.ts";
import {
  failureCodes,
  type FixtureChanges,
  transcriptionFixture,
  until,
} from "./transcription-fixture.ts";

const BACKOFF_MS_MAX = 4_000;
const WORDS_MS = 100;

function opened(changes: FixtureChanges = {}) {
  const fixture = transcriptionFixture(changes);
  const { simulator, clock } = fixture;
  const events = createSpeechEvents();
  const stream = fixture.speech.open({ rateHz: 24_000, language: "en" }, events);
  const sentOf = (session: number, type: string) =>
    simulator.records[session]?.sent.filter((sent) => sent.type === type).length ?? 0;
  return {
    fixture,
    events,
    stream,
    say: (audio: Uint8Array) => stream.append(audio, 0, audio.length),
    configured: (session = 0) => until(() => sentOf(session, "session.updated") > 0),
    committed: (session: number, count = 1) =>
      until(() => sentOf(session, "input_audio_buffer.committed") >= count),
    told: async (kind: "final" | "failed", count = 1) => {
      clock.advance(WORDS_MS);
      await until(() => events.texts(kind).length >= count);
    },
    /** Waits until `count` connections ended, then until the next is dialled. */
    redialled: async (count: number) => {
      await until(() => fixture.counts.closed >= count);
      clock.advance(BACKOFF_MS_MAX);
      await until(() => fixture.counts.dials > count);
    },
    [Symbol.asyncDispose]: async () => {
      stream.close();
      await simulator.stop();
    },
  };
}

describe("a dial that is refused", () => {
  test("once: what was said meanwhile is written down by the next session", async () => {
    await using call = opened();
    call.fixture.simulator.refuseDials(503, 1);
    call.stream.begin(1);
    expect(call.say(call.fixture.first)).toBe(1);
    await call.redialled(1);
    call.stream.finish();
    await call.committed(0);
    await call.told("final");
    expect(call.events.texts("final")).toEqual(["one two three"]);
  });

  test.each([
    [503, 4, "engine_unavailable"],
    [429, 4, "engine_rate_limited"],
    [401, 1, "engine_refused"],
  ])("with %d: after %d dials %s; the next utterance dials again", async (status, dials, code) => {
    await using call = opened({ settings: { answerMsMax: 60_000 } });
    call.fixture.simulator.refuseDials(status, dials);
    call.stream.begin(1);
    call.say(call.fixture.first);
    call.stream.finish();
    for (let count = 1; count < dials; count += 1) await call.redialled(count);
    await until(() => call.events.all.length > 0);
    expect(failureCodes(call.events)).toEqual([code]);
    expect(call.fixture.counts.dials).toBe(dials);
    call.stream.begin(2);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.committed(0);
    await call.told("final");
    expect(call.events.texts("final")).toEqual(["one two three"]);
  });
});

describe("a session that is lost", () => {
  test("in mid-speech: the utterance is sent again from its beginning", async () => {
    await using call = opened();
    const { first, simulator } = call.fixture;
    await call.configured();
    call.stream.begin(1);
    call.say(first.subarray(0, 9_600));
    await until(() => simulator.records[0]?.commands.length === 2);
    simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await call.redialled(1);
    call.say(first.subarray(9_600));
    call.stream.finish();
    await call.committed(1);
    await call.told("final");
    expect(simulator.records[1]?.committed.map(({ audio }) => audio)).toEqual([first]);
    expect(call.events.texts("final")).toEqual(["one two three"]);
    expect(failureCodes(call.events)).toEqual([]);
  });

  test("before the words came: written parts stay, the others are sent again", async () => {
    await using call = opened({ settings: { answerMsMax: 60_000 } });
    const { first, second, simulator } = call.fixture;
    await call.configured();
    call.stream.begin(1);
    call.say(first);
    call.stream.finish();
    await call.committed(0);
    await call.told("final");
    call.stream.resume();
    call.say(second);
    call.stream.finish();
    await call.committed(0, 2);
    simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await call.redialled(1);
    await call.committed(1);
    await call.told("final", 2);
    expect(simulator.records[1]?.committed.map(({ audio }) => audio)).toEqual([second]);
    expect(call.events.texts("final")[1]).toBe("one two three four five six");
  });

  test("because it expired: the open utterance goes on in a new one", async () => {
    await using call = opened({ limits: { sessionMsMax: 60_000 } });
    const { first, clock, simulator, counts } = call.fixture;
    await call.configured();
    call.stream.begin(1);
    call.say(first.subarray(0, 9_600));
    await until(() => simulator.records[0]?.commands.length === 2);
    const isAnswered = () => counts.closed > 0 || counts.pingsSent === counts.pongsReceived;
    for (let second = 0; second < 60; second += 1) {
      clock.advance(1_000);
      await until(isAnswered);
    }
    await call.redialled(1);
    call.say(first.subarray(9_600));
    call.stream.finish();
    await call.committed(1);
    await call.told("final");
    expect(call.events.texts("final")).toEqual(["one two three"]);
  });
});

describe("more audio than is kept", () => {
  const LOST = "voxbridge_speech_to_text_samples_lost_total";
  const second = new Uint8Array(48_000);

  test("before there is a session: a minute is kept and sent bit by bit, the rest refused", async () => {
    await using call = opened({ settings: { answerMsMax: 60_000 } });
    const { simulator, clock, metrics } = call.fixture;
    simulator.refuseDials(503, 1);
    call.stream.begin(1);
    const results = Array.from({ length: 61 }, () => call.say(second));
    expect(results.indexOf(2)).toBe(60);
    expect(metrics.print()).toContain(`${LOST} 24000`);
    call.stream.finish();
    await call.redialled(1);
    const committed = () => simulator.records[0]?.committed[0];
    await until(() => {
      clock.advance(1);
      return committed() !== undefined;
    });
    expect(committed()?.audio.length).toBe(60 * second.length);
  });

  test("in a session: nothing is refused, and what the next one does not get is counted", async () => {
    await using call = opened({ settings: { answerMsMax: 60_000 } });
    const { simulator, metrics } = call.fixture;
    await call.configured();
    call.stream.begin(1);
    for (let count = 1; count <= 62; count += 1) {
      expect(call.say(second)).not.toBe(2);
      await until(() => simulator.records[0]?.commands.length === count + 1);
    }
    simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await call.redialled(1);
    await call.configured(1);
    await until(() => (simulator.records[1]?.commands.length ?? 0) > 1);
    expect(metrics.print()).toContain(`${LOST} 48000`);
  });
});

describe("a session that does not answer as it should", () => {
  test("slow: engine_timeout at the deadline; asked again, the words are there", async () => {
    await using call = opened({ limits: { transcriptionDelayMs: 6_000 } });
    await call.configured();
    call.stream.begin(1);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.committed(0);
    call.fixture.clock.advance(5_000);
    expect(failureCodes(call.events)).toEqual(["engine_timeout"]);
    call.stream.resume();
    call.stream.finish();
    call.fixture.clock.advance(1_000);
    await call.told("final");
    expect(call.events.texts("final")).toEqual(["one two three"]);
  });

  test("garbage: one is passed over, ten in a row are engine_protocol", async () => {
    await using call = opened();
    const { first, simulator, counts } = call.fixture;
    await call.configured();
    simulator.lines()[0]?.fail({ kind: "garbage", afterEvents: 0, text: "{" });
    call.stream.begin(1);
    call.say(first);
    call.stream.finish();
    await call.committed(0);
    await call.told("final");
    for (let count = 0; count < 10; count += 1) {
      simulator.lines()[0]?.fail({ kind: "garbage", afterEvents: 0, text: "{" });
    }
    call.stream.resume();
    call.say(first);
    call.stream.finish();
    await until(() => counts.closed === 1);
    expect(failureCodes(call.events)).toEqual(["engine_protocol"]);
  });

  test("an utterance that it cannot write down is sent again when it goes on", async () => {
    const script = parseScript(`
turns:
  - { when: { turn: 1 }, transcriptionError: { code: rate_limit_exceeded } }
  - { when: { turn: 2 }, transcript: "four five six" }
  - { when: { turn: 3 }, transcript: "one two three" }
`);
    await using call = opened({ script });
    await call.configured();
    call.stream.begin(1);
    call.say(call.fixture.first);
    call.stream.finish();
    await call.committed(0);
    await call.told("failed");
    expect(failureCodes(call.events)).toEqual(["engine_rate_limited"]);
    call.stream.resume();
    call.say(call.fixture.second);
    call.stream.finish();
    await call.committed(0, 3);
    await call.told("final");
    expect(call.events.texts("final")).toEqual(["one two three four five six"]);
  });

  test("a rate that the server does not know: engine_refused", async () => {
    const fixture = transcriptionFixture({ settings: { rateHz: 16_000 } });
    const events = createSpeechEvents();
    const stream = fixture.speech.open({ rateHz: 16_000, language: "en" }, events);
    stream.begin(1);
    stream.append(fixture.first, 0, 960);
    stream.finish();
    await until(() => events.all.length > 0);
    expect(failureCodes(events)).toEqual(["engine_refused"]);
    expect(fixture.simulator.records[0]?.sent.at(-1)).toMatchObject({ code: "invalid_value" });
    stream.close();
    await fixture.simulator.stop();
  });
});
