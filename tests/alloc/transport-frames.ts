// Child of transport-alloc.test.ts: 16 callers on /v1/stream talk and listen at once, each message
// through state machine, codec and limits, with a recorder in the socket's place. Prints how much
// the process grew. Started with BUN_JSC_logGC=1, the runtime writes a line per collection.
//
// Usage: bun tests/alloc/transport-frames.ts <frames> [planted]
//   planted: makes one subarray per frame, the garbage this test must be able to see.
import { create, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema, Encoding } from "../../gen/voxbridge/v1/stream_pb.ts";
import { assert } from "../../service/assert.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { CallOpener, CallPort } from "../../service/contract/transport.ts";
import { createCallerConnection } from "../../service/transport/caller-connection.ts";
import { createProtobufStream } from "../../service/transport/protobuf-stream.ts";
import { createTraffic } from "../../service/transport/traffic.ts";

const CALLERS = 16;
const WARM_UP_FRAMES = 20_000;
const frames = Number(process.argv[2] ?? 20_000);
const isPlanted = process.argv[3] === "planted";

let nowMs = 0;
const clock = {
  nowMs: () => nowMs,
  wallMs: () => nowMs,
  setTimer: () => 1,
  clearTimer: () => undefined,
};

let sentBytes = 0;
const socket = {
  sendBinary(bytes: Uint8Array): number {
    sentBytes += bytes.length;
    return bytes.length;
  },
  sendText: () => 1,
  getBufferedAmount: () => 0,
  close: (code: number, reason: string) => assert(false, `closed with ${code}: ${reason}`),
};

let heardBytes = 0;
let keptViews = 0;
const ignore = (): void => undefined;
const port: CallPort = {
  onAudio(message, start, end) {
    heardBytes += end - start;
    if (isPlanted) keptViews += message.subarray(start, end).length;
  },
  onAudioBase64: ignore,
  onPlayed: ignore,
  onInterrupt: ignore,
  onEndOfTurn: ignore,
  onText: ignore,
  onDtmf: ignore,
  onUpdate: ignore,
  onEnd: ignore,
  onClosed: ignore,
};
const opener: CallOpener = { admission: () => null, prepare: ignore, open: () => port };

function openCaller(isFloat: boolean) {
  const traffic = createTraffic(NO_METRICS);
  const connection = createCallerConnection({ socket, clock, traffic, log: SILENT_LOG });
  const stream = createProtobufStream({
    kind: "protobuf",
    connection,
    opener,
    clock,
    traffic,
    keyId: "",
    lanes: ["fast"],
  });
  const encoding = isFloat ? Encoding.F32 : Encoding.PCM16;
  const start = { case: "start", value: { encoding, sampleRateHz: 16_000 } } as const;
  stream.onMessage(toBinary(ClientFrameSchema, create(ClientFrameSchema, { message: start })));
  return { stream, frame: new Uint8Array(isFloat ? 1_280 : 640) };
}

/** A plain audio message whose sequence (five bytes at 3) is written anew for each frame. */
function audioMessage(frameBytes: number): Uint8Array {
  const value = { sequence: 0xffff_ffff, captureMs: 1, data: new Uint8Array(frameBytes) };
  const frame = create(ClientFrameSchema, { message: { case: "audio", value } });
  return toBinary(ClientFrameSchema, frame);
}

function writeSequence(message: Uint8Array, sequence: number): void {
  const at = message.indexOf(0x08) + 1;
  for (let index = 0; index < 5; index += 1) {
    message[at + index] = ((sequence >>> (7 * index)) & 0x7f) | (index < 4 ? 0x80 : 0);
  }
}

const callers = Array.from({ length: CALLERS }, (_, index) => openCaller(index % 2 === 1));
const messages = [audioMessage(640), audioMessage(1_280)] as const;

function exchange(count: number, first: number): void {
  for (let index = 0; index < count; index += 1) {
    const caller = index % CALLERS;
    const round = first + (index - caller) / CALLERS;
    if (caller === 0) nowMs += 20;
    const { stream, frame } = callers[caller] ?? { stream: undefined, frame: undefined };
    const message = messages[caller % 2 === 1 ? 1 : 0];
    if (stream === undefined || frame === undefined) continue;
    writeSequence(message, round);
    stream.onMessage(message);
    stream.sendAudio(frame, 1 + (round >>> 10), (round & 1023) * 320, round >>> 12);
  }
}

exchange(WARM_UP_FRAMES, 0);
const rssBefore = process.memoryUsage.rss();
const startMs = performance.now();
exchange(frames, WARM_UP_FRAMES / CALLERS);
const nsPerFrame = ((performance.now() - startMs) * 1e6) / frames;
const rssGrowth = process.memoryUsage.rss() - rssBefore;
const expected = (WARM_UP_FRAMES + frames) * 960;
assert(heardBytes === expected, "every caller's frame must reach its call");
assert(sentBytes > expected && keptViews >= 0, "every agent's frame must be sent");
console.log(`{"frames":${frames},"nsPerFrame":${Math.round(nsPerFrame)},"rssGrowth":${rssGrowth}}`);
