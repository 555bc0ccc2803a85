// 16 bit PCM WAV in and out, nothing else: RIFF header, chunks in any order, little endian.
// Source: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (1991).

export interface WavAudio {
  readonly rateHz: number;
  readonly channels: number;
  /** Channels interleaved. */
  readonly samples: Int16Array;
}

const HEADER_BYTES = 44;
const FORMAT_PCM = 1;
const FORMAT_EXTENSIBLE = 0xfffe;

/**
 * Throws an Error that says what is wrong with `name`. A data chunk cut short gives what is there.
 */
export function readWav(bytes: Uint8Array, name: string): WavAudio {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") {
    throw new Error(`Cannot read ${name}: it is not a WAV file`);
  }
  let format: { rateHz: number; channels: number } | undefined;
  let offset = 12;
  while (offset + 8 <= bytes.byteLength) {
    const chunk = tag(view, offset);
    const start = offset + 8;
    const end = Math.min(start + view.getUint32(offset + 4, true), bytes.byteLength);
    if (chunk === "fmt ") format = readFormat(view, start, end, name);
    if (chunk === "data") {
      if (format === undefined) throw new Error(`Cannot read ${name}: data before its format`);
      return { ...format, samples: readSamples(view, start, end) };
    }
    // Chunks begin at even offsets.
    offset = end + (end % 2);
  }
  throw new Error(`Cannot read ${name}: it holds no audio data`);
}

/** A whole WAV file of 16 bit PCM. */
export function writeWav(audio: WavAudio): Uint8Array {
  const dataBytes = audio.samples.length * 2;
  const bytes = new Uint8Array(HEADER_BYTES + dataBytes);
  const view = new DataView(bytes.buffer);
  const frameBytes = audio.channels * 2;
  writeTag(bytes, 0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  writeTag(bytes, 8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, FORMAT_PCM, true);
  view.setUint16(22, audio.channels, true);
  view.setUint32(24, audio.rateHz, true);
  view.setUint32(28, audio.rateHz * frameBytes, true);
  view.setUint16(32, frameBytes, true);
  view.setUint16(34, 16, true);
  writeTag(bytes, 36, "data");
  view.setUint32(40, dataBytes, true);
  for (let index = 0; index < audio.samples.length; index += 1) {
    view.setInt16(HEADER_BYTES + index * 2, audio.samples[index] ?? 0, true);
  }
  return bytes;
}

function readFormat(
  view: DataView,
  start: number,
  end: number,
  name: string,
): { rateHz: number; channels: number } {
  if (end - start < 16) throw new Error(`Cannot read ${name}: its format chunk is cut short`);
  const code = view.getUint16(start, true);
  const bits = view.getUint16(start + 14, true);
  if ((code !== FORMAT_PCM && code !== FORMAT_EXTENSIBLE) || bits !== 16) {
    throw new Error(
      `Cannot read ${name}: format ${code} with ${bits} bit, must be PCM with 16 bit ` +
        `(sox ${name} -b 16 -e signed speech.wav)`,
    );
  }
  return { channels: view.getUint16(start + 2, true), rateHz: view.getUint32(start + 4, true) };
}

function readSamples(view: DataView, start: number, end: number): Int16Array {
  const samples = new Int16Array(Math.floor((end - start) / 2));
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = view.getInt16(start + index * 2, true);
  }
  return samples;
}

function tag(view: DataView, offset: number): string {
  let text = "";
  for (let index = 0; index < 4; index += 1) {
    text += String.fromCharCode(view.getUint8(offset + index));
  }
  return text;
}

function writeTag(bytes: Uint8Array, offset: number, text: string): void {
  for (let index = 0; index < text.length; index += 1) {
    bytes[offset + index] = text.charCodeAt(index);
  }
}
