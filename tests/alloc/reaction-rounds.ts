// Child of reaction-alloc.test.ts: lets the agent be cut off again and again, and counts the heap
// objects made from the moment that decides to the clear in the caller's socket. JavaScriptCore
// counts every object made since its last collection, dead ones too, so one planted object shows.
//
// Usage: bun tests/alloc/reaction-rounds.ts <fast|big> <frame|event> [planted]
//   frame: the caller's own frame decides (local turns); event: the provider's speech_started.
//   planted: makes one object per round, the garbage this test must be able to see.
import { heapStats } from "bun:jsc";
import { create, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema, Encoding } from "../../gen/voxbridge/v1/stream_pb.ts";
import { assert } from "../../service/assert.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { CallOpener, CallPort, Transport } from "../../service/contract/transport.ts";
import { createCallerConnection } from "../../service/transport/caller-connection.ts";
import { createProtobufStream } from "../../service/transport/protobuf-stream.ts";
import { createTraffic } from "../../service/transport/traffic.ts";
import { EarlyUpstream } from "../../service/upstream/early-upstream.ts";
import { phoneTone } from "../engine/phone-tone.ts";
import { type LaneUnderTest, makeLane } from "../lane/lane-fixture.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const ROUNDS = 10;
const WARM_UP_ROUNDS = 40;
const FRAME_BYTES = 160;
const FRAME_MS = 20;
/** Made by the runtime itself as it runs: shapes, compiled code, names. No work of ours. */
const RUNTIME_TYPE = /Structure|Table|Code|Executable|Metadata|Rope|Template|Watchpoint|Chain/;

const isBig = process.argv[2] === "big";
const isFrame = process.argv[3] === "frame";
const isPlanted = process.argv[4] === "planted";

type Counts = Readonly<Record<string, number>>;
let countedBefore: Counts = {};
let countedAtClear: Counts = {};
/** What counting itself makes. */
let ownCost: Counts = {};
let isMeasured = false;
let clears = 0;
/** Bytes of a burst until it cut the agent off, in the round before: looking is not cheap. */
let burstBytes = 0;
let kept: unknown = null;

function count(): Counts {
  return heapStats().objectTypeCounts;
}

/** The caller's socket: takes the clear, and looks at the heap in that very moment. */
const socket = {
  sendBinary(bytes: Uint8Array): number {
    // 0x12: the field `clear` of a ServerFrame.
    if (bytes[0] !== 0x12) return bytes.length;
    clears += 1;
    if (isPlanted) kept = { clears };
    if (isMeasured) countedAtClear = count();
    return bytes.length;
  },
  sendText: () => 1,
  getBufferedAmount: () => 0,
  close: (code: number, reason: string) => assert(false, `closed with ${code}: ${reason}`),
};

function callerSide(): Transport {
  const clock = createSteppedClock();
  const traffic = createTraffic(NO_METRICS);
  const ignore = (): void => undefined;
  const port: CallPort = {
    ...{ onAudio: ignore, onAudioBase64: ignore, onPlayed: ignore, onInterrupt: ignore },
    ...{ onEndOfTurn: ignore, onText: ignore, onDtmf: ignore, onUpdate: ignore },
    ...{ onEnd: ignore, onClosed: ignore },
  };
  const opener: CallOpener = { admission: () => null, prepare: ignore, open: () => port };
  const connection = createCallerConnection({ socket, clock, traffic, log: SILENT_LOG });
  const lanes = ["fast", "big"] as const;
  const shared = { connection, opener, clock, traffic, keyId: "", lanes };
  const stream = createProtobufStream({ kind: "protobuf", ...shared });
  const start = { case: "start", value: { encoding: Encoding.MULAW, sampleRateHz: 8000 } } as const;
  stream.onMessage(toBinary(ClientFrameSchema, create(ClientFrameSchema, { message: start })));
  return stream;
}

function silence(ms: number): Buffer {
  return Buffer.alloc(ms * 8, 0xff);
}

/** Bytes frame by frame, until the agent is cut off; looks at the heap just before that. */
function say({ lane, clock }: LaneUnderTest, audio: Uint8Array, isLooked: boolean): void {
  const clearsBefore = clears;
  for (let start = 0; start < audio.length && clears === clearsBefore; start += FRAME_BYTES) {
    if (isLooked && start >= burstBytes - 3 * FRAME_BYTES) countedBefore = count();
    lane.sendAudio(audio, start, start + FRAME_BYTES, -1);
    clock.advance(FRAME_MS);
    if (clears > clearsBefore) burstBytes = start;
  }
}

const subject = makeLane(isBig ? "big" : "fast", isFrame ? "local" : "server_vad", callerSide());
const { lane, upstream, engine } = subject;
const early = new EarlyUpstream(() => upstream, {} as never);
early.take(lane, (error) => {
  throw error;
});
const answer = phoneTone(2_000);
const burst = phoneTone(2_000);
const gap = silence(1_500);
lane.start();
say(subject, silence(600), false);
if (isFrame) say(subject, Buffer.concat([phoneTone(600), gap]), false);

function round(index: number): void {
  early.onResponseCreated(`response-${index}`, upstream.tagLast);
  early.onAudio(`response-${index}`, `item-${index}`, 0, answer, answer.length);
  say(subject, silence(300), false);
  assert(engine.isPlaying(), "the agent must be heard when it is cut off");
  const before = clears;
  if (isFrame) {
    say(subject, burst, isMeasured);
  } else {
    const itemId = `caller-${index}`;
    if (isMeasured) countedBefore = count();
    early.onSpeechStarted(index, itemId);
  }
  assert(clears === before + 1, "the agent was not cut off");
  early.onResponseDone(`response-${index}`, "cancelled", { inputTokens: 0, outputTokens: 0 }, "");
  if (!isFrame) early.onSpeechStopped(index, `caller-${index}`);
  say(subject, gap, false);
  upstream.appended = Buffer.alloc(0);
  upstream.commands.length = 0;
  subject.notices.length = 0;
}

/** -> objects made between the two looks, by type, beyond what looking costs. */
function made(before: Counts, after: Counts): Map<string, number> {
  const found = new Map<string, number>();
  for (const [type, total] of Object.entries(after)) {
    const extra = total - (before[type] ?? 0) - (ownCost[type] ?? 0);
    if (extra > 0 && !RUNTIME_TYPE.test(type)) found.set(type, extra);
  }
  return found;
}

function lookCost(): Counts {
  const before = count();
  const after = count();
  return Object.fromEntries(
    Object.entries(after).map(([type, total]) => [type, total - (before[type] ?? 0)]),
  );
}

for (let index = 0; index < WARM_UP_ROUNDS; index += 1) round(index);
isMeasured = true;
for (let index = 0; index < 5; index += 1) ownCost = lookCost();
const types = new Map<string, number>();
let clean = 0;
for (let index = 0; index < ROUNDS; index += 1) {
  round(WARM_UP_ROUNDS + index);
  const found = made(countedBefore, countedAtClear);
  if (found.size === 0) clean += 1;
  for (const [type, extra] of found) types.set(type, (types.get(type) ?? 0) + extra);
}
assert(kept !== undefined, "what is planted is kept");
console.log(JSON.stringify({ rounds: ROUNDS, clean, types: Object.fromEntries(types) }));
