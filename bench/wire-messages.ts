// Question: what does it cost to read a caller's audio message and to write an agent's, by hand and
// by the library that reads and writes everything else?
// Method: pairs of the same job done both ways alternate within each round; best and median round.
// Usage: bun bench/wire-messages.ts
import { cpus } from "node:os";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema, ServerFrameSchema } from "../gen/voxbridge/v1/stream_pb.ts";
import {
  createAgentAudioWriter,
  createCallerAudioSpan,
  readCallerAudio,
} from "../service/wire/audio-frame-codec.ts";
import {
  base64Bytes,
  createTwilioMedia,
  createTwilioWriter,
  decodeTwilioMessage,
  scanTwilioMedia,
} from "../service/wire/twilio-messages.ts";

/** One job: does it once, gives a number that depends on it. */
type Job = (index: number) => number;

export interface WireResult {
  readonly name: string;
  readonly bestNs: number;
  readonly medianNs: number;
}

const STREAM_SID = `MZ${"a".repeat(32)}`;
const TEXTS = 64;

/** -> one result per job, and a checksum that keeps the work from being left out. */
export function benchWireMessages(
  rounds: number,
  repeats: number,
): { results: WireResult[]; checksum: number } {
  const jobs = jobsOf();
  const times = jobs.map(() => [] as number[]);
  let checksum = 0;
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, [, job]] of jobs.entries()) {
      const startMs = performance.now();
      for (let repeat = 0; repeat < repeats; repeat += 1) checksum = (checksum + job(repeat)) | 0;
      times[index]?.push(((performance.now() - startMs) * 1e6) / repeats);
    }
  }
  const results = jobs.map(([name], index) => {
    const sorted = (times[index] ?? []).sort((left, right) => left - right);
    return { name, bestNs: sorted[0] ?? 0, medianNs: sorted[sorted.length >> 1] ?? 0 };
  });
  return { results, checksum };
}

function jobsOf(): readonly (readonly [string, Job])[] {
  const data = Uint8Array.from({ length: 640 }, (_, index) => index);
  return [...streamJobs(data), ...phoneJobs(data.subarray(0, 160))];
}

function streamJobs(data: Uint8Array<ArrayBuffer>): readonly (readonly [string, Job])[] {
  const value = { sequence: 1234, captureMs: 24_680, data };
  const message = toBinary(
    ClientFrameSchema,
    create(ClientFrameSchema, { message: { case: "audio", value } }),
  );
  const span = createCallerAudioSpan();
  const writer = createAgentAudioWriter(data.length);
  const agentAudio = (sequence: number) => ({
    case: "audio" as const,
    value: { item: 3, sequence, positionSamples: sequence & 0xffff, data, generation: 1 },
  });
  return [
    [
      "read CallerAudio, 640 B, by hand",
      () => {
        readCallerAudio(message, span);
        return span.start;
      },
    ],
    [
      "read CallerAudio, 640 B, protobuf-es",
      () => {
        const frame = fromBinary(ClientFrameSchema, message);
        return frame.message.case === "audio" ? frame.message.value.sequence : 0;
      },
    ],
    [
      "write AgentAudio, 640 B, by hand",
      (index) => writer.write(data, 3, index, index & 0xffff, 1).length,
    ],
    [
      "write AgentAudio, 640 B, protobuf-es",
      (index) =>
        toBinary(ServerFrameSchema, create(ServerFrameSchema, { message: agentAudio(index) }))
          .length,
    ],
  ];
}

function phoneJobs(frame: Uint8Array): readonly (readonly [string, Job])[] {
  const payload = Buffer.from(frame).toString("base64");
  const texts = Array.from(
    { length: TEXTS },
    (_, index) =>
      `{"event":"media","sequenceNumber":"${index + 3}","media":{"track":"inbound",` +
      `"chunk":"${index + 1}","timestamp":"${index * 20}","payload":"${payload}"},` +
      `"streamSid":"${STREAM_SID}"}`,
  );
  const textOf = (index: number): string => texts[index % TEXTS] ?? "";
  const media = createTwilioMedia();
  const writer = createTwilioWriter(STREAM_SID);
  return [
    [
      "read Twilio media, 160 B, scanner",
      (index) => {
        scanTwilioMedia(textOf(index), STREAM_SID, media);
        return media.chunk;
      },
    ],
    [
      "read Twilio media, 160 B, JSON.parse alone",
      (index) => (JSON.parse(textOf(index)) as { media: { payload: string } }).media.payload.length,
    ],
    [
      "read Twilio media, 160 B, JSON.parse and schema",
      (index) => {
        const message = decodeTwilioMessage(textOf(index));
        return message.kind === "media" ? message.chunk : 0;
      },
    ],
    ["check 216 characters of base64", () => base64Bytes(payload)],
    ["write Twilio media, 160 B", () => writer.media(frame).length],
  ];
}

if (import.meta.main) {
  const [rounds, repeats] = [15, 100_000];
  const { results, checksum } = benchWireMessages(rounds, repeats);
  console.log(`Bun ${Bun.version}, ${cpus()[0]?.model}, ${cpus().length} CPUs`);
  console.log(`${rounds} rounds of ${repeats}, checksum ${checksum}`);
  console.log("| job | best ns | median ns |\n|---|---|---|");
  for (const { name, bestNs, medianNs } of results) {
    console.log(`| ${name} | ${bestNs.toFixed(0)} | ${medianNs.toFixed(0)} |`);
  }
}
