// Feeds a WAV file into a call as if it had arrived (S4-12): for tests and demonstrations, not for
// the frame's way. RIFF with one `fmt ` and one `data` chunk, 16 bit mono PCM at the caller's rate.
import { Buffer } from "node:buffer";
import type { CallerEncoding, CoreSlot } from "../contract/core.ts";
import type { Capture } from "./capture.ts";
import { readWavAudio } from "../wire/wav-audio.ts";
import { encodeAlaw, encodeMulaw } from "./encode-g711.ts";

/** -> whole frames captured. Errors: RangeError for a file of another format. */
export function injectWav(wav: Uint8Array, slot: CoreSlot, capture: Capture): number {
  const samples = readSamples(wav, slot.format.callerRateHz);
  const { callerEncoding, callerChannels } = slot.format;
  const bytes = encode(samples, callerEncoding, callerChannels);
  const framesBefore = slot.framesIngested();
  capture.write(bytes, 0, bytes.length, -1);
  return slot.framesIngested() - framesBefore;
}

/** -> the samples, -32768..32767. */
function readSamples(wav: Uint8Array, rateHz: number): Int16Array {
  const audio = readWavAudio(wav);
  if (typeof audio === "string") throw refused(audio);
  if (audio.rateHz !== rateHz || audio.channels !== 1) {
    throw refused(
      `it has ${audio.rateHz} Hz and ${audio.channels} channels, must be ${rateHz} and 1`,
    );
  }
  return audio.samples;
}

function refused(what: string): RangeError {
  return new RangeError(`Cannot inject test audio: ${what}`);
}

function encode(samples: Int16Array, encoding: CallerEncoding, channels: number): Uint8Array {
  const sampleBytes = { pcm16: 2, f32: 4, mulaw: 1, alaw: 1 }[encoding];
  const bytes = Buffer.alloc(samples.length * channels * sampleBytes);
  samples.forEach((sample, index) => {
    for (let channel = 0; channel < channels; channel += 1) {
      const offset = (index * channels + channel) * sampleBytes;
      if (encoding === "pcm16") bytes.writeInt16LE(sample, offset);
      else if (encoding === "f32") bytes.writeFloatLE(sample / 32768, offset);
      else bytes[offset] = encoding === "mulaw" ? encodeMulaw(sample) : encodeAlaw(sample);
    }
  });
  return bytes;
}
