// What a caller heard, as a length, and a recording of the operator's that can be told from speech.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { writeWav } from "../../scripts/caller/wav.ts";

const RATE_HZ = 16_000;
const TONE_HZ = 440;

/** Of agent and recordings, without the silence between them. */
export function heardMs(caller: Caller, { rateHz, encoding }: AudioFormat): number {
  const bytesPerMs = (rateHz / 1000) * (encoding === "pcm16" ? 2 : 1);
  return caller.ear.heardBytes().byteLength / bytesPerMs;
}

export interface RecordedTone {
  /** A folder of its own, with the tone in it. */
  readonly directory: string;
  readonly path: string;
  remove(): void;
}

/** A WAV of so much tone, mono at 16 kHz. */
export function recordTone(durationMs: number): RecordedTone {
  const directory = mkdtempSync(join(tmpdir(), "voxbridge-recording-"));
  const path = join(directory, "tone.wav");
  const samples = Int16Array.from({ length: (RATE_HZ * durationMs) / 1000 }, (_, index) =>
    Math.round(8_000 * Math.sin((2 * Math.PI * TONE_HZ * index) / RATE_HZ)),
  );
  writeFileSync(path, writeWav({ rateHz: RATE_HZ, channels: 1, samples }));
  return { directory, path, remove: () => rmSync(directory, { recursive: true }) };
}
