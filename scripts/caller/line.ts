// What a dialect of the caller's side must be able to say and to understand. A line has no socket,
// no clock and no sound: it turns acts of the caller into messages and messages into events.
import type { Lane, ServerFrame, TurnDetection } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "./audio-format.ts";
import type { EarFrame } from "./ear.ts";

export type LineMessage = string | Uint8Array<ArrayBuffer>;

/** What the service says besides audio; typed by the schema. */
export type Notice = Exclude<
  ServerFrame["message"],
  { case: "audio" } | { case: "clear" } | { case: undefined }
>;

export type LineEvent =
  | { readonly kind: "audio"; readonly frame: EarFrame }
  | { readonly kind: "clear"; readonly generation: number }
  | { readonly kind: "mark"; readonly name: string }
  | { readonly kind: "notice"; readonly notice: Notice }
  | { readonly kind: "unknown"; readonly text: string };

/** Names of the schema's enums; undefined: as it is. */
export interface LineUpdate {
  readonly lane?: Lane;
  readonly turnDetection?: TurnDetection;
}

export interface Line {
  readonly name: "protobuf" | "twilio";
  readonly format: AudioFormat;
  readonly subprotocols: readonly string[];
  /** True: the player's progress is reported by `played`; false: by echoed marks. */
  readonly isProgressReported: boolean;
  /** True: after `closing` the caller's side closes the socket; false: the service does. */
  readonly isClosedByCaller: boolean;
  /** Sent when the socket is open. */
  opening(): readonly LineMessage[];
  /** One chunk of audio whose first sample was captured at captureMs. */
  audio(data: Uint8Array, captureMs: number): LineMessage;
  /** A frame was lost on the way: the line counts it, nothing is sent. */
  lose(): void;
  digits(digits: string): readonly LineMessage[];
  closing(reason: string): readonly LineMessage[];
  played(item: number, samples: number, generation: number): LineMessage;
  markEcho(name: string): LineMessage;
  /** Null where the dialect has no such word. */
  text(text: string): LineMessage | null;
  interrupt(): LineMessage | null;
  endOfTurn(): LineMessage | null;
  /** Another lane or turn detection during the call. */
  update(change: LineUpdate): LineMessage | null;
  read(message: LineMessage): LineEvent;
}
