// Goal: one service holds browsers' and phones' calls at once, with one conversation and one pacer for
// all: whatever the transport, an answer leaves three frames ahead and then one every 20 ms.
// Method: four calls over real sockets at the same time on a stepped clock, as Protobuf, as JSON, at
// 16 and 8 kHz, and as Twilio; the time of every frame at the caller's end is compared.
import { describe, expect, spyOn, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { startSteppedService, type SteppedService } from "../support/stepped-service.ts";
import { appendedBytes } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8_000, channels: 1 };
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const TONE_MS = 1_200;
const FRAME_MS = 20;
const LEAD_FRAMES = 3;
/** The wheel has four phases; a call takes the next one that is not fuller than others. */
const PHASE_MS = 5;
const script = parseScript(
  JSON.stringify({ turns: [{ when: { turn: 1 }, answer: { text: "La.", toneMs: TONE_MS } }] }),
);

const LINES = {
  protobuf: () => createProtobufLine(WIDE),
  json: () => createProtobufLine(WIDE, {}, "json"),
  g711: () => createProtobufLine(PHONE),
  twilio: () => createTwilioLine(IDS),
} as const;
type Name = keyof typeof LINES;
const NAMES = ["protobuf", "json", "g711", "twilio"] as const;

interface Timed {
  readonly caller: Caller;
  /** When each frame came, and how long it sounds. */
  readonly frames: { readonly atMs: number; readonly ms: number }[];
}

async function dial(service: SteppedService, name: Name): Promise<Timed> {
  const path = name === "twilio" ? "/twilio/media" : "/v1/stream";
  const caller = await service.call(path, LINES[name]());
  const frames: Timed["frames"] = [];
  const { ear } = caller;
  const play = ear.play.bind(ear);
  const bytesPerMs = (caller.format.rateHz / 1_000) * (caller.format.encoding === "pcm16" ? 2 : 1);
  spyOn(ear, "play").mockImplementation((frame) => {
    frames.push({ atMs: service.clock.nowMs(), ms: frame.data.byteLength / bytesPerMs });
    return play(frame);
  });
  return { caller, frames };
}

async function allAnswered(service: SteppedService): Promise<readonly Timed[]> {
  const calls: Timed[] = [];
  for (const name of NAMES) calls.push(await dial(service, name));
  for (const { caller } of calls) caller.say(loadSpeech("question", caller.format));
  const soundMs = ({ frames }: Timed) => frames.reduce((sum, { ms }) => sum + ms, 0);
  await service.until(() => calls.every((call) => soundMs(call) >= TONE_MS), 30_000);
  await service.run(500);
  return calls;
}

describe("every transport", () => {
  test("S1-83: has the same pacer: three frames ahead, then one every 20 ms on a shared wheel", async () => {
    await using service = await startSteppedService({
      argv: ["--routes-twilio-greeting", ""],
      simulator: { script },
    });
    const calls = await allAnswered(service);
    for (const { frames } of calls) {
      expect(frames).toHaveLength(TONE_MS / FRAME_MS);
      expect(new Set(frames.map(({ ms }) => ms))).toEqual(new Set([FRAME_MS]));
      const times = frames.map(({ atMs }) => atMs - (frames[0]?.atMs ?? 0));
      expect(times.slice(0, LEAD_FRAMES)).toEqual([0, 0, 0]);
      const gaps = times
        .slice(LEAD_FRAMES)
        .map((ms, index) => ms - (times[LEAD_FRAMES + index - 1] ?? 0));
      // The first one waits for the call's turn on the wheel, the others for nothing else.
      expect(gaps[0]).toBeLessThanOrEqual(FRAME_MS + PHASE_MS);
      expect(gaps.slice(1).every((ms) => Math.abs(ms - FRAME_MS) < 1e-6)).toBe(true);
    }
    // One wheel: all of them on one grid of 5 ms, wherever their answers began.
    const phases = calls.map(({ frames }) => (frames.at(-1)?.atMs ?? 0) % FRAME_MS);
    const steps = phases.map((ms) => (ms - (phases[0] ?? 0) + FRAME_MS) % PHASE_MS);
    for (const step of steps) expect(Math.min(step, PHASE_MS - step)).toBeLessThan(1e-6);
    expect(service.complaints).toEqual([]);
  });

  test("S1-13: browsers and telephones are held by one backend, turn by turn the same", async () => {
    await using service = await startSteppedService({
      argv: ["--routes-twilio-greeting", ""],
      simulator: { script },
    });
    const calls = await allAnswered(service);
    expect(service.running.calls.callsOpen()).toBe(NAMES.length);
    const spokenMs = NAMES.map((name, index) => {
      const [bytes = 0, ...more] = appendedBytes(service.record(index));
      expect(more).toEqual([]);
      // Phones go up as they come, others at 24 kHz in 16 bits.
      return bytes / (name === "twilio" || name === "g711" ? 8 : 48);
    });
    const [first = 0] = spokenMs;
    expect(first).toBeGreaterThan(1_000);
    // The same words, one commit each; a phone's detection may end a few windows earlier or later.
    for (const ms of spokenMs) expect(Math.abs(ms - first)).toBeLessThanOrEqual(200);
    const asked = NAMES.map(
      (_name, index) =>
        service.record(index).commands.filter(({ type }) => type === "response.create").length,
    );
    expect(asked).toEqual([1, 1, 1, 1]);
    for (const { caller } of calls) {
      expect(caller.ear.heardMs()).toBeCloseTo(TONE_MS, 0);
      caller.hangUp();
    }
    await service.run(200);
    expect(service.running.calls.callsOpen()).toBe(0);
  });
});
