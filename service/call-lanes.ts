// Which lane a call is on, the switch from one to the other during the call (S4-C06), and the call's
// bus: whoever embeds the service hears on either lane what the caller is told and does (S1-10).
// Station: between call.ts, which owns the call's life, and the lanes. The inner lane is always
// there; the big lane stands around it, so that a switch moves no audio and loses none.
import type { EngineListener } from "./contract/audio-engine.ts";
import type { CallEvents, CallerAct, CallStage } from "./contract/call-events.ts";
import type { LaneName, TurnDetection } from "./contract/call-terms.ts";
import type { CallLane } from "./contract/lane.ts";
import type { BargeInRule } from "./contract/live-call.ts";
import type { CallNotice } from "./contract/transport.ts";
import type { Upstream, UpstreamListener } from "./contract/upstream.ts";
import { isProviderOwned } from "./conversation/caller-turns-settings.ts";
import { dtmfText } from "./upstream/provider-turns.ts";
import { BigLane } from "./lane/big/big-lane.ts";
import { EventBus } from "./lane/big/event-bus.ts";
import { FastLane } from "./lane/fast/fast-lane.ts";
import type { FastLaneDeps } from "./lane/fast/fast-lane-deps.ts";

/** What each lane can be asked for: local turns on either, everything else on the big one. */
export const LANE_TURNS: Readonly<Record<LaneName, readonly TurnDetection[]>> = {
  fast: ["local"],
  big: ["local", "server_vad", "semantic_vad", "hybrid", "none"],
};

/** The cascade's engines detect no turns: they are the call's own. */
const TURNS_OF_CASCADE: readonly TurnDetection[] = ["local", "none"];

/** What a caller may choose from on this lane, with this upstream. */
export function turnsOffered(lane: LaneName, upstream: Upstream["kind"]): readonly TurnDetection[] {
  if (upstream !== "cascade") return LANE_TURNS[lane];
  return LANE_TURNS[lane].filter((turns) => TURNS_OF_CASCADE.includes(turns));
}

export interface CallLanesDeps {
  readonly fast: FastLaneDeps;
  readonly stages: readonly CallStage[];
  readonly passNotice: (notice: CallNotice) => void;
  /** Once, before the call's first event: whoever embeds the service may subscribe. */
  readonly onEvents: (events: CallEvents) => void;
  /** Engine and upstream talk to `lane` from now on. */
  readonly attach: (lane: EngineListener & UpstreamListener) => void;
}

export class CallLanes {
  readonly direct: FastLane;
  readonly #events: EventBus;
  readonly #deps: CallLanesDeps;
  #big: BigLane | null = null;
  #turnDetection: TurnDetection;

  /** Makes the lane; attach() connects it, as the first start must come before the first event. */
  constructor(deps: CallLanesDeps, lane: LaneName) {
    this.#deps = deps;
    this.direct = new FastLane(deps.fast);
    this.#events = new EventBus(deps.fast.clock, deps.fast.faults);
    deps.onEvents(this.#events);
    this.#turnDetection = deps.fast.settings.turnDetection;
    if (lane === "big") this.#big = this.#makeBig();
  }

  current(): CallLane {
    return this.#big ?? this.direct;
  }

  turnDetection(): TurnDetection {
    return this.#turnDetection;
  }

  attach(): void {
    this.#deps.attach(this.current());
  }

  /** To the caller's side, through the stages where there are any. */
  notice(notice: CallNotice): void {
    if (this.#big === null) this.announce(notice);
    else this.#big.onNotice(notice);
  }

  /** To the caller's side as it is: no stage keeps back that a call has begun or is over. */
  announce(notice: CallNotice): void {
    const isNobodyThere = notice.kind === "ended" && notice.reason === "caller_gone";
    if (!isNobodyThere) this.#deps.passNotice(notice);
    this.#events.emit(notice);
  }

  /** The caller's side did something beside speaking. */
  onCaller(act: CallerAct): void {
    switch (act.kind) {
      case "caller_text":
        this.direct.sendText(act.text);
        break;
      case "caller_digits":
        this.direct.sendText(dtmfText(act.digits));
        break;
      case "caller_interrupted":
        this.direct.interrupt();
        break;
      case "caller_ended_turn":
        this.direct.conversation().onEndOfTurn();
    }
    this.#events.emit(act);
  }

  /** undefined: as it is. -> "" when done, else why not. */
  switchTo(lane: LaneName | undefined, turnDetection: TurnDetection | undefined): string {
    const laneNext = lane ?? this.current().name;
    const turnsNext = turnDetection ?? this.#turnDetection;
    const { kind } = this.#deps.fast.upstream;
    const offered = turnsOffered(laneNext, kind);
    if (!offered.includes(turnsNext)) {
      const wanted = `${offered.join(", ")} on lane ${laneNext} with upstream ${kind}`;
      return `Cannot update call: turn_detection is ${turnsNext}, must be one of ${wanted}`;
    }
    if (turnsNext !== this.#turnDetection) {
      this.#turnDetection = turnsNext;
      this.direct.setTurnDetection(turnsNext);
    }
    if (laneNext !== this.current().name) {
      this.#big = laneNext === "big" ? this.#makeBig() : null;
      this.attach();
    }
    return "";
  }

  /** What makes speech an interruption, from the next frame on. RangeError: out of range. */
  setBargeIn(change: Partial<BargeInRule>): void {
    const { engine } = this.#deps.fast;
    const inForce = engine.config.vad;
    if (change.isBargeInEnabled !== undefined && isProviderOwned(this.turnDetection())) {
      throw new RangeError("isBargeInEnabled is fixed while the provider owns the turns");
    }
    try {
      engine.applyVadSettings({ ...inForce, ...change });
    } catch (error) {
      // The core has written the values before it judged them.
      engine.applyVadSettings(inForce);
      throw error;
    }
  }

  close(): void {
    this.current().close();
    this.#events.close();
  }

  #makeBig(): BigLane {
    const { stages, passNotice, fast } = this.#deps;
    const shared = { inner: this.direct, events: this.#events, faults: fast.faults };
    return new BigLane({ ...shared, stages, passNotice });
  }
}
