// Question: what does it cost to write an append to a Realtime API server and to read an audio
// delta of its, as we do it and as it is usually done?
// Method: the same job done both ways alternates within each round; best and median round.
// Sizes: 100 ms of G.711 (800 B, what decision 8 gathers) and of 24 kHz pcm16 (4800 B).
// Usage: bun bench/upstream-messages.ts
import { cpus, loadavg } from "node:os";
import { createAudioDeltas } from "../service/upstream/audio-deltas.ts";
import { appendText } from "../service/wire/realtime-commands.ts";
import { parseRealtimeEvent } from "../service/wire/realtime-events.ts";

/** One job: does it once, gives a number that depends on it. */
type Job = (index: number) => number;

export interface UpstreamResult {
  readonly name: string;
  readonly bestNs: number;
  readonly medianNs: number;
}

const SIZES_BYTES = [800, 4_800] as const;
const TEXTS = 32;
const BASE64 = Buffer.prototype as unknown as {
  base64Slice(this: Uint8Array, start: number, end: number): string;
};

/** -> one result per job, and a checksum that keeps the work from being left out. */
export function benchUpstreamMessages(
  rounds: number,
  repeats: number,
): { results: UpstreamResult[]; checksum: number } {
  const jobs = SIZES_BYTES.flatMap((byteCount) => [
    ...appendJobs(byteCount),
    ...deltaJobs(byteCount),
  ]);
  const times = jobs.map((): number[] => []);
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

/** The caller's bytes lie somewhere in a big memory, as they do in the core. */
function appendJobs(byteCount: number): readonly (readonly [string, Job])[] {
  const memory = patternBytes(1 << 20);
  const startOf = (index: number) => (index * 1_009) % (memory.length - byteCount);
  return [
    [
      `write append, ${byteCount} B, base64 into a fixed text`,
      (index) => {
        const start = startOf(index);
        const audio = BASE64.base64Slice.call(memory, start, start + byteCount);
        return appendText(`append-0a1b2c3d-${index}`, audio).length;
      },
    ],
    [
      `write append, ${byteCount} B, copy and JSON.stringify`,
      (index) => {
        const start = startOf(index);
        const audio = Buffer.from(memory.subarray(start, start + byteCount)).toString("base64");
        const event_id = `append-0a1b2c3d-${index}`;
        return JSON.stringify({ type: "input_audio_buffer.append", event_id, audio }).length;
      },
    ],
  ];
}

function deltaJobs(byteCount: number): readonly (readonly [string, Job])[] {
  const texts = Array.from({ length: TEXTS }, (_, index) => {
    const delta = Buffer.from(patternBytes(byteCount + index)).toString("base64");
    const ids = { response_id: "resp_0123456789abcdef", item_id: "item_0123456789abcdef" };
    const type = "response.output_audio.delta";
    return JSON.stringify({ type, event_id: `event_${index}`, ...ids, output_index: 0, delta });
  });
  const deltas = createAudioDeltas(1);
  return [
    [
      `read delta, ${byteCount} B, parse and decode into one buffer`,
      (index) => {
        const event = parseRealtimeEvent(texts[index % TEXTS] ?? "");
        return event.kind === "audio_delta" ? deltas.decode(event.itemId, event.audioBase64) : 0;
      },
    ],
    [
      `read delta, ${byteCount} B, JSON.parse and a new buffer`,
      (index) => {
        const event = JSON.parse(texts[index % TEXTS] ?? "") as { delta: string };
        return Buffer.from(event.delta, "base64").length;
      },
    ],
  ];
}

function patternBytes(byteCount: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: byteCount }, (_, index) => (index * 7 + (index >> 8)) & 0xff);
}

if (import.meta.main) {
  const [rounds, repeats] = [15, 20_000];
  const { results, checksum } = benchUpstreamMessages(rounds, repeats);
  const load = loadavg()[0]?.toFixed(1);
  console.log(`Bun ${Bun.version}, ${cpus()[0]?.model}, ${cpus().length} CPUs, load ${load}`);
  console.log(`${rounds} rounds of ${repeats}, checksum ${checksum}`);
  console.log("| job | best ns | median ns |\n|---|---|---|");
  for (const { name, bestNs, medianNs } of results) {
    console.log(`| ${name} | ${bestNs.toFixed(0)} | ${medianNs.toFixed(0)} |`);
  }
}
