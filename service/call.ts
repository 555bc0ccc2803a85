// One call from start to end: opens engine, upstream and lane, guards every entry, ends exactly
// once.
// Station: between a transport (CallPort) and the lane that does the work. Made by call-service.ts.
// A throw inside an entry is our bug: it is logged, this call closes with 1011, others go on.
import type { AudioEngine } from "./contract/audio-engine.ts";
import type { ConversationCount } from "./contract/call-effects.ts";
import {
  CLOSE,
  CLOSE_OF_END,
  type CloseCode,
  type EndReason,
  type LaneName,
  type TurnDetection,
} from "./contract/call-terms.ts";
import type { TimerHandle } from "./contract/clock.ts";
import type { SendResult } from "./contract/send-result.ts";
import type { CallNotice, CallPort } from "./contract/transport.ts";
import type { TokenUsage, UpstreamClosure } from "./contract/upstream.ts";
import { errorOf, GuardedEngineListener, takeEvery } from "./call-guards.ts";
import { type CallDeps, fastLaneDeps } from "./call-deps.ts";
import { CallLatency } from "./call-latency.ts";
import { CallSpans } from "./call-spans.ts";
import { startedNotice } from "./call-plan.ts";
import { type CallLine, callLineOf } from "./call-line.ts";
import { CallLanes, type CallLanesDeps } from "./call-lanes.ts";
import { type CallThinking, noToolAnswer, thinkingOf } from "./call-thinking.ts";
import type { LaneOwner, ToolAnswer, ToolRequest } from "./lane/fast/lane-owner.ts";

export class Call implements CallPort, LaneOwner {
  readonly id: string;
  readonly #deps: CallDeps;
  readonly #engine: AudioEngine;
  readonly lanes: CallLanes;
  readonly #thinking: CallThinking | null;
  readonly latency: CallLatency;
  readonly #spans: CallSpans;
  readonly #startedMs: number;
  readonly #limitTimer: TimerHandle;
  readonly #line: CallLine;
  #isOver = false;
  #inputTokens = 0;
  #outputTokens = 0;

  private constructor(deps: CallDeps, engine: AudioEngine, listener: GuardedEngineListener) {
    this.#deps = deps;
    this.id = deps.id;
    this.#engine = engine;
    this.#startedMs = deps.clock.nowMs();
    this.latency = new CallLatency({
      budgets: deps.latencyBudgets,
      log: deps.log,
      onStage: (stage, ms, isOver) => deps.meters.onStage(stage, ms, isOver),
      networkMs: () => deps.upstream.upstream().roundTripMs?.() ?? -1,
    });
    this.#spans = new CallSpans(deps);
    const onBug = (error: unknown) => this.onBug(error);
    const lanes: CallLanesDeps = {
      fast: fastLaneDeps(deps, { engine, owner: this, stages: this.latency }),
      stages: deps.stages,
      onEvents: (events) => deps.onEvents(deps.id, events),
      passNotice: (notice) => deps.transport.sendNotice(notice),
      attach(lane) {
        listener.attach(lane, onBug);
        deps.upstream.take(lane, onBug);
      },
    };
    this.lanes = new CallLanes(lanes, deps.plan.lane);
    this.#line = callLineOf(deps, engine, this.lanes, (act) => this.#guard(act));
    this.#thinking = thinkingOf(deps, this.lanes.direct, this.#spans, (act) => this.#guard(act));
    const limitMs = deps.callMinutesMax * 60_000;
    this.#limitTimer = deps.clock.setTimer(limitMs, () => this.goodbye("limit_reached"));
  }

  /** -> the open call, or null when the core has no slot left. */
  static open(deps: CallDeps): Call | null {
    const listener = new GuardedEngineListener();
    const engine = deps.openEngine(deps.plan, listener);
    if (engine === null) return null;
    const call = new Call(deps, engine, listener);
    call.#start();
    return call;
  }

  #start(): void {
    const { plan, upstreamName, log, meters } = this.#deps;
    meters.onOpened();
    log.info("call opened", {
      route: plan.route,
      lane: plan.lane,
      upstream: upstreamName,
      vadEngine: plan.vadModel.name,
      rateHz: plan.format.callerRateHz,
    });
    this.#guard(() => {
      this.#deps.record?.start(this.lanes.direct.conversation(), this.#spans.within);
      this.#sayStarted();
      this.lanes.current().start();
      this.lanes.attach();
      this.#line.start(this.#deps.upstream.upstream().isReady());
      this.#thinking?.open();
    });
  }

  /** What is in force: at the start, and after every update. */
  #sayStarted(): void {
    const { plan, upstream, upstreamName } = this.#deps;
    const { model } = upstream.upstream();
    const inForce = {
      callId: this.id,
      lane: this.lanes.current().name,
      turnDetection: this.lanes.turnDetection(),
    };
    this.lanes.announce(startedNotice(plan, { ...inForce, upstream: upstreamName, model }));
  }

  // ---- CallPort ---------------------------------------------------------------------------

  onAudio(message: Uint8Array, start: number, end: number, captureMs: number): void {
    if (this.#isOver) return;
    try {
      this.lanes.current().sendAudio(message, start, end, captureMs);
    } catch (error) {
      this.onBug(error);
    }
  }

  onAudioBase64(payload: string, captureMs: number): void {
    if (this.#isOver) return;
    try {
      this.lanes.current().sendAudioBase64(payload, captureMs);
    } catch (error) {
      this.onBug(error);
    }
  }

  onPlayed(item: number, samples: number, generation: number): void {
    this.#guard(() => this.lanes.direct.onPlayed(item, samples, generation));
  }

  onInterrupt(): void {
    this.#guard(() => this.lanes.onCaller({ kind: "caller_interrupted" }));
  }

  onEndOfTurn(): void {
    this.#guard(() => this.lanes.onCaller({ kind: "caller_ended_turn" }));
  }

  onText(text: string): void {
    this.#guard(() => this.lanes.onCaller({ kind: "caller_text", text }));
    this.#guard(() => this.#deps.record?.onText(text));
  }

  onDtmf(digits: string): void {
    this.#guard(() => this.lanes.onCaller({ kind: "caller_digits", digits }));
  }

  onUpdate(lane: LaneName | undefined, turnDetection: TurnDetection | undefined): void {
    this.#guard(() => {
      const message = this.lanes.switchTo(lane, turnDetection);
      if (message === "") this.#sayStarted();
      else this.lanes.notice({ kind: "error", code: "update_refused", message });
    });
  }

  onEnd(): void {
    this.#guard(() => this.finish("caller_ended", CLOSE.END));
  }

  onClosed(): void {
    this.#guard(() => this.finish("caller_gone", CLOSE.END));
  }

  // ---- the service ------------------------------------------------------------------------

  /** Says goodbye, is heard, then ends. */
  goodbye(reason: EndReason): void {
    this.#guard(() => this.lanes.direct.conversation().sayGoodbye(reason, this.#deps.goodbye));
  }

  goingAway(deadlineMs: number): void {
    this.#guard(() => this.lanes.announce({ kind: "going_away", deadlineMs }));
  }

  /** Ends the call now: tells the caller's side, frees slot, timers and sockets. Once. */
  finish(reason: EndReason, code: CloseCode): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { clock, transport, log, meters, onOver } = this.#deps;
    clock.clearTimer(this.#limitTimer);
    const durationMs = Math.round(clock.nowMs() - this.#startedMs);
    const turns = this.lanes.direct.conversation().turnId();
    // Each step is taken though one before it throws (our bug): else slot and place stay taken.
    takeEvery(log, [
      () => this.#deps.record?.close(),
      () => this.#sayEnded(reason, durationMs),
      () => transport.close(code, reason),
      () => this.lanes.close(),
      () => this.#line.close(),
      () => this.#thinking?.close(),
      () => this.#engine.shutdown(),
      () => this.#deps.upstream.upstream().close(),
      () => meters.onEnded(durationMs),
      () => this.#spans.end(reason),
      () => log.info("call ended", { reason, durationMs, turns, ...this.latency.summary() }),
      () => onOver(this),
    ]);
  }

  #sayEnded(reason: EndReason, durationMs: number): void {
    const tokens = { inputTokens: this.#inputTokens, outputTokens: this.#outputTokens };
    this.lanes.announce({ kind: "latency", ...this.latency.figures() });
    this.lanes.announce({ kind: "ended", reason, durationMs, ...tokens });
  }

  // ---- LaneOwner --------------------------------------------------------------------------

  onUpstreamClosed(closure: UpstreamClosure): void {
    if (this.#isOver || closure.reason === "closed_by_us") return;
    this.#guard(() => this.#line.onGone(closure));
  }

  onUpstreamLost(): void {
    this.#line.onLost();
  }

  onUpstreamReady(): void {
    this.#thinking?.onUpstreamReady();
    this.#line.onThere();
  }

  onUpstreamRestored(): void {
    this.onUpstreamReady();
  }

  onUsage(usage: TokenUsage): void {
    this.#spans.onUsage(usage);
    this.#inputTokens += usage.inputTokens;
    this.#outputTokens += usage.outputTokens;
  }

  onBargeIn(reactionMs: number): void {
    this.#deps.meters.onBargeIn(reactionMs);
  }

  onCount(name: ConversationCount): void {
    this.#deps.meters.onCount(name);
  }

  onNotice(notice: CallNotice): void {
    this.#thinking?.onNotice(notice);
    if (notice.kind === "turn_latency") {
      const commitMs = notice.endpointMs + notice.commitMs;
      this.#deps.meters.onTurnLatency(notice.perceivedMs, commitMs);
      const oursMs = notice.perceivedMs - commitMs - notice.modelMs - (notice.heldMs ?? 0);
      this.latency.observe("audio_to_caller", oursMs);
      const { turnId, endpointMs: vadMs, perceivedMs: totalTurnMs, stages } = notice;
      // S2-82: per turn, where an upstream of several engines has spent its time.
      if (stages !== undefined) {
        this.#deps.log.info("turn stages", { turnId, vadMs, ...stages, totalTurnMs });
      }
    }
    this.#spans.onNotice(notice);
    this.#deps.record?.onNotice(notice);
    this.lanes.notice(notice);
  }

  onTransportFull(): void {
    this.finish("error", CLOSE.READS_TOO_SLOWLY);
  }

  onSent(result: SendResult): void {
    this.#deps.meters.onSent(result);
  }

  answerTool(request: ToolRequest, onAnswer: (answer: ToolAnswer) => void): void {
    if (this.#thinking === null) onAnswer(noToolAnswer(request.name));
    else this.#thinking.answerTool(request, onAnswer);
  }

  end(reason: EndReason): void {
    this.finish(reason, CLOSE_OF_END[reason] ?? CLOSE.END);
  }

  // ---- the guard --------------------------------------------------------------------------

  #guard(act: () => void): void {
    if (this.#isOver) return;
    try {
      act();
    } catch (error) {
      this.onBug(error);
    }
  }

  /** Something of ours threw inside this call. */
  onBug(error: unknown): void {
    this.#deps.log.error("call failed by a bug of ours", { error: errorOf(error) });
    this.finish("error", CLOSE.OUR_BUG);
  }
}
