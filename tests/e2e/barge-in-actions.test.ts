// Duck, ignore and acknowledge over real sockets on a stepped clock, on both transports: what the
// ear hears of the agent and what the agent is told. Method: answers are tunes of even level, so
// that a quieter stretch is the duck's; "hold-on" is spoken over them.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { decodeMulaw } from "../../scripts/caller/g711.ts";
import type { Line } from "../../scripts/caller/line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { startSteppedService } from "../support/stepped-service.ts";
import { commandCount, truncations } from "../support/upstream-facts.ts";

const TURN_MS_MAX = 30_000;
const ANSWER_MS = 6_000;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const WORDS = "Yes, tell me.";

const LINES: readonly (readonly [string, AudioFormat, (format: AudioFormat) => Line])[] = [
  ["/v1/stream", { encoding: "pcm16", rateHz: 16_000, channels: 1 }, createProtobufLine],
  ["/twilio/media", { encoding: "mulaw", rateHz: 8000, channels: 1 }, () => createTwilioLine(IDS)],
];

const script = parseScript(
  JSON.stringify({
    turns: [1, 2].map((turn) => ({
      when: { turn },
      answer: { text: "La la.", toneMs: ANSWER_MS },
    })),
  }),
);

function start(action: string): Promise<SteppedService> {
  const argv = ["--barge-in-action", action, "--routes-twilio-greeting", ""];
  argv.push("--barge-in-acknowledgement", WORDS);
  return startSteppedService({ argv, simulator: { script } });
}

async function untilAnswering(service: SteppedService, caller: Caller, format: AudioFormat) {
  caller.say(loadSpeech("question", format));
  await service.until(() => caller.ear.heardMs() > 600, TURN_MS_MAX);
}

/** Loudest sample of each stretch of 100 ms that was heard, 0..1. */
function peaks(bytes: Uint8Array, { encoding, rateHz }: AudioFormat): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const sampleBytes = encoding === "pcm16" ? 2 : 1;
  const samples = Math.floor(bytes.byteLength / sampleBytes);
  const levelAt = (index: number) =>
    encoding === "pcm16" ? view.getInt16(index * 2, true) : decodeMulaw(bytes[index] ?? 0xff);
  const found: number[] = [];
  for (let start = 0; start + rateHz / 10 <= samples; start += rateHz / 10) {
    let peak = 0;
    for (let index = start; index < start + rateHz / 10; index += 1) {
      peak = Math.max(peak, Math.abs(levelAt(index)) / 32768);
    }
    found.push(peak);
  }
  return found;
}

describe.each(LINES)("barge-in on %s", (path, format, makeLine) => {
  test("S2-66: duck goes on at a quarter of the level and comes back; the words are committed", async () => {
    await using service = await start("duck");
    const caller = await service.call(path, makeLine(format));
    await untilAnswering(service, caller, format);
    caller.say(loadSpeech("hold-on", format));
    await service.until(() => service.record(0).committed.length === 2, TURN_MS_MAX);
    await service.until(() => !caller.ear.isPlaying(), TURN_MS_MAX);
    const levels = peaks(caller.ear.heardBytes(), format);
    const full = levels[2] ?? 0;
    const ducked = levels.filter((level) => Math.abs(level / full - 0.25) < 0.03).length;
    // "Hold on a moment" is a second, the silence that ends it half of one.
    expect(ducked).toBeGreaterThanOrEqual(10);
    expect(ducked).toBeLessThanOrEqual(18);
    expect((levels.at(-2) ?? 0) / full).toBeCloseTo(1, 1);
    expect(Math.abs(caller.ear.heardMs() - ANSWER_MS)).toBeLessThanOrEqual(20);
    expect(truncations(service.record(0))).toHaveLength(0);
    expect(commandCount(service.record(0), "response.create")).toBe(1);
    expect(service.complaints).toEqual([]);
  });

  test("S2-66: ignore changes nothing for the ear; the words are committed unanswered", async () => {
    await using service = await start("ignore");
    const caller = await service.call(path, makeLine(format));
    await untilAnswering(service, caller, format);
    caller.say(loadSpeech("hold-on", format));
    await service.until(() => service.record(0).committed.length === 2, TURN_MS_MAX);
    await service.until(() => !caller.ear.isPlaying(), TURN_MS_MAX);
    const levels = peaks(caller.ear.heardBytes(), format);
    for (const level of levels.slice(1, -1)) expect(level / (levels[2] ?? 0)).toBeCloseTo(1, 1);
    expect(commandCount(service.record(0), "response.create")).toBe(1);
    expect(truncations(service.record(0))).toHaveLength(0);
  });

  test("S2-66: acknowledge cuts, and only the answer to the interruption begins with the words", async () => {
    await using service = await start("acknowledge");
    const caller = await service.call(path, makeLine(format));
    await untilAnswering(service, caller, format);
    caller.say(loadSpeech("hold-on", format));
    const creates = () =>
      service.record(0).commands.filter(({ type }) => type === "response.create");
    await service.until(() => creates().length === 2, TURN_MS_MAX);
    await service.until(() => !caller.ear.isPlaying(), TURN_MS_MAX);
    expect(truncations(service.record(0))).toHaveLength(1);
    const [plain, acknowledging] = creates().map(({ command }) => JSON.stringify(command));
    expect(plain).not.toContain(WORDS);
    expect(acknowledging).toContain(WORDS);
    // What the agent is otherwise told is still there: a response's instructions replace it.
    expect(acknowledging).toContain("You are a friendly voice agent");
    expect(service.complaints).toEqual([]);
  });
});
