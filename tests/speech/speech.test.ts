// Goal: the recordings are what their page says, and the service hears each of them as one turn
// with its default settings, wideband and on the phone.
// Method: files and labels read as they are; whole slots with Silero in the core, then 1 s of
// silence behind each recording so that the last turn can end.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { coreModelEntry } from "../../bench/vad-kernel.ts";
import { readSpeechFolder } from "../../bench/vad-speech.ts";
import { toHalfRate, toMulaw } from "../../bench/vad-variants.ts";
import { loadSileroWeights } from "../../models/load-model.ts";
import { loadConfig } from "../../service/config.ts";
import { CAPTURE_EVENT, type CoreSlot } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

const FOLDER = import.meta.dir;
const recordings = await readSpeechFolder(FOLDER);
const weights = await loadSileroWeights(coreModelEntry(), "");
const { vad } = loadConfig({ argv: [], env: {}, file: null });

interface Turns {
  readonly onsets: number[];
  readonly ends: number[];
}

function turnsIn(slot: CoreSlot, bytes: Uint8Array): Turns {
  const turns: Turns = { onsets: [], ends: [] };
  for (
    let start = 0;
    start + slot.callerFrameBytes <= bytes.length;
    start += slot.callerFrameBytes
  ) {
    slot.input.set(bytes.subarray(start, start + slot.callerFrameBytes));
    const bits = slot.ingest();
    const rateHz = slot.format.callerRateHz;
    if (bits & CAPTURE_EVENT.ONSET) turns.onsets.push(slot.onsetPositionSamples() / rateHz);
    if (bits & CAPTURE_EVENT.END) turns.ends.push(slot.endPositionSamples() / rateHz);
  }
  return turns;
}

function withSilence(samples: Float32Array): Float32Array {
  const longer = new Float32Array(samples.length + 16_000);
  longer.set(samples);
  return longer;
}

function wideband(samples: Float32Array): Turns {
  const core = makeCore();
  core.loadSileroWeights(16000, weights.rate16k);
  const format = {
    callerEncoding: "pcm16",
    callerRateHz: 16000,
    upstreamEncoding: "pcm16",
    upstreamRateHz: 24000,
    vadSource: "core",
  } as const;
  const pcm = Int16Array.from(withSilence(samples), (value) => value * 32767);
  return turnsIn(openSlot(core, format, vad.wideband), new Uint8Array(pcm.buffer));
}

function phone(samples: Float32Array): Turns {
  const core = makeCore();
  core.loadSileroWeights(8000, weights.rate8k);
  const slot = openSlot(core, { vadSource: "core" }, vad.phone);
  return turnsIn(slot, toMulaw(toHalfRate(withSilence(samples))));
}

describe("tests/speech", () => {
  test("the recordings are 16 kHz mono pcm16, 30 s and 1 MiB at most in all", () => {
    const wavs = readdirSync(FOLDER).filter((name) => name.endsWith(".wav"));
    let bytes = 0;
    for (const name of wavs) {
      const view = new DataView(readFileSync(join(FOLDER, name)).buffer);
      expect([view.getUint16(20, true), view.getUint16(22, true)]).toEqual([1, 1]);
      expect([view.getUint32(24, true), view.getUint16(34, true)]).toEqual([16_000, 16]);
      bytes += statSync(join(FOLDER, name)).size;
    }
    expect(bytes).toBeLessThan(1024 * 1024);
    expect(bytes).toBeLessThanOrEqual(30 * 32_000 + 44 * wavs.length);
    expect(recordings.map(({ name }) => `${name}.wav`)).toEqual(wavs.sort());
  });

  test("the labels are contiguous, take turns and span the recording", () => {
    for (const { samples, spans } of recordings) {
      expect(spans.length).toBeGreaterThanOrEqual(3);
      expect(spans[0]?.startSeconds).toBe(0);
      expect(spans.at(-1)?.endSeconds).toBeCloseTo(samples.length / 16_000, 2);
      for (const [index, span] of spans.entries()) {
        expect(span.isSpeech).toBe(index % 2 === 1);
        if (index > 0) expect(span.startSeconds).toBe(spans[index - 1]?.endSeconds ?? -1);
      }
    }
  });

  describe.each([
    ["wideband", wideband],
    ["phone", phone],
  ] as const)("%s", (_, listen) => {
    test.each(recordings)("S2-12: $name is one turn with the defaults", ({ samples, spans }) => {
      const { onsets, ends } = listen(samples);
      const speech = spans.filter(({ isSpeech }) => isSpeech);
      expect([onsets.length, ends.length]).toEqual([1, 1]);
      // Silero needs a window or two to be sure, and hears the decay of a word longer than energy.
      expect(Math.abs((onsets[0] ?? 0) - (speech[0]?.startSeconds ?? 0))).toBeLessThan(0.15);
      expect(Math.abs((ends[0] ?? 0) - (speech.at(-1)?.endSeconds ?? 0))).toBeLessThan(0.25);
    });
  });
});
