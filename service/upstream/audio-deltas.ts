// Decodes the base64 of audio deltas into one buffer that is used again for each event.
// On the frame's way: between the upstream's event and the call's answer queue.
// A delta may end inside a 16 bit sample; the odd byte waits for the next delta of the same item,
// so that what goes on is whole samples.
import { assert } from "../assert.ts";
import { UPSTREAM_MESSAGE_BYTES_MAX } from "../limits.ts";

export interface AudioDeltas {
  /** Valid until the next decode: bytes [0, byteCount of the last decode). */
  readonly audio: Uint8Array;
  /** Decodes one delta and gives how many bytes of `audio` hold it, whole samples only. */
  decode(itemId: string, audioBase64: string): number;
}

const BYTES_MIN = 16 * 1024;

/** sampleBytes: 2 for pcm16, 1 for G.711. */
export function createAudioDeltas(sampleBytes: 1 | 2): AudioDeltas {
  // Made at the first delta: most of a process's calls wait for their answer at any time.
  let buffer = Buffer.alloc(0);
  let carriedByte = 0;
  let carriedCount = 0;
  let carriedItemId = "";

  const grow = (byteCount: number) => {
    assert(byteCount <= UPSTREAM_MESSAGE_BYTES_MAX, "a delta is no longer than its message");
    let size = Math.max(BYTES_MIN, buffer.length);
    while (size < byteCount) size *= 2;
    if (size > buffer.length) buffer = Buffer.allocUnsafeSlow(size);
  };

  return {
    get audio() {
      return buffer;
    },
    decode(itemId, audioBase64) {
      const offset = carriedItemId === itemId ? carriedCount : 0;
      grow(Math.ceil(audioBase64.length / 4) * 3 + offset);
      if (offset === 1) buffer[0] = carriedByte;
      const total = offset + buffer.write(audioBase64, offset, "base64");
      carriedCount = total % sampleBytes;
      carriedItemId = itemId;
      const byteCount = total - carriedCount;
      carriedByte = buffer[byteCount] ?? 0;
      return byteCount;
    },
  };
}
