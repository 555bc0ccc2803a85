// The input audio buffer of one simulated session: what was appended and not committed yet, and
// where it lies in the session's audio. With turn detection on it cuts the turns itself.
//
//   session audio   |------------------------|===================|        (ms since the session began)
//                   0                     startMs              endMs
//                    committed or let go            buffer
//
// A commit of the client's takes all of the buffer, also in the middle of a turn; the detection
// goes on behind it. What lay in the buffer before it was switched on is not let go.
import {
  createEnergyVad,
  type EnergyVad,
  ONSET_MS,
  prefixMsOf,
  VAD_FRAME_MS,
} from "./energy-vad.ts";
import type { SimulatedTurnDetection } from "../wire/realtime-command-schema.ts";
import { type AudioForm, decodeAudio } from "./audio-forms.ts";

export interface InputBufferListener {
  onSpeechStarted(audioStartMs: number): void;
  /** The buffer holds the whole turn now; the listener takes it. */
  onSpeechStopped(audioEndMs: number): void;
}

export interface InputBuffer {
  bufferedMs(): number;
  append(bytes: Uint8Array): void;
  /** Gives what was heard so far and removes it; only within onSpeechStopped. */
  takeTurn(): Uint8Array;
  /** Empties the buffer and gives what was in it. */
  takeAll(): Uint8Array;
  clear(): void;
  setForm(form: AudioForm): void;
  setTurnDetection(detection: SimulatedTurnDetection | null): void;
}

export function createInputBuffer(form: AudioForm, listener: InputBufferListener): InputBuffer {
  let bytes = Buffer.alloc(0);
  let byteCount = 0;
  /** Session ms at bytes[0]. */
  let startMs = 0;
  let scannedBytes = 0;
  let detection: SimulatedTurnDetection | null = null;
  let vad: EnergyVad | null = null;
  let current = form;
  /** The buffer begins with audio from before the detection was switched on. */
  let isOlder = false;

  const msOf = (count: number) => count / current.bytesPerMs;
  const drop = (count: number) => {
    bytes.copyWithin(0, count, byteCount);
    byteCount -= count;
    scannedBytes = Math.max(0, scannedBytes - count);
    startMs += msOf(count);
  };
  const clear = () => {
    drop(byteCount);
    isOlder = false;
    vad?.reset();
  };
  const take = (count: number) => {
    const taken = Uint8Array.from(bytes.subarray(0, count));
    drop(count);
    isOlder = false;
    return taken;
  };

  // While nobody speaks only the prefix is worth keeping: the server lets older silence go.
  const trim = () => {
    if (detection === null || vad === null || vad.isSpeech || isOlder) return;
    const keptMs = prefixMsOf(detection) + ONSET_MS;
    const excessMs = Math.floor((msOf(scannedBytes) - keptMs) / VAD_FRAME_MS) * VAD_FRAME_MS;
    if (excessMs > 0) drop(excessMs * current.bytesPerMs);
  };

  const scan = () => {
    const frameBytes = VAD_FRAME_MS * current.bytesPerMs;
    while (vad !== null && detection !== null && scannedBytes + frameBytes <= byteCount) {
      const frame = bytes.subarray(scannedBytes, scannedBytes + frameBytes);
      scannedBytes += frameBytes;
      const change = vad.onFrame(decodeAudio(current, frame));
      const positionMs = startMs + msOf(scannedBytes);
      if (change === "started") {
        const onsetMs = positionMs - ONSET_MS - prefixMsOf(detection);
        const excess = Math.max(0, onsetMs - startMs) * current.bytesPerMs;
        if (!isOlder) drop(Math.min(excess, scannedBytes));
        listener.onSpeechStarted(Math.round(startMs));
      } else if (change === "stopped") {
        listener.onSpeechStopped(Math.round(positionMs));
      }
      trim();
    }
  };

  return {
    bufferedMs: () => msOf(byteCount),
    append(chunk) {
      if (byteCount + chunk.length > bytes.length) {
        const grown = Buffer.alloc(Math.max(byteCount + chunk.length, bytes.length * 2));
        bytes.copy(grown, 0, 0, byteCount);
        bytes = grown;
      }
      bytes.set(chunk, byteCount);
      byteCount += chunk.length;
      scan();
    },
    takeTurn: () => take(scannedBytes),
    takeAll: () => take(byteCount),
    clear,
    setForm(next) {
      if (next.type === current.type) return;
      clear();
      current = next;
    },
    setTurnDetection(next) {
      isOlder ||= detection === null && byteCount > 0;
      detection = next;
      vad = next === null ? null : createEnergyVad(next);
      scannedBytes = byteCount;
    },
  };
}
