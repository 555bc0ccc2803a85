// The caller's mouth: what goes out, one 20 ms frame after the other, silence when nothing is said.
// A line is never quiet in the technical sense: a phone sends frames all the time.
import type { AudioFormat } from "./audio-format.ts";
import { FRAME_MS, frameBytes, silence } from "./audio-format.ts";

export interface Mouth {
  /** Says `audio` (line format) after what is still being said; the last frame is filled up. */
  say(audio: Uint8Array): void;
  /** The next frame; always frameBytes long. */
  next(): Uint8Array;
  isSpeaking(): boolean;
  /** What waits to be said. */
  pendingMs(): number;
  /** Frames given out so far. */
  frames(): number;
  /** Capture time of the next frame, ms since the stream began. */
  positionMs(): number;
  /** All bytes given out so far, from the first frame on. */
  sent(): Uint8Array;
}

export function createMouth(format: AudioFormat): Mouth {
  const bytesPerFrame = frameBytes(format);
  const quiet = silence(format, bytesPerFrame);
  const pending: Uint8Array[] = [];
  const given: Uint8Array[] = [];
  return {
    say(audio) {
      for (let start = 0; start < audio.byteLength; start += bytesPerFrame) {
        const frame = silence(format, bytesPerFrame);
        frame.set(audio.subarray(start, start + bytesPerFrame));
        pending.push(frame);
      }
    },
    next() {
      const frame = pending.shift() ?? quiet;
      given.push(frame);
      return frame;
    },
    isSpeaking: () => pending.length > 0,
    pendingMs: () => pending.length * FRAME_MS,
    frames: () => given.length,
    positionMs: () => given.length * FRAME_MS,
    sent: () => Buffer.concat(given),
  };
}
