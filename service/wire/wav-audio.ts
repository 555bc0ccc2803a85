// A WAV file of 16 bit PCM, read: RIFF with chunks in any order, little endian; extensible headers
// too. For recordings of operators, test audio and engines that answer with a file; not per frame.
// Source: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (1991).
// Limits: what is given is read once; a data chunk that is cut short, or whose length was not known
// when its header was written, gives the samples that are there.

export interface WavAudio {
  readonly rateHz: number;
  readonly channels: number;
  /** Channels interleaved. */
  readonly samples: Int16Array;
}

const FORMAT_PCM = 1;
const FORMAT_EXTENSIBLE = 0xfffe;
const SAMPLE_BITS = 16;

/** -> the audio, or what is wrong with the file: "it is …". */
export function readWavAudio(bytes: Uint8Array): WavAudio | string {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || tag(view, 0) !== "RIFF" || tag(view, 8) !== "WAVE") {
    return "it is no WAV file";
  }
  let format: Omit<WavAudio, "samples"> | null = null;
  for (let next = 12; next + 8 <= bytes.length; ) {
    const start = next + 8;
    const end = Math.min(bytes.length, start + view.getUint32(next + 4, true));
    if (tag(view, next) === "fmt ") format = readFormat(view, start, end);
    if (tag(view, next) === "data") {
      if (format === null) return "it is not 16 bit PCM";
      return { ...format, samples: readSamples(view, start, end) };
    }
    next = end + ((end - start) % 2);
  }
  return "it holds no audio";
}

function readFormat(view: DataView, start: number, end: number): Omit<WavAudio, "samples"> | null {
  if (end - start < 16) return null;
  const formatTag = view.getUint16(start, true);
  const isPcm = formatTag === FORMAT_PCM || formatTag === FORMAT_EXTENSIBLE;
  if (!isPcm || view.getUint16(start + 14, true) !== SAMPLE_BITS) return null;
  return { channels: view.getUint16(start + 2, true), rateHz: view.getUint32(start + 4, true) };
}

function readSamples(view: DataView, start: number, end: number): Int16Array {
  const samples = new Int16Array((end - start) >> 1);
  for (let index = 0; index < samples.length; index += 1) {
    samples[index] = view.getInt16(start + index * 2, true);
  }
  return samples;
}

function tag(view: DataView, offset: number): string {
  return String.fromCharCode(...[0, 1, 2, 3].map((index) => view.getUint8(offset + index)));
}
