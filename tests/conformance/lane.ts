// What every Lane does (S0-19, style 47): run on the fast and on the big lane over the real core,
// engine and conversation. What sendAudio answers is held against what the model's side really
// got: SENT exactly when the message's own bytes are the newest that were appended.
import { expect, test } from "bun:test";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import { phoneTone } from "../engine/phone-tone.ts";
import type { LaneUnderTest } from "../lane/lane-fixture.ts";

const FRAME_BYTES = 160;
const FRAME_MS = 20;
const SILENCE = Buffer.alloc(FRAME_BYTES, 0xff);

/** Frame by frame in real time. -> what each message was told. */
function say({ lane, clock }: LaneUnderTest, audio: Uint8Array): SendResult[] {
  const results: SendResult[] = [];
  for (let start = 0; start < audio.length; start += FRAME_BYTES) {
    results.push(lane.sendAudio(audio, start, start + FRAME_BYTES, -1));
    clock.advance(FRAME_MS);
  }
  return results;
}

function silence(ms: number): Buffer {
  return Buffer.alloc(ms * 8, 0xff);
}

function count(results: readonly SendResult[], wanted: SendResult): number {
  return results.filter((result) => result === wanted).length;
}

/** One suite for every lane; `make` gives one with local turns that was not started. */
export function laneSuite(make: () => LaneUnderTest): void {
  const started = () => {
    const subject = make();
    expect(subject.lane.start()).toBe(subject.id);
    return subject;
  };
  resultTests(started);
  refusalTests(make, started);
}

function resultTests(started: () => LaneUnderTest): void {
  test("S0-19: silence under local detection is BUFFERED, and nothing of it goes out", () => {
    const subject = started();
    expect(count(say(subject, silence(1000)), SEND.BUFFERED)).toBe(50);
    expect(subject.upstream.appended).toHaveLength(0);
  });

  test("S0-19: speech is SENT exactly when its own bytes are the newest at the model", () => {
    const subject = started();
    say(subject, silence(600));
    // Each frame is one of a kind, so that the newest bytes name their message.
    const results = Array.from({ length: 40 }, (_, index) => {
      const frame = phoneTone(FRAME_MS).fill(index, 0, 8);
      const before = subject.upstream.appended.length;
      const [result] = say(subject, frame);
      const { appended } = subject.upstream;
      const isThere = appended.length > before && appended.subarray(-FRAME_BYTES).equals(frame);
      expect([index, result]).toEqual([index, isThere ? SEND.SENT : SEND.BUFFERED]);
      return result ?? SEND.DROPPED;
    });
    // Gathered by five frames (100 ms) once the onset has been heard.
    expect(count(results, SEND.SENT)).toBeGreaterThanOrEqual(7);
    expect(count(results, SEND.DROPPED)).toBe(0);
    expect(say(subject, silence(1500)).at(-1)).toBe(SEND.BUFFERED);
    expect(subject.upstream.commands).toEqual(["commit", "respond"]);
  });

  test("S0-19: base64 is told the same as its bytes", () => {
    const [bytes, base64] = [started(), started()];
    const audio = Buffer.concat([silence(600), phoneTone(800), silence(1000)]);
    const results: SendResult[] = [];
    for (let start = 0; start < audio.length; start += FRAME_BYTES) {
      const payload = audio.toString("base64", start, start + FRAME_BYTES);
      results.push(base64.lane.sendAudioBase64(payload, -1));
      base64.clock.advance(FRAME_MS);
    }
    expect(results).toEqual(say(bytes, audio));
    expect(new Set(results)).toEqual(new Set([SEND.SENT, SEND.BUFFERED]));
  });

  test("S0-19: speech is BUFFERED while the upstream is not there, and goes out when it is", () => {
    const subject = started();
    subject.upstream.isThere = false;
    say(subject, silence(600));
    const results = say(subject, phoneTone(500));
    expect(count(results, SEND.BUFFERED)).toBe(25);
    expect(subject.upstream.appended).toHaveLength(0);
    subject.upstream.isThere = true;
    subject.lane.onReady();
    expect(subject.upstream.appended.length).toBeGreaterThanOrEqual(500 * 8);
    expect(count(say(subject, phoneTone(200)), SEND.SENT)).toBe(2);
  });

  test("S0-19: speech is BUFFERED while the upstream takes nothing, and goes out after", () => {
    const subject = started();
    subject.upstream.isFull = true;
    const results = say(subject, Buffer.concat([silence(600), phoneTone(500)]));
    expect(count(results, SEND.BUFFERED)).toBe(results.length);
    subject.upstream.isFull = false;
    expect(say(subject, phoneTone(20))).toEqual([SEND.SENT]);
    expect(subject.upstream.appended.length).toBeGreaterThanOrEqual(520 * 8);
  });

  test("a commit that the upstream drops is told as a fault, once", () => {
    const subject = started();
    subject.upstream.isDeaf = true;
    say(subject, Buffer.concat([silence(600), phoneTone(800), silence(1500)]));
    expect(subject.faults).toEqual(["commit_dropped"]);
    expect(say(subject, silence(20))).toEqual([SEND.BUFFERED]);
  });

  test("S0-19: part of a frame is BUFFERED, the part that completes it is told for the whole", () => {
    const subject = started();
    say(subject, Buffer.concat([silence(600), phoneTone(500)]));
    const audio = phoneTone(100);
    const told = [0, 1, 2, 3, 4].flatMap((frame) => {
      const start = frame * FRAME_BYTES;
      return [
        subject.lane.sendAudio(audio, start, start + 50, -1),
        subject.lane.sendAudio(audio, start + 50, start + FRAME_BYTES, -1),
      ];
    });
    const parts = told.filter((_, index) => index % 2 === 0);
    expect(count(parts, SEND.BUFFERED)).toBe(5);
    expect(count(told, SEND.SENT)).toBe(1);
  });
}

function refusalTests(make: () => LaneUnderTest, started: () => LaneUnderTest): void {
  test("S0-19: before start() audio is DROPPED and is not part of the call", () => {
    const subject = make();
    expect(say(subject, phoneTone(100))).toEqual(Array(5).fill(SEND.DROPPED));
    subject.lane.start();
    expect(subject.engine.framesCaptured()).toBe(0);
  });

  test("S0-19: audio that comes after its place was filled is DROPPED, what follows is not", () => {
    const { lane, engine } = started();
    const sendAt = (captureMs: number) => lane.sendAudio(SILENCE, 0, FRAME_BYTES, captureMs);
    expect(sendAt(0)).toBe(SEND.BUFFERED);
    // Four frames are missing before this one, and were filled.
    expect(sendAt(100)).toBe(SEND.BUFFERED);
    expect(engine.framesCaptured()).toBe(6);
    expect(sendAt(40)).toBe(SEND.DROPPED);
    expect(lane.sendAudioBase64(SILENCE.toString("base64"), 60)).toBe(SEND.DROPPED);
    expect(engine.framesCaptured()).toBe(6);
    expect(sendAt(120)).toBe(SEND.BUFFERED);
  });

  test("S0-19: close() is idempotent; after it audio is DROPPED and nothing happens", () => {
    const subject = started();
    const { lane, clock, engine, upstream, transport, notices } = subject;
    say(subject, Buffer.concat([silence(600), phoneTone(500)]));
    const seen = () => [
      ...[engine.framesCaptured(), upstream.appended.length, upstream.commands.length],
      ...[transport.frames, transport.clears.length, notices.length],
    ];
    const before = seen();
    lane.close();
    lane.close();
    const audio = Buffer.concat([phoneTone(500), silence(1500)]);
    expect(count(say(subject, audio), SEND.DROPPED)).toBe(100);
    expect(lane.sendAudioBase64(SILENCE.toString("base64"), -1)).toBe(SEND.DROPPED);
    lane.onReady();
    lane.onRestored?.();
    clock.advance(60_000);
    expect(seen()).toEqual(before);
    engine.shutdown();
    expect(clock.pendingTimers()).toBe(0);
  });

  test("S0-19: close() in the middle of an answer frees every timer of the lane", () => {
    const subject = started();
    say(subject, Buffer.concat([silence(600), phoneTone(800), silence(1500)]));
    expect(subject.upstream.commands).toContain("respond");
    subject.lane.close();
    subject.engine.shutdown();
    expect(subject.clock.pendingTimers()).toBe(0);
  });
}
