// A backend's call on /v1/stream: protobuf in binary messages, or the same as JSON in text.
// On the frame's way: the first station of the caller's audio and the last of the agent's.
//
//   WAITS_START --start--> RUNS --end--> ENDING      (anything out of order: 1008)
//
// Rules are those of docs/protocol.md; each breach is counted, answered with one `error` or a close
// code, and never thrown.
import { CLOSE, type CloseCode, type LaneName } from "../contract/call-terms.ts";
import type { Clock } from "../contract/clock.ts";
import type { SendResult } from "../contract/send-result.ts";
import type {
  CallNotice,
  CallOpener,
  CallPort,
  CallRequest,
  Transport,
} from "../contract/transport.ts";
import { AUDIO_READ, createCallerAudioSpan, readCallerAudio } from "../wire/audio-frame-codec.ts";
import {
  type ClientMessage,
  decodeClientFrame,
  decodeClientJson,
  type StartMessage,
} from "../wire/client-frame.ts";
import { type CallerAudioIntake, createCallerAudioIntake, INTAKE } from "./caller-audio-intake.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { createInflowLimit, type InflowLimit } from "./inflow-limit.ts";
import { checkStart, startAllowed } from "./start-check.ts";
import { createStreamOutput, type StreamOutput } from "./stream-output.ts";
import type { BadInput, Traffic } from "./traffic.ts";

/** What the listener drives: one per socket, whatever is spoken on it. */
export interface CallerStream {
  /** One whole message; text as a string. Throws only on a bug of ours. */
  onMessage(message: string | Uint8Array): void;
}

interface ProtobufStreamOptions {
  readonly kind: "protobuf" | "json";
  readonly connection: CallerConnection;
  readonly opener: CallOpener;
  readonly clock: Clock;
  readonly traffic: Traffic;
  readonly keyId: string;
  readonly lanes: readonly LaneName[];
}

type ControlMessage = Exclude<
  ClientMessage,
  { kind: "start" | "audio" | "unknown" | "undecodable" }
>;

/** The state machine of one socket that speaks `voxbridge.v1.proto` or `voxbridge.v1.json`. */
export function createProtobufStream(options: ProtobufStreamOptions): CallerStream & Transport {
  return new ProtobufStream(options);
}

class ProtobufStream implements CallerStream, Transport {
  readonly kind: "protobuf" | "json";
  readonly #connection: CallerConnection;
  readonly #opener: CallOpener;
  readonly #clock: Clock;
  readonly #traffic: Traffic;
  readonly #keyId: string;
  readonly #lanes: readonly LaneName[];
  readonly #inflow: InflowLimit;
  readonly #output: StreamOutput;
  readonly #span = createCallerAudioSpan();
  /** Codes of `error` notices already sent for bad input: each is told once per call. */
  readonly #told = new Set<string>();
  #request: CallRequest | null = null;
  #port: CallPort | null = null;
  #intake: CallerAudioIntake | null = null;
  #isEnding = false;

  constructor(options: ProtobufStreamOptions) {
    this.kind = options.kind;
    this.#connection = options.connection;
    this.#opener = options.opener;
    this.#clock = options.clock;
    this.#traffic = options.traffic;
    this.#keyId = options.keyId;
    this.#lanes = options.lanes;
    this.#inflow = createInflowLimit(options.clock.nowMs());
    this.#output = createStreamOutput(options.kind, options.connection);
  }

  onMessage(message: string | Uint8Array): void {
    if (this.#connection.isOver()) return;
    this.#connection.noteMessage();
    const isText = typeof message === "string";
    if (isText !== (this.kind === "json")) {
      const wanted = this.kind === "json" ? "text" : "binary";
      this.#end(CLOSE.WRONG_KIND, "wrong_kind", `messages must be ${wanted}`);
    } else if (!this.#inflow.takeMessage(this.#clock.nowMs())) {
      this.#end(CLOSE.TOO_FAST, "too_fast", "too many messages");
    } else if (isText) {
      this.#takeDecoded(decodeClientJson(message), message.length);
    } else if (readCallerAudio(message, this.#span) === AUDIO_READ.OK) {
      const { start, end, sequence, captureMs } = this.#span;
      this.#takeAudio(message, start, end, sequence, captureMs);
    } else {
      this.#takeDecoded(decodeClientFrame(message), message.length);
    }
  }

  sendAudio(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    generation: number,
  ): SendResult {
    return this.#output.sendAudio(frame, item, positionSamples, generation);
  }

  sendItemEnd(): void {
    // Callers report with `played`; there is no mark to place.
  }

  sendClear(generation: number): SendResult {
    return this.#output.sendClear(generation);
  }

  sendNotice(notice: CallNotice): void {
    this.#output.sendNotice(notice);
  }

  close(code: CloseCode, reason: string): void {
    this.#connection.end(code, reason);
  }

  /** sizeBytes: of the whole message, in JSON its characters. */
  #takeDecoded(message: ClientMessage, sizeBytes: number): void {
    // Half as much again leaves room for base64 and the envelope.
    const audioBytes = message.kind === "audio" ? message.data.length * 1.5 : 0;
    if (this.#inflow.takeOverhead(sizeBytes - audioBytes)) {
      this.#take(message);
    } else {
      this.#end(CLOSE.TOO_FAST, "too_fast", "too many messages");
    }
  }

  #take(message: ClientMessage): void {
    switch (message.kind) {
      case "undecodable":
        this.#end(CLOSE.UNDECODABLE, "undecodable", "message cannot be decoded");
        break;
      case "unknown":
        this.#traffic.noteBadInput("unknown_message");
        break;
      case "start":
        this.#start(message);
        break;
      case "audio": {
        const { data, sequence, captureMs } = message;
        this.#takeAudio(data, 0, data.length, sequence, captureMs);
        break;
      }
      default:
        this.#takeControl(message);
    }
  }

  #takeControl(message: ControlMessage): void {
    const port = this.#running();
    if (port === null) return;
    switch (message.kind) {
      case "played":
        port.onPlayed(message.item, message.samples, message.generation);
        break;
      case "interrupt":
        port.onInterrupt();
        break;
      case "end_of_turn":
        port.onEndOfTurn();
        break;
      case "text":
        port.onText(message.text);
        break;
      case "dtmf":
        port.onDtmf(message.digits);
        break;
      case "update":
        port.onUpdate(message.lane, message.turnDetection);
        break;
      case "end":
        this.#isEnding = true;
        port.onEnd(message.reason);
        break;
      case "refused":
        this.#traffic.noteBadInput("value_refused");
        this.#tellOnce(message.code, message.message);
    }
  }

  /** The port while the call runs; null, with the breach dealt with, before and after. */
  #running(): CallPort | null {
    if (this.#port === null) {
      this.#end(CLOSE.ORDER_BROKEN, "order_broken", "the first message must be start");
      return null;
    }
    if (this.#isEnding) {
      // What was on its way when the caller said `end`.
      this.#traffic.noteBadInput("after_end");
      return null;
    }
    return this.#port;
  }

  #start(start: StartMessage): void {
    if (this.#request !== null) {
      this.#end(CLOSE.ORDER_BROKEN, "order_broken", "start must come once");
      return;
    }
    const { kind: transport } = this;
    const request = checkStart(start, { transport, keyId: this.#keyId, lanes: this.#lanes });
    if (typeof request === "string") {
      this.#refuse("start_refused", request);
      return;
    }
    const { encoding, rateHz, channels } = request;
    this.#request = request;
    this.#output.useFormat(request);
    const shared = { inflow: this.#inflow, traffic: this.#traffic };
    this.#intake = createCallerAudioIntake({ encoding, rateHz, channels, ...shared });
    const opened = this.#opener.open(request, this, undefined);
    if (!("refusal" in opened)) {
      this.#port = opened;
      this.#connection.attach(opened);
    } else if (opened.refusal === "internal") {
      this.#connection.end(CLOSE.OUR_BUG, "internal error");
    } else {
      this.#refuse(opened.refusal, opened.message);
    }
  }

  /** The whole sentence goes into an `error`; a close frame holds only what is allowed. */
  #refuse(code: string, message: string): void {
    this.sendNotice({ kind: "error", code, message });
    const reason = code === "start_refused" ? startAllowed(this.#lanes) : message;
    this.#end(CLOSE.START_REFUSED, "start_refused", reason);
  }

  #takeAudio(
    message: Uint8Array,
    start: number,
    end: number,
    sequence: number,
    captureMs: number,
  ): void {
    const port = this.#running();
    const intake = this.#intake;
    if (port === null || intake === null) return;
    const result = intake.take(message, start, end, sequence, captureMs, this.#clock.nowMs());
    switch (result) {
      case INTAKE.PASS:
        port.onAudio(message, start, end, intake.captureMs());
        break;
      case INTAKE.DROP:
        break;
      case INTAKE.ODD:
        this.#tellOnce("odd_bytes", ODD_BYTES);
        break;
      case INTAKE.ODD_TOO_OFTEN:
        this.#connection.end(CLOSE.UNDECODABLE, "audio messages hold broken samples");
        break;
      case INTAKE.NON_FINITE:
        this.#connection.end(CLOSE.UNDECODABLE, "over 1 % of the samples are not finite");
        break;
      case INTAKE.TOO_FAST:
        this.#connection.end(CLOSE.TOO_FAST, "audio comes faster than real time allows");
    }
  }

  /** One `error` for each code: a caller that repeats a mistake need not be flooded. */
  #tellOnce(code: string, message: string): void {
    if (this.#told.has(code)) return;
    this.#told.add(code);
    this.sendNotice({ kind: "error", code, message });
  }

  #end(code: CloseCode, kind: BadInput, reason: string): void {
    this.#traffic.noteBadInput(kind);
    this.#connection.end(code, reason);
  }
}

const ODD_BYTES = "Cannot take audio: a message must hold whole samples of every channel";
