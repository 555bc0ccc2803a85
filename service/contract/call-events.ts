// What a call's bus carries: everything its caller is told and does, on either lane (S1-10); on the
// big lane the provider's own signals besides. Facts that have happened; nobody can stop or delay
// the reaction to them (D-40: react first by direct call, publish afterwards).
import type { CallNotice } from "./transport.ts";
import type { ResponseStatus, UpstreamClosure } from "./upstream.ts";

export type ProviderSignal =
  | { readonly kind: "provider_speech_started"; readonly audioMs: number }
  | { readonly kind: "provider_speech_stopped"; readonly audioMs: number }
  | { readonly kind: "provider_committed"; readonly itemId: string }
  | { readonly kind: "provider_error"; readonly code: string }
  | { readonly kind: "provider_lost"; readonly reason: UpstreamClosure["reason"] }
  | { readonly kind: "provider_restored" }
  | {
      readonly kind: "tool_called";
      readonly toolCallId: string;
      readonly name: string;
      readonly argumentsText: string;
    }
  | {
      readonly kind: "audio_ended";
      readonly responseId: string;
      readonly itemId: string;
    }
  | {
      readonly kind: "response_ended";
      readonly responseId: string;
      readonly status: ResponseStatus;
    };

/** What the caller's side does beside speaking; told when it has been done. */
export type CallerAct =
  | { readonly kind: "caller_text"; readonly text: string }
  | { readonly kind: "caller_digits"; readonly digits: string }
  | { readonly kind: "caller_interrupted" }
  | { readonly kind: "caller_ended_turn" };

export type CallEvent = CallNotice | CallerAct | ProviderSignal;
export type CallEventKind = CallEvent["kind"];

/** May be asynchronous: nobody waits for it; one that rejects is counted, as one that throws. */
export type CallEventHandler = (event: CallEvent) => unknown;

/** The typed event bus of one call (S4-C11, S4-54). */
export interface CallEvents {
  /** "*" hears every kind. -> id for unsubscribe. */
  subscribe(kind: CallEventKind | "*", handler: CallEventHandler): number;
  /** An unknown id is ignored. */
  unsubscribe(id: number): void;
  /** Says something to every subscriber; a throw of one is counted and stops no other. */
  emit(event: CallEvent): void;
  /** The next event of that kind; null after waitMsMax, or when the call ends first. */
  waitFor(kind: CallEventKind, waitMsMax: number): Promise<CallEvent | null>;
}

/**
 * One station between the conversation and the caller's side of the big lane. Stages stand in
 * order; each sees what the one before let through. Synchronous; a throw takes the stage out and is
 * counted.
 */
export interface CallStage {
  readonly name: string;
  /** -> the notice to pass on, as it is or changed, or null to keep it from the caller. */
  onNotice(notice: CallNotice): CallNotice | null;
}
