// Bytes of a speech engine as they come -> 16 bit samples. Takes raw PCM at a known rate, or a WAV
// file, whose header says it; pieces may end anywhere, in the middle of a sample too.
// Source: Microsoft/IBM "Multimedia Programming Interface and Data Specifications 1.0" (1991). The
// sizes in a streamed header are made up (espeak-ng writes 0x7ffff000), so nobody counts by them.
// Limits: mono, 16 bit, little endian; a header of at most HEADER_BYTES_MAX.
import { VoxError } from "../errors.ts";

const HEADER_BYTES_MAX = 4_096;
const FORMAT_PCM = 1;
const FORMAT_EXTENSIBLE = 0xfffe;

export interface PcmPiece {
  /** Valid until the next read(). */
  readonly audio: Int16Array;
  readonly rateHz: number;
}

export class PcmReader {
  readonly #provider: string;
  #rateHz: number;
  #isHeaderRead = false;
  /** What is not a whole header or a whole sample yet. */
  #rest = new Uint8Array(0);

  /** rateHz: of raw PCM. */
  constructor(provider: string, rateHz: number) {
    this.#provider = provider;
    this.#rateHz = rateHz;
  }

  /** -> null when there is no whole sample. Throws VoxError `engine_protocol`. */
  read(bytes: Uint8Array): PcmPiece | null {
    const all = this.#joined(bytes);
    const start = this.#isHeaderRead ? 0 : this.#passHeader(all);
    if (start < 0) {
      this.#rest = all;
      return null;
    }
    this.#isHeaderRead = true;
    const count = Math.floor((all.length - start) / 2);
    this.#rest = all.slice(start + count * 2);
    if (count === 0) return null;
    // A copy: samples must lie on an even address.
    const audio = new Int16Array(all.slice(start, start + count * 2).buffer);
    return { audio, rateHz: this.#rateHz };
  }

  #joined(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
    const all = new Uint8Array(this.#rest.length + bytes.length);
    all.set(this.#rest);
    all.set(bytes, this.#rest.length);
    return all;
  }

  /** -> where the audio begins; -1 when that is not known yet. */
  #passHeader(bytes: Uint8Array): number {
    const isWav = hasTag(bytes, 0, "RIFF");
    if (isWav === false) return 0;
    if (isWav === undefined) return -1;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let hasFormat = false;
    for (let offset = 12; offset + 8 <= bytes.length; ) {
      const start = offset + 8;
      if (hasTag(bytes, offset, "data") === true) {
        if (!hasFormat) throw this.#wrong("a WAV file without its format");
        return start;
      }
      const size = view.getUint32(offset + 4, true);
      if (hasTag(bytes, offset, "fmt ") === true && start + 16 <= bytes.length) {
        this.#readFormat(view, start);
        hasFormat = true;
      }
      offset = start + size + (size % 2);
    }
    if (bytes.length > HEADER_BYTES_MAX) throw this.#wrong("a WAV file without audio");
    return -1;
  }

  #readFormat(view: DataView, start: number): void {
    const format = view.getUint16(start, true);
    const channels = view.getUint16(start + 2, true);
    const bits = view.getUint16(start + 14, true);
    if ((format !== FORMAT_PCM && format !== FORMAT_EXTENSIBLE) || bits !== 16 || channels !== 1) {
      throw this.#wrong(`WAV format ${format} with ${channels} channels of ${bits} bits`);
    }
    this.#rateHz = view.getUint32(start + 4, true);
  }

  #wrong(what: string): VoxError {
    const message = `Cannot speak: the audio is ${what}, must be 16 bit mono PCM`;
    const provider = this.#provider;
    return new VoxError(message, { code: "engine_protocol", isRetryable: false, provider });
  }
}

/** undefined: too few bytes to tell. */
function hasTag(bytes: Uint8Array, offset: number, tag: string): boolean | undefined {
  const count = Math.min(tag.length, bytes.length - offset);
  for (let index = 0; index < count; index += 1) {
    if (bytes[offset + index] !== tag.charCodeAt(index)) return false;
  }
  return count === tag.length ? true : undefined;
}
