// Makes service/assets/recordings: what callers hear from the service itself while the agent's line
// is away, and when it is gone for good. The voice is espeak-ng's, computed from formants: nobody's
// voice is in it, and what it says is ours to give away. Operators put their own in their place.
//
//   bun scripts/make-recordings.ts    espeak-ng 1.51 gives the same bytes each time
//
// Limits: 16 kHz mono pcm16, a few seconds each.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { CORE_WASM_PATH } from "../service/assets.ts";
import { loadCore } from "../service/core/core.ts";
import { RateChanger } from "../service/text-to-speech/rate-changer.ts";
import { readWav, writeWav } from "./caller/wav.ts";

const FOLDER = join(import.meta.dir, "..", "service", "assets", "recordings");
const RATE_HZ = 16_000;
/** -9 dBFS at the loudest: as loud as an agent's voice, never an alarm. */
const PEAK = 11_600;
/** What the voice leaves before and after the words is cut at this level. */
const QUIET = 60;
const EDGE_MS = 120;

const WORDS = {
  "one-moment": "One moment please.",
  "answer-failed": "Sorry, I could not answer that. Please say it again.",
  "agent-lost": "We are sorry. The connection was lost. Please call again later.",
} as const;

const { kernels } = loadCore(new Uint8Array(readFileSync(CORE_WASM_PATH)), { slotsMax: 1 });

for (const [name, words] of Object.entries(WORDS)) {
  const path = join(FOLDER, `${name}.wav`);
  const samples = withEdges(atRate(spoken(words)));
  writeFileSync(path, writeWav({ rateHz: RATE_HZ, channels: 1, samples }));
  console.log(`${name}.wav: ${Math.round((samples.length * 1000) / RATE_HZ)} ms`);
}

function spoken(words: string) {
  const options = ["--stdout", "-z", "-v", "en-us+f3", "-s", "145"];
  const child = Bun.spawnSync(["espeak-ng", ...options, words]);
  if (child.exitCode !== 0) throw new Error(`espeak-ng said nothing for "${words}"`);
  return readWav(new Uint8Array(child.stdout), words);
}

function atRate({ samples, rateHz }: { samples: Int16Array; rateHz: number }): Int16Array {
  const parts: number[] = [];
  const changer = new RateChanger(kernels, RATE_HZ);
  changer.change(samples, rateHz, (audio) => void parts.push(...audio));
  changer.end();
  return Int16Array.from(parts);
}

/** The words alone, with the same quiet before and after, at the level of PEAK. */
function withEdges(samples: Int16Array): Int16Array {
  const isLoud = (sample: number) => Math.abs(sample) > QUIET;
  const first = samples.findIndex(isLoud);
  const last = samples.findLastIndex(isLoud);
  const words = samples.subarray(first, last + 1);
  const peak = words.reduce((loudest, sample) => Math.max(loudest, Math.abs(sample)), 1);
  const edge = (RATE_HZ * EDGE_MS) / 1000;
  const whole = new Int16Array(words.length + 2 * edge);
  whole.set(
    words.map((sample) => Math.round((sample * PEAK) / peak)),
    edge,
  );
  return whole;
}
