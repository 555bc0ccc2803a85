// Goal: library users hear of speech and playback by subscription or by a bounded iterator, and can
// never disturb the audio (S4-04, S4-07, S4-54).
import { describe, expect, test } from "bun:test";
import type { AudioEvent } from "../../service/contract/audio-engine.ts";
import { SEND } from "../../service/contract/send-result.ts";
import { EVENTS_MAX } from "../../service/engine/audio-events.ts";
import { makeCall, makeProcess, phoneAudio, phoneFrame } from "./engine-fixture.ts";
import { phoneTone } from "./phone-tone.ts";

/** A second of silence, 600 ms of tone, a second of silence. */
function speak(engine: ReturnType<typeof makeCall>["engine"]): Buffer {
  const quiet = Buffer.alloc(8000, 0xff);
  const audio = Buffer.concat([quiet, phoneTone(600), quiet]);
  engine.capture(audio, 0, audio.length, -1);
  return audio;
}

describe("audio events", () => {
  test("S4-04, S4-13: speech start, its frames with pre-roll, speech end, in order", () => {
    const process = makeProcess();
    const { engine } = makeCall(process);
    const events: AudioEvent[] = [];
    for (const kind of ["speech_start", "audio_chunk", "speech_end"] as const) {
      engine.subscribe(kind, (event) => void events.push(event));
    }
    const audio = speak(engine);
    const kinds = events.map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind !== "audio_chunk")).toEqual(["speech_start", "speech_end"]);
    expect(kinds[0]).toBe("speech_start");
    expect(kinds.at(-1)).toBe("speech_end");
    const chunks = events.flatMap((event) => (event.kind === "audio_chunk" ? [event] : []));
    const first = chunks[0]?.frameIndex ?? -1;
    expect(chunks.map(({ frameIndex }) => frameIndex)).toEqual(chunks.map((_, at) => first + at));
    // Speech begins at 1,000 ms, a window may round it down by 32 ms; 300 ms of pre-roll.
    expect(first).toBeGreaterThanOrEqual(33);
    expect(first).toBeLessThanOrEqual(35);
    const bytes = Buffer.concat(chunks.map((chunk) => chunk.audio));
    expect(bytes.equals(audio.subarray(first * 160, first * 160 + bytes.length))).toBe(true);
  });

  test("S4-07: playback_complete comes when the item's last frame has been sent", () => {
    const { clock, shared, metrics } = makeProcess();
    const { engine } = makeCall({ clock, shared, metrics });
    const events: AudioEvent[] = [];
    const id = engine.subscribe("playback_complete", (event) => void events.push(event));
    const audio = phoneAudio(200);
    engine.queuePlayback(1, audio, 0, audio.length);
    engine.endPlaybackItem(1);
    clock.advance(500);
    expect(events).toEqual([{ kind: "playback_complete", item: 1, samples: 1600 }]);
    engine.unsubscribe(id);
    engine.queuePlayback(2, audio, 0, audio.length);
    engine.endPlaybackItem(2);
    clock.advance(500);
    expect(events).toHaveLength(1);
  });

  test("a handler that throws is counted, the others and the audio go on", () => {
    const process = makeProcess();
    const { engine, notes } = makeCall(process);
    const kinds: string[] = [];
    engine.subscribe("speech_start", () => {
      throw new Error("planted");
    });
    engine.subscribe("speech_start", ({ kind }) => void kinds.push(kind));
    speak(engine);
    expect(kinds).toEqual(["speech_start"]);
    expect(notes.captured).toHaveLength(130);
    expect(process.metrics.value("voxbridge_engine_faults_total")).toBe(1);
  });

  test("the iterator gives events as they come and ends with the engine", async () => {
    const { engine } = makeCall(makeProcess());
    const seen: string[] = [];
    const events = engine.events();
    const waiting = events.next();
    speak(engine);
    seen.push((await waiting).value?.kind ?? "none");
    engine.shutdown();
    for await (const event of events) seen.push(event.kind);
    expect(seen[0]).toBe("speech_start");
    expect(seen.at(-1)).toBe("speech_end");
  });

  test("S4-54: nobody reads: the newest 1,024 events are kept, the others counted", async () => {
    const process = makeProcess();
    const { engine } = makeCall(process);
    const events = engine.events();
    let told = 0;
    for (const kind of ["speech_start", "audio_chunk", "speech_end"] as const) {
      engine.subscribe(kind, () => {
        told += 1;
      });
    }
    for (let utterance = 0; utterance < 40; utterance += 1) speak(engine);
    expect(told).toBeGreaterThan(EVENTS_MAX);
    const dropped = process.metrics.value("voxbridge_events_dropped_total");
    expect(dropped).toBe(told - EVENTS_MAX);
    engine.shutdown();
    const kept: AudioEvent[] = [];
    for await (const event of events) kept.push(event);
    expect(kept).toHaveLength(EVENTS_MAX);
    expect(kept.at(-1)?.kind).toBe("speech_end");
  });

  test("a second reader ends the first; after return() nothing is kept", async () => {
    const process = makeProcess();
    const { engine } = makeCall(process);
    const first = engine.events();
    const waiting = first.next();
    const second = engine.events();
    expect((await waiting).done).toBe(true);
    await second.return?.();
    speak(engine);
    expect((await second.next()).done).toBe(true);
    expect(process.metrics.value("voxbridge_events_dropped_total")).toBe(0);
  });

  test("without listeners of any kind the engine still captures and plays", () => {
    const { clock, shared } = makeProcess();
    const { engine } = makeCall({ ...makeProcess(), clock, shared });
    engine.capture(phoneFrame(1), 0, 160, -1);
    expect(engine.queuePlayback(1, phoneAudio(100), 0, 800)).toBe(SEND.BUFFERED);
    clock.advance(10);
    expect(engine.isPlaying()).toBe(true);
  });
});
