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
import { FRAMES_PER_SECOND } from "../limits.ts";
import {
  AUDIO_READ,
  type AgentAudioWriter,
  createAgentAudioWriter,
  createCallerAudioSpan,
  readCallerAudio,
} from "../wire/audio-frame-codec.ts";
import {
  type ClientMessage,
  type StartMessage,
  decodeClientFrame,
  decodeClientJson,
} from "../wire/client-frame.ts";
import {
  type ServerMessage,
  agentAudioMessage,
  clearMessage,
  encodeServerFrame,
  encodeServerJson,
  noticeMessage,
} from "../wire/server-frame.ts";
import { type CallerAudioIntake, INTAKE, createCallerAudioIntake } from "./caller-audio-intake.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { type InflowLimit, createInflowLimit } from "./inflow-limit.ts";
import { checkStart, sampleBytes, startAllowed } from "./start-check.ts";
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
  readonly #span = createCallerAudioSpan();
  /** Codes of `error` notices already sent for bad input: each is told once per call. */
  readonly #told = new Set<string>();
  #request: CallRequest | null = null;
  #port: CallPort | null = null;
  #intake: CallerAudioIntake | null = null;
  #writer: AgentAudioWriter | null = null;
  #isEnding = false;
  #sequence = 0;

  constructor(options: ProtobufStreamOptions) {
    this.kind = options.kind;
    this.#connection = options.connection;
    this.#opener = options.opener;
    this.#clock = options.clock;
    this.#traffic = options.traffic;
    this.#keyId = options.keyId;
    this.#lanes = options.lanes;
    this.#inflow = createInflowLimit(options.clock.nowMs());
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
      this.#take(decodeClientJson(message));
    } else if (readCallerAudio(message, this.#span) === AUDIO_READ.OK) {
      const { start, end, sequence, captureMs } = this.#span;
      this.#takeAudio(message, start, end, sequence, captureMs);
    } else {
      this.#take(decodeClientFrame(message));
    }
  }

  sendAudio(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    generation: number,
  ): SendResult {
    const sequence = this.#sequence;
    // Counted even when dropped: the caller sees what it missed as a jump.
    this.#sequence += 1;
    if (this.#writer !== null && this.kind === "protobuf") {
      const bytes = this.#writer.write(frame, item, sequence, positionSamples, generation);
      return this.#connection.sendBinary(bytes);
    }
    return this.#send(agentAudioMessage(frame, item, sequence, positionSamples, generation));
  }

  sendItemEnd(): void {
    // Callers report with `played`; there is no mark to place.
  }

  sendClear(generation: number): SendResult {
    return this.#send(clearMessage(generation));
  }

  sendNotice(notice: CallNotice): void {
    const format = this.#request ?? { encoding: "pcm16", rateHz: 0, channels: 0 };
    this.#send(noticeMessage(notice, format));
  }

  close(code: CloseCode, reason: string): void {
    this.#connection.end(code, reason);
  }

  #send(message: ServerMessage): SendResult {
    if (this.kind === "json") return this.#connection.sendText(encodeServerJson(message));
    return this.#connection.sendBinary(encodeServerFrame(message));
  }

  #take(message: ClientMessage): void {
    switch (message.kind) {
      case "undecodable":
        return this.#end(CLOSE.UNDECODABLE, "undecodable", "message cannot be decoded");
      case "unknown":
        return this.#traffic.noteBadInput("unknown_message");
      case "start":
        return this.#start(message);
      case "audio":
        return this.#takeAudio(
          message.data,
          0,
          message.data.length,
          message.sequence,
          message.captureMs,
        );
      default:
        return this.#takeControl(message);
    }
  }

  #takeControl(message: Exclude<ClientMessage, { kind: "start" | "audio" | "undecodable" }>): void {
    const port = this.#running();
    if (port === null) return;
    switch (message.kind) {
      case "played":
        return port.onPlayed(message.item, message.samples, message.generation);
      case "interrupt":
        return port.onInterrupt();
      case "end_of_turn":
        return port.onEndOfTurn();
      case "text":
        return port.onText(message.text);
      case "dtmf":
        return port.onDtmf(message.digits);
      case "update":
        return port.onUpdate(message.lane, message.turnDetection);
      case "end":
        this.#isEnding = true;
        return port.onEnd(message.reason);
      case "refused":
        return this.#tell("value_refused", message.code, message.message);
      case "unknown":
        return;
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
      return this.#end(CLOSE.ORDER_BROKEN, "order_broken", "start must come once");
    }
    const { kind: transport } = this;
    const request = checkStart(start, { transport, keyId: this.#keyId, lanes: this.#lanes });
    if (typeof request === "string") return this.#refuse(request);
    const { encoding, rateHz, channels } = request;
    this.#request = request;
    this.#writer = createAgentAudioWriter(
      (rateHz / FRAMES_PER_SECOND) * channels * sampleBytes(encoding),
    );
    this.#intake = createCallerAudioIntake({
      encoding,
      rateHz,
      channels,
      inflow: this.#inflow,
      traffic: this.#traffic,
    });
    const opened = this.#opener.open(request, this, undefined);
    if (!("refusal" in opened)) {
      this.#port = opened;
      this.#connection.attach(opened);
    } else if (opened.refusal === "internal") {
      this.#connection.end(CLOSE.OUR_BUG, "internal error");
    } else {
      this.#refuse(opened.message, opened.refusal);
    }
  }

  #refuse(message: string, code = "start_refused"): void {
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
        return port.onAudio(message, start, end, intake.captureMs());
      case INTAKE.DROP:
        return;
      case INTAKE.ODD: {
        const text = "Cannot take audio: a message must hold whole samples of every channel";
        return this.#tellOnce("odd_bytes", text);
      }
      case INTAKE.ODD_TOO_OFTEN:
        return this.#connection.end(CLOSE.UNDECODABLE, "audio messages hold broken samples");
      case INTAKE.NON_FINITE:
        return this.#connection.end(CLOSE.UNDECODABLE, "over 1 % of the samples are not finite");
      case INTAKE.TOO_FAST:
        return this.#connection.end(CLOSE.TOO_FAST, "audio comes faster than real time allows");
    }
  }

  #tell(kind: BadInput, code: string, message: string): void {
    this.#traffic.noteBadInput(kind);
    this.#tellOnce(code, message);
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
