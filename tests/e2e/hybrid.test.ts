// Hybrid turns over real sockets on both transports (S1-70): the local detection owns the turns, the
// provider's own detection commits whenever it believes that somebody stopped, and is a signal only.
// Method: stepped clock. What is left of the caller in the simulated conversation (committed, not
// deleted) is found in the caller's whole audio, resampled in one piece: each sample of the words
// must lie in exactly one item. The local silence is 480 ms.
import { describe, expect, test } from "bun:test";
import { Lane, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import { type AudioFormat, fromPcm16 } from "../../scripts/caller/audio-format.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import { captureInOnePiece } from "../support/core-passage.ts";
import { loadSpeech, speechLabels, type SpeechName } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import {
  commandCount,
  overlappingCreates,
  refusals,
  sentCount,
  truncations,
} from "../support/upstream-facts.ts";

const TURN_MS_MAX = 30_000;
const HYBRID = ["--turn-detection", "hybrid"];
/** The provider waits 500 ms, and 1 s with the other detection. */
const SOON = ["--hybrid-detector", "server_vad"];
const SLOW = ["--hybrid-detector", "semantic_vad"];
/** The provider hears the end, and commits, long before the local detection ends the turn. */
const LATE = [...SOON, "--vad-phone-min-silence-ms", "960", "--vad-wideband-min-silence-ms", "960"];
/** The pacer's own. */
const ANSWER_MS_MAX = 40;
const SPECULATING = ["--speculation-is-enabled"];

interface Transport {
  readonly name: string;
  readonly format: AudioFormat;
  readonly upstream: {
    readonly upstreamEncoding: "pcm16" | "mulaw";
    readonly upstreamRateHz: 24_000 | 8_000;
  };
  readonly bytesPerMs: number;
  open(service: SteppedService): Promise<Caller>;
}

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8_000, channels: 1 };
const IDS = {
  accountSid: "AC00000000000000000000000000000001",
  callSid: "CA00000000000000000000000000000001",
  streamSid: "MZ00000000000000000000000000000001",
};

const STREAM: Transport = {
  name: "protobuf",
  format: WIDE,
  upstream: { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 },
  bytesPerMs: 48,
  open: (service) => service.call("/v1/stream", createProtobufLine(WIDE)),
};
const TWILIO: Transport = {
  name: "twilio",
  format: PHONE,
  upstream: { upstreamEncoding: "mulaw", upstreamRateHz: 8_000 },
  bytesPerMs: 8,
  open: (service) =>
    service.call("/twilio/media", createTwilioLine({ ...IDS, customParameters: {} })),
};
const TRANSPORTS = [STREAM, TWILIO];

/** Greeted and quiet: the next words are the first turn. */
async function greeted(service: SteppedService, transport: Transport): Promise<Caller> {
  const caller = await transport.open(service);
  if (transport === TWILIO) await heardOut(service, caller, 1);
  else await service.run(400);
  return caller;
}

const sounds = (caller: Caller) =>
  caller.timeline.entries.filter(({ kind }) => kind === "agent_sounds").length;

async function heardOut(service: SteppedService, caller: Caller, count: number): Promise<void> {
  await service.until(() => sounds(caller) >= count && !caller.ear.isPlaying(), TURN_MS_MAX);
  await service.run(1_500);
}

/** What is left of the caller in the conversation, in ms of the caller's audio. */
function remaining(
  caller: Caller,
  record: SimulatorRecord,
  { format, upstream, bytesPerMs }: Transport,
) {
  const deleted = new Set(
    record.commands.flatMap(({ command }) =>
      command.type === "conversation.item.delete" ? [command.item_id] : [],
    ),
  );
  const whole = Buffer.from(captureInOnePiece(caller.mouth.sent(), format, upstream));
  return record.committed
    .filter(({ itemId }) => !deleted.has(itemId))
    .map(({ audio }) => {
      const offset = whole.indexOf(audio);
      expect(offset).toBeGreaterThanOrEqual(0);
      return { startMs: offset / bytesPerMs, endMs: (offset + audio.byteLength) / bytesPerMs };
    });
}

type Part = { readonly startMs: number; readonly endMs: number };

function expectHolds(item: Part | undefined, name: SpeechName, startMs: number): void {
  const labels = speechLabels(name);
  expect(item?.startMs).toBeLessThanOrEqual(startMs + (labels[0]?.startMs ?? 0));
  expect(item?.endMs).toBeGreaterThanOrEqual(startMs + (labels.at(-1)?.endMs ?? 0));
}

/** Every sample of the words said from startMs on is in exactly one of the items, in order. */
function expectOnce(items: readonly Part[], name: SpeechName, startMs: number): void {
  expectHolds(
    { startMs: items[0]?.startMs ?? -1, endMs: items.at(-1)?.endMs ?? -1 },
    name,
    startMs,
  );
  for (const [index, item] of items.entries()) {
    if (index > 0) expect(item.startMs).toBe(items[index - 1]?.endMs ?? -1);
  }
}

function expectPeace(service: SteppedService, record: SimulatorRecord): void {
  expect(overlappingCreates(record)).toEqual([]);
  expect(service.complaints).toEqual([]);
}

describe.each(TRANSPORTS)("hybrid turns, $name", (transport) => {
  const greetings = transport === TWILIO ? 1 : 0;

  test.each([
    { which: "ours comes first", argv: SLOW, ours: 1 },
    { which: "the provider's comes first", argv: LATE, ours: 0 },
  ])("S1-70: one utterance, one answer, each sample once: $which", async ({ argv, ours }) => {
    await using service = await startSteppedService({ argv: [...HYBRID, ...argv] });
    const caller = await greeted(service, transport);
    const startMs = caller.mouth.positionMs();
    caller.say(loadSpeech("question", transport.format));
    await heardOut(service, caller, greetings + 1);
    const record = service.record(0);
    expect(sentCount(record, "input_audio_buffer.speech_started")).toBeGreaterThanOrEqual(1);
    expect(commandCount(record, "response.create")).toBe(greetings + 1);
    expect(commandCount(record, "input_audio_buffer.commit")).toBe(ours);
    expectOnce(remaining(caller, record, transport), "question", startMs);
    expect(refusals(record)).toEqual([]);
    expectPeace(service, record);
  });

  test("S1-70: a pause that the provider takes for an end makes two pieces, and one answer", async () => {
    await using service = await startSteppedService({ argv: [...HYBRID, ...LATE] });
    const caller = await greeted(service, transport);
    const startMs = caller.mouth.positionMs();
    const yes = speechLabels("yes")[0] ?? { startMs: 0, endMs: 0 };
    // The second word begins 700 ms after the first has ended.
    const cutMs = yes.endMs + 400;
    const bytesPerMs = (transport.format.rateHz / 1000) * (transport === TWILIO ? 1 : 2);
    caller.say(loadSpeech("yes", transport.format).subarray(0, cutMs * bytesPerMs));
    caller.say(loadSpeech("no", transport.format));
    await heardOut(service, caller, greetings + 1);
    const record = service.record(0);
    const items = remaining(caller, record, transport);
    expect(items).toHaveLength(2);
    expectHolds(items[0], "yes", startMs);
    expectHolds(items[1], "no", startMs + cutMs);
    expect(items[1]?.startMs).toBeGreaterThanOrEqual(items[0]?.endMs ?? Infinity);
    expect(commandCount(record, "response.create")).toBe(greetings + 1);
    expect(refusals(record)).toEqual([]);
    expectPeace(service, record);
  });

  test("S1-70: two commits that cross on the way are one item, and one answer", async () => {
    const argv = [...HYBRID, ...SOON];
    await using service = await startSteppedService({
      argv,
      simulator: { limits: { oneWayMs: 100 } },
    });
    const caller = await greeted(service, transport);
    const startMs = caller.mouth.positionMs();
    caller.say(loadSpeech("question", transport.format));
    await heardOut(service, caller, greetings + 1);
    const record = service.record(0);
    // Ours came so soon behind the provider's own that it found next to nothing.
    expect(refusals(record)).toEqual(["input_audio_buffer_commit_empty"]);
    expect(commandCount(record, "input_audio_buffer.commit")).toBe(1);
    expect(record.committed).toHaveLength(1);
    expectOnce(remaining(caller, record, transport), "question", startMs);
    expect(commandCount(record, "response.create")).toBe(greetings + 1);
    expect(sounds(caller)).toBe(greetings + 1);
    expectPeace(service, record);
  });

  test("S1-69: the provider's speech_stopped ends the wait: the held answer plays at once", async () => {
    const argv = [...HYBRID, ...LATE, ...SPECULATING];
    await using service = await startSteppedService({ argv });
    const caller = await greeted(service, transport);
    const startMs = caller.mouth.positionMs();
    caller.say(loadSpeech("yes", transport.format));
    const isStopped = () => sentCount(service.record(0), "input_audio_buffer.speech_stopped") > 0;
    await service.until(isStopped, TURN_MS_MAX);
    const stoppedMs = service.clock.nowMs();
    await service.until(() => sounds(caller) > greetings, TURN_MS_MAX);
    expect(service.clock.nowMs() - stoppedMs).toBeLessThanOrEqual(ANSWER_MS_MAX);
    await heardOut(service, caller, greetings + 1);
    const record = service.record(0);
    // What the provider committed behind the early commit is silence, and was deleted.
    expect(record.committed).toHaveLength(2);
    const items = remaining(caller, record, transport);
    expect(items).toHaveLength(1);
    expectOnce(items, "yes", startMs);
    expect(commandCount(record, "response.create")).toBe(greetings + 1);
    expect(refusals(record)).toEqual([]);
    expectPeace(service, record);
  });

  test("S1-69: a pause takes the early turn back; the model keeps one whole utterance", async () => {
    const argv = [...HYBRID, ...LATE, ...SPECULATING];
    await using service = await startSteppedService({ argv });
    const caller = await greeted(service, transport);
    const startMs = caller.mouth.positionMs();
    caller.say(loadSpeech("question", transport.format));
    await heardOut(service, caller, greetings + 1);
    const record = service.record(0);
    // Asked in the pause, cancelled, asked again.
    expect(commandCount(record, "response.create")).toBe(greetings + 2);
    expect(sounds(caller)).toBe(greetings + 1);
    expectOnce(remaining(caller, record, transport), "question", startMs);
    expectPeace(service, record);
  });

  test("S1-70: the provider's speech_started alone does not cut the agent; the local one does", async () => {
    await using service = await startSteppedService({ argv: [...HYBRID, ...SOON] });
    const caller = await greeted(service, transport);
    caller.say(loadSpeech("question", transport.format));
    await service.until(() => sounds(caller) > greetings, TURN_MS_MAX);
    await service.run(200);
    const record = service.record(0);
    const started = () => sentCount(record, "input_audio_buffer.speech_started");
    const before = started();
    // A loud click: energy to the provider, no voice to the local detection.
    caller.say(click(transport));
    await service.until(() => started() > before, TURN_MS_MAX);
    await service.run(400);
    expect(caller.ear.isPlaying()).toBe(true);
    expect(truncations(record)).toEqual([]);
    expect(commandCount(record, "response.cancel")).toBe(0);
    caller.say(loadSpeech("interrupt", transport.format));
    await service.until(() => truncations(record).length > 0, TURN_MS_MAX);
    await heardOut(service, caller, greetings + 2);
    expect(caller.ear.staleFrames()).toBe(0);
    expect(commandCount(record, "response.create")).toBe(greetings + 2);
    expectPeace(service, record);
  });
});

describe("switching between local and hybrid turns", () => {
  test.each([
    ["local first", 0],
    ["a little later", 200],
  ] as const)(
    "S4-C06: local, hybrid, local in mid-utterance: no sample lost or sent twice (%s)",
    async (_, waitMs) => {
      await using service = await startSteppedService({ argv: SOON });
      const line = createProtobufLine(WIDE, { lane: Lane.BIG, turnDetection: TurnDetection.LOCAL });
      const caller = await service.call("/v1/stream", line);
      await service.run(400);
      const startMs = caller.mouth.positionMs();
      caller.say(loadSpeech("numbers", WIDE));
      await service.until(() => noticesOf(caller, "speechStarted").length === 1, TURN_MS_MAX);
      await service.run(waitMs);
      caller.update({ turnDetection: TurnDetection.HYBRID });
      await service.run(600);
      caller.update({ turnDetection: TurnDetection.LOCAL });
      await heardOut(service, caller, 1);
      const record = service.record(0);
      expectOnce(remaining(caller, record, STREAM), "numbers", startMs);
      expect(commandCount(record, "response.create")).toBe(1);
      expect(noticesOf(caller, "started").map(({ turnDetection }) => turnDetection)).toEqual([
        TurnDetection.LOCAL,
        TurnDetection.HYBRID,
        TurnDetection.LOCAL,
      ]);
      expect(refusals(record)).toEqual([]);
      expectPeace(service, record);
    },
  );
});

/** 100 ms of noise at -6 dBFS or so. */
function click({ format }: Transport): Uint8Array {
  const random = createSeededRandom(7);
  const loudness = () => (random.uint32() / 2 ** 32 - 0.5) * 32_000;
  return fromPcm16(format.encoding, Int16Array.from({ length: format.rateHz / 10 }, loudness));
}
