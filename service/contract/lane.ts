// The contract that every lane fulfils (S0-19, D-39): start, send audio, close. Synchronous, since
// S0-10 forbids an await where S0-19's sketch has one. One conformance suite runs on every lane.
import type { EngineListener } from "./audio-engine.ts";
import type { LaneName } from "./call-terms.ts";
import type { SendResult } from "./send-result.ts";
import type { UpstreamListener } from "./upstream.ts";

export interface Lane {
  readonly name: LaneName;
  /** Opens the stream. -> its id. Once. */
  start(): string;
  /**
   * Bytes [start, end) of `message` in the caller's format. -> what became of it.
   * SENT: its newest whole frame is on its way to the model, and all before it of the same speech.
   * BUFFERED: kept: silence under local detection, speech that goes out gathered with the next
   * frames, part of a frame, or the upstream takes nothing now.
   * DROPPED: the lane is not open, or the audio came too late for its place.
   */
  sendAudio(message: Uint8Array, start: number, end: number, captureMs: number): SendResult;
  /** Ends the stream and frees what it holds. Idempotent. */
  close(): void;
}

/** A lane as a call drives it: fed by transport, engine and upstream. */
export interface CallLane extends Lane, EngineListener, UpstreamListener {
  /** As sendAudio, for audio that comes as base64. */
  sendAudioBase64(payload: string, captureMs: number): SendResult;
}
