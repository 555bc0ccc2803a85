// Feeds a WAV file into a call as if it had arrived (S4-12): for tests and demonstrations, not for
// the frame's way. RIFF with one `fmt ` and one `data` chunk, 16 bit mono PCM at the caller's rate.
import { Buffer } from "node:buffer";
import type { CallerEncoding, CoreSlot } from "../contract/core.ts";
import type { Capture } from "./capture.ts";
import { encodeAlaw, encodeMulaw } from "./encode-g711.ts";

const PCM_FORMAT_TAG = 1;

/** -> whole frames captured. Errors: RangeError for a file of another format. */
export function injectWav(wav: Uint8Array, slot: CoreSlot, capture: Capture): number {
  const samples = readSamples(wav, slot.format.callerRateHz);
  const { callerEncoding, callerChannels } = slot.format;
  const bytes = encode(samples, callerEncoding, callerChannels);
  const framesBefore = slot.framesIngested();
  capture.write(bytes, 0, bytes.length, -1);
  return slot.framesIngested() - framesBefore;
}

/** Checks the header. -> the samples, -32768..32767. */
function readSamples(wav: Uint8Array, rateHz: number): Int16Array {
  const file = Buffer.from(wav.buffer, wav.byteOffset, wav.byteLength);
  if (file.length < 12 || file.toString("latin1", 0, 4) !== "RIFF") throw refused("no RIFF header");
  let isFormatRight = false;
  for (let next = 12; next + 8 <= file.length; ) {
    const name = file.toString("latin1", next, next + 4);
    const start = next + 8;
    const end = Math.min(file.length, start + file.readUInt32LE(next + 4));
    if (name === "fmt " && end - start >= 16) {
      isFormatRight =
        file.readUInt16LE(start) === PCM_FORMAT_TAG &&
        file.readUInt16LE(start + 2) === 1 &&
        file.readUInt32LE(start + 4) === rateHz &&
        file.readUInt16LE(start + 14) === 16;
    } else if (name === "data") {
      if (!isFormatRight) throw refused(`another format than 16 bit mono ${rateHz} Hz PCM`);
      return Int16Array.from({ length: (end - start) >> 1 }, (_, index) =>
        file.readInt16LE(start + index * 2),
      );
    }
    next = end + ((end - start) % 2);
  }
  throw refused("no data chunk");
}

function refused(what: string): RangeError {
  return new RangeError(`Cannot inject test audio: the WAV has ${what}`);
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
