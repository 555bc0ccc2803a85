// One answer of the speech simulator: piece by piece on the injected clock, with its fault. Station:
// between speech-simulator.ts and the body of the HTTP response.
// Limits: the audio it is given, except for the endless fault, which ends when the client leaves.
import type { Clock, TimerHandle } from "../contract/clock.ts";

/** Ways to fail on demand. */
export type SpeechFault =
  | {
      readonly kind: "status";
      readonly status: number;
      readonly code?: string;
      readonly retryAfter?: string;
    }
  /** Never answers, not even its headers. */
  | { readonly kind: "silence" }
  /** The connection breaks after so many pieces. */
  | { readonly kind: "break"; readonly afterPieces: number }
  /** Nothing more after so many pieces, the connection stays. */
  | { readonly kind: "stall"; readonly afterPieces: number }
  /** Says that it is MP3. */
  | { readonly kind: "content_type" }
  | { readonly kind: "html" }
  /** A WAV file that nobody can play on a phone: 8 bit stereo. */
  | { readonly kind: "garbage" }
  /** All is well, and no audio. */
  | { readonly kind: "empty" }
  | { readonly kind: "endless" }
  /** Pieces of one byte, so that samples are torn. */
  | { readonly kind: "torn" };

export interface SpeechAnswerParts {
  readonly clock: Clock;
  readonly rateHz: number;
  readonly audio: Int16Array;
  readonly isWav: boolean;
  readonly fault: SpeechFault | undefined;
  readonly limits: {
    readonly firstAudioMs: number;
    readonly speed: number;
    readonly pieceMs: number;
  };
  /** Aborted when the client is gone. */
  readonly left: AbortSignal;
}

export interface SpeechAnswer {
  /** Resolves with the first audio, as a server's headers come that waits for its engine. */
  readonly response: Promise<Response>;
  /** Breaks the connection. */
  readonly end: () => void;
}

/** onOver: once, true when the client left before the end. */
export function createSpeechAnswer(
  parts: SpeechAnswerParts,
  onOver: (isLeft: boolean) => void,
): SpeechAnswer {
  const writer = new SpeechWriter(parts, onOver);
  parts.left.addEventListener("abort", () => writer.onLeft(), { once: true });
  return { response: writer.response(), end: () => writer.break() };
}

function contentTypeOf({ fault, isWav }: SpeechAnswerParts): string {
  if (fault?.kind === "content_type") return "audio/mpeg";
  if (fault?.kind === "html") return "text/html";
  return isWav || fault?.kind === "garbage" ? "audio/wav" : "audio/pcm";
}

class SpeechWriter {
  readonly #parts: SpeechAnswerParts;
  readonly #onOver: (isLeft: boolean) => void;
  readonly #bytes: Uint8Array;
  readonly #pieceBytes: number;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #timer: TimerHandle | null = null;
  #isOver = false;
  #pieces = 0;
  #sent = 0;

  constructor(parts: SpeechAnswerParts, onOver: (isLeft: boolean) => void) {
    const { audio, rateHz, isWav, fault, limits } = parts;
    this.#parts = parts;
    this.#onOver = onOver;
    const samples = new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength);
    const header =
      isWav || fault?.kind === "garbage" ? wavHeader(rateHz, fault?.kind === "garbage") : [];
    this.#bytes =
      fault?.kind === "empty"
        ? new Uint8Array(0)
        : Buffer.concat([Uint8Array.from(header), samples]);
    this.#pieceBytes = Math.round((rateHz * limits.pieceMs) / 1_000) * 2;
  }

  response(): Promise<Response> {
    const { fault, limits, clock } = this.#parts;
    return new Promise((resolve) => {
      if (fault?.kind === "silence") return;
      this.#timer = clock.setTimer(limits.firstAudioMs, () => {
        const body = new ReadableStream<Uint8Array>({
          start: (controller) => this.#start(controller),
          cancel: () => this.onLeft(),
        });
        const headers = { "content-type": contentTypeOf(this.#parts) };
        resolve(new Response(body, { headers }));
      });
    });
  }

  break(): void {
    const controller = this.#controller;
    this.#over(false);
    controller?.error(new Error("broken on demand"));
  }

  onLeft(): void {
    this.#over(true);
  }

  #start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#send();
  }

  /** One piece, or all of them when no time lies between two. */
  #send(): void {
    this.#timer = null;
    const { clock, limits, fault } = this.#parts;
    const isAtOnce = limits.speed === 0 && fault?.kind !== "endless";
    while (this.#controller !== null) {
      if (!this.#sendNext()) return;
      if (isAtOnce) continue;
      this.#timer = clock.setTimer(limits.pieceMs / Math.max(1, limits.speed), () => this.#send());
      return;
    }
  }

  /** -> false: nothing more comes by itself. */
  #sendNext(): boolean {
    const { fault } = this.#parts;
    if (fault?.kind === "break" && this.#pieces >= fault.afterPieces) {
      this.break();
      return false;
    }
    if (fault?.kind === "stall" && this.#pieces >= fault.afterPieces) return false;
    const piece = this.#bytes.slice(this.#sent, this.#sent + this.#pieceBytes);
    this.#sent += piece.length;
    this.#pieces += 1;
    if (fault?.kind === "torn") for (const byte of piece) this.#write(Uint8Array.of(byte));
    else if (piece.length > 0) this.#write(piece);
    if (this.#sent < this.#bytes.length) return true;
    if (fault?.kind === "endless") {
      this.#sent = 0;
      return true;
    }
    const controller = this.#controller;
    this.#over(false);
    controller?.close();
    return false;
  }

  #write(bytes: Uint8Array): void {
    this.#controller?.enqueue(bytes);
  }

  #over(isLeft: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#controller = null;
    if (this.#timer !== null) this.#parts.clock.clearTimer(this.#timer);
    this.#timer = null;
    this.#onOver(isLeft);
  }
}

/** Of a stream: its sizes are not known and made up. `isOdd`: 8 bit stereo. */
function wavHeader(rateHz: number, isOdd: boolean): Uint8Array {
  const bytes = Buffer.alloc(44);
  const [channels, bits] = isOdd ? [2, 8] : [1, 16];
  bytes.write("RIFF", 0, "latin1");
  bytes.writeUInt32LE(0xffff_ffff, 4);
  bytes.write("WAVEfmt ", 8, "latin1");
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(rateHz, 24);
  bytes.writeUInt32LE((rateHz * channels * bits) / 8, 28);
  bytes.writeUInt16LE((channels * bits) / 8, 32);
  bytes.writeUInt16LE(bits, 34);
  bytes.write("data", 36, "latin1");
  bytes.writeUInt32LE(0xffff_ffff, 40);
  return bytes;
}
