// A recording in the line's format. Rates are changed by the service's own core, preset `high`:
// a second resampler here would be a second thing to get right, and a linear one would put aliases
// into what the voice activity detection hears.
import { readFileSync } from "node:fs";
import { CORE_WASM_PATH } from "../../service/assets.ts";
import type { CallerRateHz } from "../../service/contract/core.ts";
import { loadCore } from "../../service/core/core.ts";
import { VAD_SETTINGS_DEFAULT } from "../../service/core/vad-defaults.ts";
import type { AudioFormat } from "./audio-format.ts";
import { frameSamples, fromPcm16, toPcm16 } from "./audio-format.ts";
import type { WavAudio } from "./wav.ts";

const RATES_HZ: readonly CallerRateHz[] = [8000, 16_000, 22_050, 24_000, 44_100, 48_000];
/** The resampler gives its last samples when something follows them. */
const FLUSH_FRAMES = 2;

/** Line bytes of `wav`. Throws an Error that names what to do when there is no way. */
export function convertSpeech(wav: WavAudio, format: AudioFormat): Uint8Array {
  if (wav.rateHz === format.rateHz && wav.channels === format.channels) {
    return fromPcm16(format.encoding, wav.samples);
  }
  const rateHz = RATES_HZ.find((allowed) => allowed === wav.rateHz);
  const target = format.rateHz;
  const isReachable = target === 8000 || target === 16_000 || target === 24_000;
  if (rateHz === undefined || !isReachable || format.channels !== 1 || wav.channels > 2) {
    throw new Error(
      `Cannot convert the recording: it has ${wav.rateHz} Hz and ${wav.channels} channels, ` +
        `must be ${format.rateHz} Hz and ${format.channels} (sox in.wav -r ${format.rateHz} out.wav)`,
    );
  }
  const source: AudioFormat = {
    encoding: "pcm16",
    rateHz,
    channels: wav.channels === 2 ? 2 : 1,
  };
  return fromPcm16(format.encoding, resample(wav.samples, source, target));
}

function resample(
  samples: Int16Array,
  source: AudioFormat,
  targetRateHz: 8000 | 16_000 | 24_000,
): Int16Array {
  const core = loadCore(new Uint8Array(readFileSync(CORE_WASM_PATH)), { slotsMax: 1 });
  const slot = core.openSlot(
    {
      callerEncoding: "pcm16",
      callerRateHz: source.rateHz,
      callerChannels: source.channels,
      upstreamEncoding: "pcm16",
      upstreamRateHz: targetRateHz,
      resampler: "high",
      vadSource: "energy",
    },
    VAD_SETTINGS_DEFAULT,
  );
  if (slot === null) throw new Error("Cannot convert the recording: the core has no slot");
  const step = frameSamples(source) * source.channels;
  const frameCount = Math.ceil(samples.length / step) + FLUSH_FRAMES;
  const parts: Uint8Array[] = [];
  for (let index = 0; index < frameCount; index += 1) {
    const frame = new Int16Array(step);
    frame.set(samples.subarray(index * step, (index + 1) * step));
    slot.input.set(fromPcm16("pcm16", frame));
    slot.ingest();
    parts.push(new Uint8Array(slot.captureFrame(index)));
  }
  slot.close();
  const target: AudioFormat = { encoding: "pcm16", rateHz: targetRateHz, channels: 1 };
  return toPcm16(target, Buffer.concat(parts));
}
