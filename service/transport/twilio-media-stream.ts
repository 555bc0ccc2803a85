// A phone call over Twilio Media Streams, or a platform that speaks the same.
// On the frame's way: the first station of the caller's audio and the last of the agent's.
//
//   WAITS_START --start--> RUNS --stop--> ENDING      (media first, start twice, another stream: 1008)
//
// Twilio keeps what we send and plays it in order; a `mark` behind audio comes back when it has
// been played, or at once after a `clear`. A mark therefore carries its generation, item and
// samples in its name, and the call counts only those of the newest generation.
// Source: protocol of Media Streams (connected, start, media, dtmf, mark, stop; media, mark,
// clear).
import { CLOSE, type CloseCode } from "../contract/call-terms.ts";
import type { Clock } from "../contract/clock.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type { CallOpener, CallPort, CallRequest, Transport } from "../contract/transport.ts";
import { ODD_MESSAGES_MAX, TWILIO_MARK_SPACING_MS, TWILIO_MEDIA_MS_MAX } from "../limits.ts";
import {
  type TwilioMessage,
  type TwilioWriter,
  base64Bytes,
  createTwilioMedia,
  createTwilioWriter,
  decodeTwilioMessage,
  markName,
  parseMarkName,
  scanTwilioMedia,
} from "../wire/twilio-messages.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { type InflowLimit, createInflowLimit } from "./inflow-limit.ts";
import type { CallerStream } from "./protobuf-stream.ts";
import { sampleBytes } from "./start-check.ts";
import type { BadInput, Traffic } from "./traffic.ts";
import { TWILIO_FORMATS_ALLOWED, phoneRequest, twilioFormat } from "./twilio-format.ts";
import type { TwilioPass } from "./twilio-tokens.ts";

interface TwilioStreamOptions {
  readonly connection: CallerConnection;
  readonly opener: CallOpener;
  readonly clock: Clock;
  readonly traffic: Traffic;
  /** What the path's token stood for; null on the plain path. */
  readonly pass: TwilioPass | null;
}

type TwilioStart = Extract<TwilioMessage, { kind: "start" }>;

const PROBE_MARK = "vb:probe";

/** The state machine of one Media Streams socket. */
export function createTwilioStream(options: TwilioStreamOptions): CallerStream & Transport {
  return new TwilioStream(options);
}

class TwilioStream implements CallerStream, Transport {
  readonly kind = "twilio";
  readonly #connection: CallerConnection;
  readonly #opener: CallOpener;
  readonly #clock: Clock;
  readonly #traffic: Traffic;
  readonly #pass: TwilioPass | null;
  readonly #inflow: InflowLimit;
  readonly #media = createTwilioMedia();
  #streamSid = "";
  #writer: TwilioWriter = createTwilioWriter("");
  #request: CallRequest | null = null;
  #port: CallPort | null = null;
  #isEnding = false;
  #bytesPerMs = 8;
  #sampleBytes = 1;
  #chunkLast = 0;
  #invalidInRow = 0;
  /** Audio of this item sent since its last mark. */
  #unmarkedBytes = 0;
  #markedItem = -1;
  #markedSamples = -1;

  constructor({ connection, opener, clock, traffic, pass }: TwilioStreamOptions) {
    this.#connection = connection;
    this.#opener = opener;
    this.#clock = clock;
    this.#traffic = traffic;
    this.#pass = pass;
    this.#inflow = createInflowLimit(clock.nowMs());
    // Twilio sends nothing while some calls are muted; an echoed mark shows that it is there.
    connection.onQuiet(() => connection.sendText(this.#writer.mark(PROBE_MARK)));
  }

  onMessage(message: string | Uint8Array): void {
    if (this.#connection.isOver()) return;
    this.#connection.noteMessage();
    if (typeof message !== "string") {
      this.#end(CLOSE.WRONG_KIND, "wrong_kind", "messages must be text");
    } else if (!this.#inflow.takeMessage(this.#clock.nowMs())) {
      this.#end(CLOSE.TOO_FAST, "too_fast", "too many messages");
    } else if (this.#port !== null && scanTwilioMedia(message, this.#streamSid, this.#media)) {
      const { payload, chunk, timestampMs } = this.#media;
      this.#takeMedia(this.#port, payload, chunk, timestampMs);
    } else {
      this.#takeDecoded(decodeTwilioMessage(message), message.length);
    }
  }

  sendAudio(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    generation: number,
  ): SendResult {
    const result = this.#connection.sendText(this.#writer.media(frame));
    if (result === SEND.DROPPED) return result;
    if (item !== this.#markedItem) {
      this.#markedItem = item;
      this.#markedSamples = -1;
      this.#unmarkedBytes = 0;
    }
    this.#unmarkedBytes += frame.length;
    if (this.#unmarkedBytes >= TWILIO_MARK_SPACING_MS * this.#bytesPerMs) {
      const samples = positionSamples + frame.length / this.#sampleBytes;
      this.#sendMark(item, samples, generation);
    }
    return result;
  }

  sendItemEnd(item: number, samples: number, generation: number): void {
    const isMarked = item === this.#markedItem && samples === this.#markedSamples;
    if (!isMarked) this.#sendMark(item, samples, generation);
  }

  sendClear(_generation: number): SendResult {
    this.#markedItem = -1;
    return this.#connection.sendText(this.#writer.clear);
  }

  sendNotice(): void {
    // Twilio takes media, mark and clear, and counts anything else as an error.
  }

  close(code: CloseCode, reason: string): void {
    this.#connection.end(code, reason);
  }

  #sendMark(item: number, samples: number, generation: number): void {
    this.#connection.sendText(this.#writer.mark(markName({ item, samples, generation })));
    this.#markedItem = item;
    this.#markedSamples = samples;
    this.#unmarkedBytes = 0;
  }

  #takeDecoded(message: TwilioMessage, characters: number): void {
    const payloadCharacters = message.kind === "media" ? message.payload.length : 0;
    if (this.#inflow.takeOverhead(characters - payloadCharacters)) {
      this.#take(message);
    } else {
      this.#end(CLOSE.TOO_FAST, "too_fast", "too many messages");
    }
  }

  #take(message: TwilioMessage): void {
    switch (message.kind) {
      case "undecodable":
        this.#end(CLOSE.UNDECODABLE, "undecodable", "message cannot be decoded");
        return;
      case "unknown":
        this.#traffic.noteBadInput("unknown_message");
        return;
      case "connected":
        return;
      case "start":
        this.#start(message);
        return;
      default:
        this.#takeRunning(message);
        return;
    }
  }

  #takeRunning(
    message: Extract<TwilioMessage, { kind: "media" | "dtmf" | "mark" | "stop" }>,
  ): void {
    const port = this.#port;
    if (port === null) {
      this.#end(CLOSE.ORDER_BROKEN, "order_broken", "the first message must be start");
      return;
    }
    if (message.streamSid !== this.#streamSid) {
      this.#end(CLOSE.ORDER_BROKEN, "order_broken", "streamSid is another stream's");
      return;
    }
    if (this.#isEnding) {
      this.#traffic.noteBadInput("after_end");
      return;
    }
    switch (message.kind) {
      case "media":
        // A fork of the call carries our own voice too; only the caller's is for us.
        if (message.track !== "inbound") {
          this.#traffic.noteBadInput("track_ignored");
          return;
        }
        this.#takeMedia(port, message.payload, message.chunk, message.timestampMs);
        return;
      case "dtmf":
        port.onDtmf(message.digit);
        return;
      case "mark":
        this.#takeMark(port, message.name);
        return;
      case "stop":
        this.#isEnding = true;
        port.onEnd("stop");
        return;
    }
  }

  #takeMark(port: CallPort, name: string): void {
    if (name === PROBE_MARK) return;
    const mark = parseMarkName(name);
    if (mark === null) {
      this.#traffic.noteBadInput("mark_unknown");
      return;
    }
    port.onPlayed(mark.item, mark.samples, mark.generation);
  }

  #start(start: TwilioStart): void {
    if (this.#request !== null) {
      this.#end(CLOSE.ORDER_BROKEN, "order_broken", "start must come once");
      return;
    }
    const pass = this.#pass;
    if (pass !== null && start.callSid !== pass.callSid) {
      this.#refuse("start names another call than the URL");
      return;
    }
    const format = twilioFormat(start);
    if (format === null) {
      this.#refuse(TWILIO_FORMATS_ALLOWED);
      return;
    }
    const request = phoneRequest(start.callSid, format, start.customParameters);
    if (request === null) {
      this.#refuse("too many or too long custom parameters");
      return;
    }
    this.#request = { ...request, callerKey: pass?.callerKey ?? "" };
    this.#streamSid = start.streamSid;
    this.#writer = createTwilioWriter(start.streamSid);
    this.#sampleBytes = sampleBytes(format.encoding);
    this.#bytesPerMs = (format.rateHz / 1_000) * this.#sampleBytes;
    const opened = this.#opener.open(this.#request, this, pass?.id);
    if (!("refusal" in opened)) {
      this.#port = opened;
      this.#connection.attach(opened);
    } else if (opened.refusal === "internal") {
      this.#connection.end(CLOSE.OUR_BUG, "internal error");
    } else {
      this.#refuse(opened.message);
    }
  }

  #refuse(reason: string): void {
    this.#end(CLOSE.START_REFUSED, "start_refused", reason);
  }

  #takeMedia(port: CallPort, payload: string, chunk: number, timestampMs: number): void {
    if (this.#isEnding) {
      this.#traffic.noteBadInput("after_end");
      return;
    }
    const bytes = base64Bytes(payload);
    const isWhole = bytes > 0 && bytes % this.#sampleBytes === 0;
    if (!isWhole || bytes > TWILIO_MEDIA_MS_MAX * this.#bytesPerMs) {
      this.#traffic.noteBadInput("media_invalid");
      this.#invalidInRow += 1;
      if (this.#invalidInRow >= ODD_MESSAGES_MAX) {
        this.#connection.end(CLOSE.UNDECODABLE, "media payloads are not audio");
      }
      return;
    }
    this.#invalidInRow = 0;
    if (chunk <= this.#chunkLast) {
      this.#traffic.noteBadInput("sequence_repeated");
      return;
    }
    if (chunk > this.#chunkLast + 1) this.#traffic.noteBadInput("sequence_gap");
    this.#chunkLast = chunk;
    if (!this.#inflow.takeAudio(bytes / this.#bytesPerMs, timestampMs, this.#clock.nowMs())) {
      this.#end(CLOSE.TOO_FAST, "too_fast", "audio comes faster than real time allows");
      return;
    }
    port.onAudioBase64(payload, timestampMs);
  }

  #end(code: CloseCode, kind: BadInput, reason: string): void {
    this.#traffic.noteBadInput(kind);
    this.#connection.end(code, reason);
  }
}
