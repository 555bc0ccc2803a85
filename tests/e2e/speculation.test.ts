// A turn that is answered at an early silence, over real sockets on a stepped clock, on both
// transports: a right guess is heard as soon as the end is sure, a wrong one leaves one utterance.
// Method: "yes" has no inner pause, "two-part" has one of 350 ms and one of 220 ms; the records of
// the simulated agent say what it was told, the ear what was heard.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import type { Line } from "../../scripts/caller/line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { parseScript } from "../../service/simulator/script.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech, speechLabels } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals } from "../support/upstream-facts.ts";

const TURN_MS_MAX = 30_000;
/** A window of voice activity. */
const RASTER_MS = 32;
const UPSTREAM = { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 } as const;
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const ARGV = ["--routes-twilio-greeting", ""];
const SPECULATING = [...ARGV, "--speculation-is-enabled"];

const LINES: readonly (readonly [string, AudioFormat, (format: AudioFormat) => Line])[] = [
  ["/v1/stream", { encoding: "pcm16", rateHz: 16_000, channels: 1 }, createProtobufLine],
  ["/twilio/media", { encoding: "mulaw", rateHz: 8000, channels: 1 }, () => createTwilioLine(IDS)],
];

function answering(answer: object) {
  return { script: parseScript(JSON.stringify({ turns: [{ when: { turn: 1 }, answer }] })) };
}

function metric(service: SteppedService, name: string): number {
  const line = service.running.metrics
    .print()
    .split("\n")
    .find((each) => each.startsWith(name));
  return Number(line?.slice(line.lastIndexOf(" ") + 1));
}

function counted(service: SteppedService, what: string): number {
  return metric(service, `voxbridge_conversation_total{what="${what}"}`);
}

function deletedIds(record: SimulatorRecord): string[] {
  return record.commands.flatMap(({ command }) =>
    command.type === "conversation.item.delete" ? [command.item_id] : [],
  );
}

/** What of the caller's words is left in the agent's conversation. */
function remaining(record: SimulatorRecord) {
  const deleted = deletedIds(record);
  return record.committed.filter(({ itemId }) => !deleted.includes(itemId));
}

function toolOutputs(record: SimulatorRecord): string[] {
  return record.commands.flatMap(({ command }) => {
    if (command.type !== "conversation.item.create") return [];
    return command.item.type === "function_call_output" ? [String(command.item.output)] : [];
  });
}

/** All that the caller's mouth gave, as the upstream gets it: a phone's bytes as they are. */
function asUpstream({ mouth, format }: Caller): Uint8Array {
  return format.encoding === "pcm16"
    ? captureInOnePiece(mouth.sent(), format, UPSTREAM)
    : mouth.sent();
}

async function untilHeard(service: SteppedService, caller: Caller): Promise<void> {
  await service.until(() => caller.ear.heardMs() > 0 && !caller.ear.isPlaying(), TURN_MS_MAX);
}

/** From the end of the word to the first sound of an answer that takes so long to begin. */
async function waitMs(
  argv: readonly string[],
  [path, format, makeLine]: (typeof LINES)[number],
  startDelayMs: number,
): Promise<number> {
  const simulator = answering({ text: "La.", toneMs: 1_000, startDelayMs });
  await using service = await startSteppedService({ argv, simulator });
  const caller = await service.call(path, makeLine(format));
  const saidMs = service.clock.nowMs();
  caller.say(loadSpeech("yes", format));
  await service.until(() => caller.ear.heardMs() > 0, TURN_MS_MAX);
  const startMs = caller.ear.heard()[0]?.startMs ?? 0;
  expect(refusals(service.record(0))).toEqual([]);
  expect(service.complaints).toEqual([]);
  return startMs - saidMs - (speechLabels("yes")[0]?.endMs ?? 0);
}

describe.each(LINES)("a speculative turn on %s", (path, format, makeLine) => {
  const bytesPerMs = format.encoding === "pcm16" ? 48 : 8;

  test("S1-68: a right guess is heard at once when the end is sure, and is the only answer", async () => {
    const simulator = answering({ text: "La.", toneMs: 1_000 });
    await using service = await startSteppedService({ argv: SPECULATING, simulator });
    const caller = await service.call(path, makeLine(format));
    caller.say(loadSpeech("yes", format));
    await untilHeard(service, caller);
    const record = service.record(0);
    expect(counted(service, "speculation_hit")).toBe(1);
    expect(counted(service, "speculation_miss")).toBe(0);
    expect(record.committed).toHaveLength(1);
    expect(deletedIds(record)).toEqual([]);
    const savedMs = metric(service, "voxbridge_speculation_saved_ms_sum");
    expect(savedMs).toBeGreaterThan(100);
    // It was committed savedMs before the end was sure; the audio was there long before that.
    const startMs = caller.ear.heard()[0]?.startMs ?? 0;
    const sureMs = (record.committed[0]?.atMs ?? 0) + savedMs;
    expect(startMs - sureMs).toBeGreaterThanOrEqual(0);
    expect(startMs - sureMs).toBeLessThanOrEqual(25);
    expect(Math.abs(caller.ear.heardMs() - 1_000)).toBeLessThanOrEqual(20);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("S1-71: an answer that takes 600 ms to begin comes sooner by all of the saved silence", async () => {
    const line = [path, format, makeLine] as const;
    const plainMs = await waitMs(ARGV, line, 600);
    const speculatingMs = await waitMs(SPECULATING, line, 600);
    // The silence that ends a turn is 480 ms long on both lines, the early one 200 ms.
    expect(plainMs - speculatingMs).toBeGreaterThanOrEqual(280 - RASTER_MS);
    expect(plainMs - speculatingMs).toBeLessThanOrEqual(280 + RASTER_MS);
  });

  test("S1-68: the caller goes on: one item is left, both halves bit for bit, and its answer alone is heard", async () => {
    await using service = await startSteppedService({ argv: SPECULATING });
    const caller = await service.call(path, makeLine(format));
    await service.run(400);
    caller.say(loadSpeech("two-part", format));
    await untilHeard(service, caller);
    const record = service.record(0);
    expect(counted(service, "speculation_miss")).toBeGreaterThan(0);
    expect(record.committed.length).toBeGreaterThan(1);
    const left = remaining(record);
    expect(left).toHaveLength(1);
    const audio = left[0]?.audio ?? new Uint8Array();
    // Both halves: from before the first word to behind the last one, in one piece.
    const words = speechLabels("two-part");
    const wordsMs = (words.at(-1)?.endMs ?? 0) - (words[0]?.startMs ?? 0);
    expect(audio.byteLength / bytesPerMs).toBeGreaterThan(wordsMs + 200);
    const offset = Buffer.from(asUpstream(caller)).indexOf(Buffer.from(audio));
    expect(offset).toBeGreaterThanOrEqual(0);
    expect(offset % (20 * bytesPerMs)).toBe(0);
    // The agent says back what it was told: the second answer, whole, and nothing of the first.
    expect(Math.abs(caller.ear.heardMs() - audio.byteLength / bytesPerMs)).toBeLessThanOrEqual(20);
    expect(caller.ear.staleFrames()).toBe(0);
    expect(overlappingCreates(record)).toEqual([]);
    expect(refusals(record)).toEqual([]);
    expect(service.complaints).toEqual([]);
  });

  test("S1-68: what was taken back is not in the next session's history", async () => {
    await using service = await startSteppedService({ argv: SPECULATING });
    const caller = await service.call(path, makeLine(format));
    caller.say(loadSpeech("two-part", format));
    await untilHeard(service, caller);
    await service.run(1_000);
    service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
    await service.run(2_000);
    const seconds = ((remaining(service.record(0))[0]?.audio.byteLength ?? 0) / bytesPerMs) * 0.001;
    const told = service.record(1).commands.flatMap(({ command }) => {
      if (command.type !== "conversation.item.create" || command.item.type !== "message") return [];
      const [part] = command.item.content;
      return [`${command.item.role} ${part !== undefined && "text" in part ? part.text : ""}`];
    });
    expect(told).toEqual([
      `user [simulated: ${seconds.toFixed(1)} s of speech]`,
      `assistant [simulated: your ${seconds.toFixed(1)} s of speech back]`,
    ]);
  });

  test("S1-68: a tool asked for by a wrong guess is never called, and the model is told", async () => {
    const simulator = answering({ toolCalls: [{ name: "weather", arguments: {} }] });
    await using service = await startSteppedService({ argv: SPECULATING, simulator });
    const caller = await service.call(path, makeLine(format));
    caller.say(loadSpeech("two-part", format));
    await untilHeard(service, caller);
    expect(counted(service, "speculation_miss")).toBeGreaterThan(0);
    expect(toolOutputs(service.record(0))).toEqual([
      JSON.stringify({ error: "Not carried out: the caller went on speaking" }),
    ]);
    expect(noticesOf(caller, "toolStatus")).toEqual([]);
    expect(refusals(service.record(0))).toEqual([]);
  });

  test("S1-68: a tool asked for by a right guess waits until the end is sure", async () => {
    const simulator = answering({ toolCalls: [{ name: "weather", arguments: {} }] });
    await using service = await startSteppedService({ argv: SPECULATING, simulator });
    const caller = await service.call(path, makeLine(format));
    caller.say(loadSpeech("yes", format));
    await service.until(() => counted(service, "speculation_begun") === 1, TURN_MS_MAX);
    const record = service.record(0);
    const isAsked = () => record.sent.some(({ type }) => type.includes("function_call_arguments"));
    await service.until(isAsked, 200);
    await service.until(() => toolOutputs(record).length === 1, TURN_MS_MAX);
    const outputMs = record.commands.findLast(
      ({ type }) => type === "conversation.item.create",
    )?.atMs;
    const savedMs = metric(service, "voxbridge_speculation_saved_ms_sum");
    expect(savedMs).toBeGreaterThan(0);
    expect(outputMs).toBeGreaterThanOrEqual((record.committed[0]?.atMs ?? 0) + savedMs);
    await untilHeard(service, caller);
    expect(refusals(record)).toEqual([]);
  });
});
