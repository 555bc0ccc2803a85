// The caller's side of a call: what a transport offers the call, and what it tells it.
// Order: the transport accepts a start, asks the service to open a call (CallOpener), then calls
// CallPort until it has called onClosed once. The call talks back through Transport until it has
// called close once. Everything is synchronous; nothing here awaits.
import type { CallerEncoding, CallerRateHz } from "./core.ts";
import type { CloseCode, EndReason, LaneName, TurnDetection } from "./call-terms.ts";
import type { CallLatencyFigures } from "./latency.ts";
import type { SendResult } from "./send-result.ts";
import type { StageLatency } from "./upstream.ts";

export type TransportKind = "protobuf" | "json" | "twilio";

/** What a caller asks for; already checked by the transport against what exists. */
export interface CallRequest {
  readonly transport: TransportKind;
  readonly encoding: CallerEncoding;
  readonly rateHz: CallerRateHz;
  readonly channels: 1 | 2;
  /** undefined: the configured default. */
  readonly lane: LaneName | undefined;
  readonly turnDetection: TurnDetection | undefined;
  readonly voice: string | undefined;
  readonly instructions: string | undefined;
  readonly greeting: string | undefined;
  readonly isGreetingProtected: boolean | undefined;
  readonly vadEngine: string | undefined;
  readonly metadata: ReadonlyMap<string, string>;
  /** A JWT of the operator's backend that names the caller; checked beside the call's opening. */
  readonly callerToken: string | undefined;
  /** The caller's key where the door itself vouches for who it is (a signed webhook's number). */
  readonly callerKey?: string;
  /** The API key's short fingerprint, for limits and logs; "" where there is none. */
  readonly keyId: string;
}

/**
 * Typed news for the caller's side; never per frame. Positions and times in ms, ids as on the wire.
 */
export type CallNotice =
  | {
      readonly kind: "started";
      readonly callId: string;
      readonly lane: LaneName;
      readonly turnDetection: TurnDetection;
      readonly upstream: string;
      readonly model: string;
      readonly voice: string;
      readonly vadEngine: string;
    }
  | {
      readonly kind: "receipt";
      readonly item: number;
      /** At the caller's rate. */
      readonly heardSamples: number;
      readonly heardMs: number;
      readonly isEstimated: boolean;
      readonly isComplete: boolean;
    }
  | { readonly kind: "speech_started"; readonly turnId: number; readonly positionMs: number }
  | { readonly kind: "speech_ended"; readonly turnId: number; readonly positionMs: number }
  | {
      readonly kind: "turn_committed";
      readonly turnId: number;
      readonly startMs: number;
      readonly endMs: number;
    }
  | { readonly kind: "response_started"; readonly turnId: number; readonly responseId: string }
  | {
      readonly kind: "response_done";
      readonly turnId: number;
      readonly responseId: string;
      readonly status: string;
    }
  | {
      readonly kind: "barge_in";
      readonly item: number;
      readonly heardMs: number;
      readonly turnId: number;
    }
  | {
      readonly kind: "transcript";
      readonly speaker: "caller" | "agent";
      readonly text: string;
      readonly isFinal: boolean;
      readonly turnId: number;
      readonly item: number;
    }
  | {
      readonly kind: "tool_status";
      readonly toolCallId: string;
      readonly name: string;
      readonly state: "started" | "done" | "failed";
    }
  | {
      readonly kind: "turn_latency";
      readonly turnId: number;
      readonly endpointMs: number;
      readonly commitMs: number;
      readonly modelMs: number;
      readonly perceivedMs: number;
      /** For so long the answer was there before its turn was known to be over (S1-68). */
      readonly heldMs?: number;
      /** Only of an upstream of several engines. */
      readonly stages?: StageLatency;
    }
  /** Of the whole call; just before it ends. */
  | ({ readonly kind: "latency" } & CallLatencyFigures)
  /** The upstream was lost (`upstream_reconnecting`) and is there again. */
  | { readonly kind: "upstream_restored"; readonly lostMs: number }
  | { readonly kind: "going_away"; readonly deadlineMs: number }
  | { readonly kind: "error"; readonly code: string; readonly message: string }
  | {
      readonly kind: "ended";
      readonly reason: EndReason;
      readonly durationMs: number;
      readonly inputTokens: number;
      readonly outputTokens: number;
    };

/** What the call may do to its caller. */
export interface Transport {
  readonly kind: TransportKind;
  /**
   * One 20 ms frame in the caller's format, a view of core memory: copy or send before returning.
   * `positionSamples` is at the caller's rate within `item`. The transport adds its own marks.
   */
  sendAudio(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    generation: number,
  ): SendResult;
  /**
   * The last frame of `item` has been sent: place the closing mark. samples: its length, caller's
   * rate.
   */
  sendItemEnd(item: number, samples: number, generation: number): void;
  /** Drop what the far end holds; later frames carry `generation`. */
  sendClear(generation: number): SendResult;
  sendNotice(notice: CallNotice): void;
  /** Closes the socket after what was sent. Further calls are ignored. */
  close(code: CloseCode, reason: string): void;
}

/** What a transport tells its call. Never throws into the transport. */
export interface CallPort {
  /**
   * Bytes [start, end) of `message` in the caller's format, whole or broken frames.
   * captureMs: the caller's clock at the first sample (decision 16 fills jumps); -1 if unknown.
   */
  onAudio(message: Uint8Array, start: number, end: number, captureMs: number): void;
  /** The same as base64 text, straight into core memory (Twilio). */
  onAudioBase64(payload: string, captureMs: number): void;
  /** The far end has played `samples` (caller's rate) of `item`. Older generations do not count. */
  onPlayed(item: number, samples: number, generation: number): void;
  onInterrupt(): void;
  onEndOfTurn(): void;
  onText(text: string): void;
  onDtmf(digits: string): void;
  onUpdate(lane: LaneName | undefined, turnDetection: TurnDetection | undefined): void;
  onEnd(reason: string): void;
  /** The socket is gone; nothing more comes. */
  onClosed(): void;
}

/** Why a call could not be opened; the transport turns it into a status or close code. */
export type CallRefusal = "full" | "draining" | "key_limit" | "start_refused" | "internal";

export interface RefusedCall {
  readonly refusal: CallRefusal;
  readonly message: string;
}

/** How a transport opens a call. */
export interface CallOpener {
  /** True when one more call of this key would be admitted now (asked before an upgrade). */
  admission(keyId: string): CallRefusal | null;
  /**
   * Dials the upstream ahead of the call (Twilio's webhook); `token` names it in `open`.
   * Forgotten by itself when no call takes it within 60 s.
   */
  prepare(token: string, request: CallRequest): void;
  /** Opens the call, or says why not. `token` as in prepare, undefined otherwise. */
  open(
    request: CallRequest,
    transport: Transport,
    token: string | undefined,
  ): CallPort | RefusedCall;
}
