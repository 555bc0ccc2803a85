// Opens, counts, drains and ends calls: the CallOpener that transports talk to (decision 21).
// Station: between admission in the transports and call.ts; made once by main.
// Limits: callsMax, callsPerKeyMax; at most callsMax upstreams dialled ahead of their call, each
// forgotten after PREPARED_MS.
import { Call } from "./call.ts";
import type { CallMemories } from "./call-memories.ts";
import type { LatencyBudgets } from "./call-latency.ts";
import type { CallRecordings } from "./call-line.ts";
import type { CallMeters } from "./call-meters.ts";
import type { CallEvents, CallStage } from "./contract/call-events.ts";
import { CLOSE } from "./contract/call-terms.ts";
import type { AudioEngine, EngineListener } from "./contract/audio-engine.ts";
import type { Clock, Random, TimerHandle } from "./contract/clock.ts";
import type { LiveCall } from "./contract/live-call.ts";
import type { Log } from "./contract/log.ts";
import type {
  CallOpener,
  CallPort,
  CallRefusal,
  CallRequest,
  RefusedCall,
  Transport,
} from "./contract/transport.ts";
import type { Tracing } from "./contract/tracing.ts";
import type { TurnEndVoter } from "./contract/turn-end-vote.ts";
import type { UpstreamFactory } from "./contract/upstream.ts";
import type { VadModels } from "./contract/vad-model.ts";
import type { CallRecord } from "./call-record.ts";
import { type CallPlan, isRefused, negotiate, type NegotiateSettings } from "./call-plan.ts";
import { liveCallOf } from "./call-live.ts";
import type { BusinessContext, CallThinkingParts, ThinkingParts } from "./call-thinking.ts";
import { EarlyUpstream } from "./upstream/early-upstream.ts";

/** Twilio connects within a second of its webhook; the token lives 60 s, so does the upstream. */
const PREPARED_MS = 60_000;
const CALL_ID_BYTES = 12;

export interface CallServiceSettings extends NegotiateSettings {
  readonly callsMax: number;
  /** 0: as many as callsMax. */
  readonly callsPerKeyMax: number;
  readonly callMinutesMax: number;
  readonly latencyBudgets: LatencyBudgets;
  /** What the agent is told to say when time is up or the service stops; "" to say nothing. */
  readonly goodbye: string;
}

export interface CallServiceDeps {
  readonly settings: CallServiceSettings;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly models: VadModels;
  readonly upstreamName: string;
  readonly upstreamFactory: UpstreamFactory;
  readonly openEngine: (plan: CallPlan, listener: EngineListener) => AudioEngine | null;
  readonly metersFor: (plan: CallPlan) => CallMeters;
  readonly tracing: Tracing;
  /** What calls know and write down of their callers; left out: nothing. */
  readonly memories?: CallMemories;
  readonly recordings: CallRecordings;
  /** For programs that embed the service: stages and events of calls on the big lane. */
  readonly stages?: readonly CallStage[];
  /** Who is asked at a silence whether the caller's turn is over; without, the silence decides. */
  readonly turnEndVoter?: TurnEndVoter;
  /** A call was opened; what may be asked of it and changed about it. */
  readonly onCall?: (call: LiveCall) => void;
  readonly onEvents?: (callId: string, events: CallEvents) => void;
  /** null or left out: no thinkers are configured. */
  readonly thinking?: ThinkingParts | null;
  /** For programs that embed the service: what their own data say of a call (S1-43). */
  readonly lookUp?: (request: CallRequest, signal: AbortSignal) => Promise<BusinessContext>;
}

interface Prepared {
  readonly upstream: EarlyUpstream;
  readonly timer: TimerHandle;
}

export class CallService implements CallOpener {
  readonly #deps: CallServiceDeps;
  readonly #calls = new Map<string, { readonly call: Call; readonly keyId: string }>();
  readonly #callsOfKey = new Map<string, number>();
  readonly #prepared = new Map<string, Prepared>();
  #isDraining = false;
  #onEmpty: (() => void) | null = null;

  constructor(deps: CallServiceDeps) {
    this.#deps = deps;
  }

  callsOpen(): number {
    return this.#calls.size;
  }

  isDraining(): boolean {
    return this.#isDraining;
  }

  admission(keyId: string): CallRefusal | null {
    const { callsMax, callsPerKeyMax } = this.#deps.settings;
    if (this.#isDraining) return "draining";
    if (this.#calls.size >= callsMax) return "full";
    const ofKey = this.#callsOfKey.get(keyId) ?? 0;
    if (keyId !== "" && callsPerKeyMax > 0 && ofKey >= callsPerKeyMax) return "key_limit";
    return null;
  }

  prepare(token: string, request: CallRequest): void {
    const { settings, models, clock, upstreamFactory } = this.#deps;
    if (this.#isDraining || this.#prepared.size >= settings.callsMax) return;
    const plan = negotiate(request, settings, models, this.#deps.thinking ?? null);
    if (isRefused(plan)) return;
    const upstream = new EarlyUpstream(upstreamFactory, plan.session);
    const timer = clock.setTimer(PREPARED_MS, () => this.#forgetPrepared(token));
    this.#prepared.set(token, { upstream, timer });
  }

  open(
    request: CallRequest,
    transport: Transport,
    token: string | undefined,
  ): CallPort | RefusedCall {
    const refusal = this.admission(request.keyId);
    if (refusal !== null) return { refusal, message: REFUSAL_TEXT[refusal] };
    const plan = negotiate(
      request,
      this.#deps.settings,
      this.#deps.models,
      this.#deps.thinking ?? null,
    );
    if (isRefused(plan)) return plan;
    const upstream = this.#takePrepared(token) ?? this.#dial(plan);
    const call = this.#openCall(this.#withVoter(plan), request, transport, upstream);
    if (call !== null) return call;
    upstream.upstream().close();
    return { refusal: "full", message: REFUSAL_TEXT.full };
  }

  /**
   * No new calls; open ones are told. Resolves when the last call is over or was ended at the
   * deadline.
   */
  drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    for (const token of [...this.#prepared.keys()]) this.#forgetPrepared(token);
    for (const { call } of this.#calls.values()) call.goingAway(deadlineMs);
    if (this.#calls.size === 0) return Promise.resolve();
    const { clock } = this.#deps;
    const timer = clock.setTimer(deadlineMs, () => this.#endAll());
    return new Promise((resolve) => {
      this.#onEmpty = () => {
        clock.clearTimer(timer);
        resolve();
      };
    });
  }

  #withVoter(plan: CallPlan): CallPlan {
    const { turnEndVoter: voter } = this.#deps;
    if (voter === undefined) return plan;
    return { ...plan, turnEndVote: { voter, answerMsMax: plan.turnEnd.voteAnswerMsMax } };
  }

  #endAll(): void {
    for (const { call } of [...this.#calls.values()]) call.finish("drained", CLOSE.DRAINED);
  }

  #dial(plan: CallPlan): EarlyUpstream {
    return new EarlyUpstream(this.#deps.upstreamFactory, plan.session);
  }

  #openCall(
    plan: CallPlan,
    request: CallRequest,
    transport: Transport,
    upstream: EarlyUpstream,
  ): Call | null {
    const { clock, random, log, settings, upstreamName, openEngine, metersFor } = this.#deps;
    const id = `call_${random.hex(CALL_ID_BYTES)}`;
    const { keyId } = request;
    // The count goes up before the call opens: a call that ends while opening takes it down again.
    this.#callsOfKey.set(keyId, (this.#callsOfKey.get(keyId) ?? 0) + 1);
    let isOver = false;
    const call = Call.open({
      id,
      plan,
      clock,
      log: log.with({ callId: id }),
      meters: metersFor(plan),
      tracing: this.#deps.tracing,
      recordings: this.#deps.recordings,
      transport,
      upstream,
      upstreamName,
      callMinutesMax: settings.callMinutesMax,
      latencyBudgets: settings.latencyBudgets,
      goodbye: settings.goodbye,
      record: this.#record(id, request, transport),
      openEngine,
      stages: this.#deps.stages ?? [],
      onEvents: this.#deps.onEvents ?? (() => undefined),
      thinking: this.#thinkingOf(request),
      onOver: () => {
        isOver = true;
        this.#onOver(id, keyId);
      },
    });
    if (call === null) {
      this.#releaseKey(keyId);
      this.#deps.memories?.close(id);
    } else if (!isOver) {
      this.#calls.set(id, { call, keyId });
      this.#deps.onCall?.(liveCallOf(call));
    }
    return call;
  }

  #record(callId: string, request: CallRequest, transport: Transport): CallRecord | null {
    const { memories } = this.#deps;
    if (memories === undefined) return null;
    const { callerKey = "", callerToken } = request;
    const onRefused = (message: string) =>
      transport.sendNotice({ kind: "error", code: "caller_token_refused", message });
    return memories.open({ callId, callerKey, callerToken, onRefused });
  }

  #thinkingOf(request: CallRequest): CallThinkingParts | null {
    const { thinking = null, lookUp } = this.#deps;
    if (thinking === null) return null;
    return {
      ...thinking,
      lookUp: lookUp === undefined ? null : (signal) => lookUp(request, signal),
    };
  }

  #onOver(id: string, keyId: string): void {
    this.#deps.memories?.close(id);
    this.#calls.delete(id);
    this.#releaseKey(keyId);
    if (this.#calls.size === 0) this.#onEmpty?.();
  }

  #releaseKey(keyId: string): void {
    const count = (this.#callsOfKey.get(keyId) ?? 1) - 1;
    if (count <= 0) this.#callsOfKey.delete(keyId);
    else this.#callsOfKey.set(keyId, count);
  }

  #takePrepared(token: string | undefined): EarlyUpstream | null {
    if (token === undefined) return null;
    const prepared = this.#prepared.get(token);
    if (prepared === undefined) return null;
    this.#prepared.delete(token);
    this.#deps.clock.clearTimer(prepared.timer);
    // Lost while it waited: the call dials anew rather than begin with a dead line.
    return prepared.upstream.closure() === null ? prepared.upstream : null;
  }

  #forgetPrepared(token: string): void {
    const prepared = this.#prepared.get(token);
    if (prepared === undefined) return;
    this.#prepared.delete(token);
    this.#deps.clock.clearTimer(prepared.timer);
    prepared.upstream.upstream().close();
  }
}

const REFUSAL_TEXT: Readonly<Record<CallRefusal, string>> = {
  full: "Cannot open call: every place is taken, try again later",
  draining: "Cannot open call: the service is stopping, try another instance",
  key_limit: "Cannot open call: this key has all the calls it may have at a time",
  start_refused: "Cannot open call: the start was refused",
  internal: "Cannot open call: the service failed",
};
