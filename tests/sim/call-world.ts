// One simulated call from dial to hang-up: a caller, two links, a provider and the service between
// them, in virtual time. What happens when: call-schedule.ts. Here is who is connected to whom.
import type { ConversationCount } from "../../service/contract/call-effects.ts";
import { BargeInRules } from "./barge-in-rules.ts";
import type { CallResult } from "./call-result.ts";
import { type BrokenRule, CallRules } from "./call-rules.ts";
import { toleranceOf } from "./call-tolerance.ts";
import { CallerModel } from "./caller-model.ts";
import { Dice } from "./dice.ts";
import { FarEndModel } from "./far-end-model.ts";
import { CallSchedule } from "./call-schedule.ts";
import { drawKnobs, type Knobs, type SimulatedTurns, withHybrid, withoutFaults } from "./knobs.ts";
import { HybridRules } from "./hybrid-rules.ts";
import { Link } from "./link.ts";
import { ProviderModel } from "./provider-model.ts";
import { SAMPLES_PER_MS, ServiceModel } from "./service-model.ts";
import { checkQueues } from "./queue-rules.ts";
import { SpeculationRules } from "./speculation-rules.ts";
import { SwitchRules } from "./switch-rules.ts";
import type { ThinkingCount } from "./thinking-model.ts";
import { Trace } from "./trace.ts";
import { VirtualTime } from "./virtual-time.ts";

const FRAME_MS = 20;
/** A bound for a world that does not end by itself. */
const STEPS_MAX = 400_000;
/** A slow store, and a little. */
const STORE_MS_MAX = 2_000;
/** The slowest thinker, and a little. */
const AFTERLIFE_MS = 31_000;

export class CallWorld {
  readonly time = new VirtualTime();
  readonly dice: Dice;
  readonly knobs: Knobs;
  readonly trace: Trace;
  readonly rules: CallRules;
  readonly speculation: SpeculationRules;
  readonly bargeIn: BargeInRules;
  readonly #seed: number;
  readonly #counts = new Map<string, number>();
  readonly caller: CallerModel;
  readonly provider: ProviderModel;
  readonly farEnd: FarEndModel;
  readonly service: ServiceModel;
  readonly #toProvider: Link;
  readonly #fromProvider: Link;
  readonly #toFarEnd: Link;
  readonly #fromFarEnd: Link;
  readonly #schedule: CallSchedule;
  #frames = 0;
  readonly switches = new SwitchRules();
  readonly hybrid: HybridRules;
  #voiceStart = -1;
  #isCalm = false;
  #isLost = false;
  #session = 0;
  #steps = 0;
  /** The first one: guards of the service may have caught it. */
  #broken: BrokenRule | null = null;
  readonly #nextFrame = () => this.#microphone();
  readonly #arriveSpeech = () => this.#onMicrophone(true);
  readonly #arriveSilence = () => this.#onMicrophone(false);

  constructor(seed: number, isTraced: boolean) {
    this.#seed = seed;
    this.dice = new Dice(seed);
    this.knobs = withHybrid(drawKnobs(this.dice));
    const { knobs, time, dice } = this;
    const nowMs = () => time.nowMs();
    this.trace = new Trace(nowMs, isTraced);
    const onBroken = (broken: BrokenRule) => {
      this.#broken ??= broken;
    };
    this.rules = new CallRules(nowMs, toleranceOf(knobs), onBroken);
    const fail = (rule: string) => this.rules.fail(rule);
    this.bargeIn = new BargeInRules(knobs, fail);
    this.speculation = new SpeculationRules(nowMs, knobs.speculation, fail);
    this.hybrid = new HybridRules(knobs, (frame) => this.switches.isVoiced(frame));
    this.caller = new CallerModel(dice, knobs);
    this.#toProvider = new Link(time, dice, knobs.providerMs, knobs.jitterMs, false);
    this.#fromProvider = new Link(time, dice, knobs.providerMs, knobs.jitterMs, true);
    this.#toFarEnd = new Link(time, dice, knobs.downMs, knobs.jitterMs, false);
    this.#fromFarEnd = new Link(time, dice, knobs.upMs, knobs.jitterMs, true);
    const { hasReports, isClearedEchoed } = knobs;
    const farEndSettings = { samplesPerMs: SAMPLES_PER_MS, hasReports, isClearedEchoed };
    this.farEnd = new FarEndModel(time, farEndSettings, (item, samples, generation) =>
      this.#report(item, samples, generation),
    );
    this.provider = new ProviderModel(
      time,
      dice,
      knobs,
      SAMPLES_PER_MS,
      (frame) => this.switches.isVoiced(frame),
      (event) => {
        const session = this.#session;
        this.#fromProvider.send(() => {
          if (session === this.#session) event(this.service);
        });
      },
      fail,
    );
    this.service = new ServiceModel(this);
    this.#schedule = new CallSchedule(this);
  }

  run(): CallResult {
    let brokenRule: string | null = null;
    let overMs = 0;
    try {
      this.time.at(0, () => this.#microphone());
      this.#schedule.plan();
      while (!this.#schedule.isFinished() && this.#step());
      if (this.#steps >= STEPS_MAX) this.rules.fail("a call comes to its end");
      if (this.service.timersSet() > 0) this.rules.fail("every timer is freed at the end");
      overMs = this.time.nowMs();
      this.#outlive(overMs);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const where = error.name === "BrokenRule" ? "" : ` (${error.stack?.split("\n")[2]?.trim()})`;
      brokenRule = `${error.message}${where} at ${this.time.nowMs()} ms`;
    }
    return {
      seed: this.#seed,
      digest: this.trace.digest(),
      brokenRule,
      simulatedMs: overMs > 0 ? overMs : this.time.nowMs(),
      steps: this.#steps,
      counts: this.#counts,
      trace: this.trace.lines ?? [],
    };
  }

  /** One event, and what its promises do before the next. -> false when none is left. */
  #step(): boolean {
    if (this.#steps >= STEPS_MAX || !this.time.step()) return false;
    this.#steps += 1;
    this.service.thinking.drain();
    if (this.#broken !== null) throw this.#broken;
    return true;
  }

  /** Thinkers that the hang-up left behind may answer still; nothing may come of it. */
  #outlive(overMs: number): void {
    const { thinking } = this.service;
    thinking.rules.checkEnded();
    while (thinking.isThinking() && this.time.nowMs() < overMs + STORE_MS_MAX && this.#step());
    thinking.checkLeft();
    while (this.time.nowMs() < overMs + AFTERLIFE_MS && this.#step());
  }

  // ---- the way between ----------------------------------------------------------------------

  toProvider(command: (provider: ProviderModel) => void): void {
    if (this.#isLost) return;
    const session = this.#session;
    this.#toProvider.send(() => {
      if (session === this.#session) command(this.provider);
    });
  }

  /** Whatever was on its way is gone, both ways. */
  loseSession(): void {
    this.#isLost = true;
    this.#session += 1;
    this.switches.onLost(this.service.core.frames(), this.bargeIn.isSpeechHeld());
    this.provider.beginSession();
    this.service.onLost();
  }

  /** Another session is there, and knows who owns the turns. */
  restoreSession(): void {
    this.#isLost = false;
    this.switches.onRestored(this.service.core.frames(), this.bargeIn.isSpeechHeld());
    this.provider.input.setTurns(this.service.turns());
    this.service.onRestored();
  }

  calm(): void {
    this.trace.note("calm");
    const calm = withoutFaults(this.knobs);
    this.#isCalm = true;
    this.caller.command(calm);
    this.provider.calm(calm);
    this.service.thinking.calm();
    for (const link of [this.#toProvider, this.#fromProvider, this.#toFarEnd, this.#fromFarEnd]) {
      link.calm();
    }
  }

  /** Another owner of the turns, here and at the provider. */
  switchTurns(turns: SimulatedTurns): void {
    this.trace.note("switch", turns.length);
    const before = this.service.turns();
    // The key need not come any more: they are committed with the next words the provider hears.
    const isLeft = before === "none" && turns !== "local" && this.#voiceStart < 0;
    // A protected greeting holds what is said before its first sample too.
    const sequence = this.service.conversation.sequence();
    const isGreetingDue = this.knobs.isGreetingProtected && sequence.isWanted("greeting");
    const isExcused = isLeft || isGreetingDue || this.bargeIn.isSpeechHeld();
    if (this.service.isReady()) this.switches.onSwitch(this.service.core.frames(), isExcused);
    if (isLeft) this.switches.onLeft(this.service.core.frames());
    this.toProvider((provider) => provider.input.setTurns(turns));
    this.service.setTurns(turns);
  }

  isLost(): boolean {
    return this.#isLost;
  }

  toFarEnd(item: number, positionSamples: number, samples: number, generation: number): void {
    if (item !== 0 && this.rules.isAnswer(item)) this.#schedule.onAnswerSent();
    this.#toFarEnd.send(() => this.farEnd.onFrame(item, positionSamples, samples, generation));
  }

  endItemAtFarEnd(item: number): void {
    this.#toFarEnd.send(() => this.farEnd.onItemEnd(item));
  }

  clearFarEnd(
    generation: number,
    cuts: readonly { readonly item: number; readonly audioEndMs: number }[],
  ): void {
    this.#toFarEnd.send(() => {
      this.farEnd.onClear(generation);
      for (const { item, audioEndMs } of cuts) {
        this.rules.checkCut(this.farEnd, item, audioEndMs, this.knobs.downMs);
      }
    });
  }

  /** Calls back with what the far end has played of it when a clear sent now would arrive. */
  heardByThen(item: number, check: (truthSamples: number) => void): void {
    const thenMs = this.time.nowMs() + this.knobs.downMs;
    this.time.at(thenMs, () => check(this.farEnd.heardSamples(item, thenMs)));
  }

  /**
   * First frame of the voice that is going on; -1 when there is none or the model may have erred.
   */
  voiceStart(): number {
    return this.knobs.flipPercent > 0 ? -1 : this.#voiceStart;
  }

  onTurnCommitted(isAnswered: boolean): void {
    this.#schedule.onTurnHeard();
    if (isAnswered) this.rules.onAnswerOwed();
  }

  onProviderTurn(): void {
    this.#schedule.onTurnHeard();
  }

  onReceipt(receipt: { readonly item: number; readonly heardSamples: number }): void {
    const { downJitterMs } = toleranceOf(this.knobs);
    this.heardByThen(receipt.item, (truthSamples) => {
      const missing = receipt.heardSamples - truthSamples;
      if (missing <= downJitterMs * SAMPLES_PER_MS) return;
      this.rules.fail("a receipt is given for what was heard");
    });
  }

  count(name: ConversationCount | ThinkingCount): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  #microphone(): void {
    if (this.#schedule.isFinished()) return;
    const isAgentHeard = this.farEnd.isHeard();
    const isVoiced = this.caller.frame(isAgentHeard);
    if (!isVoiced) this.#voiceStart = -1;
    else if (this.#voiceStart < 0) this.#voiceStart = this.#frames;
    this.switches.onMicrophone(isVoiced, isAgentHeard);
    this.#frames += 1;
    this.#schedule.onMicrophone();
    const flips = this.#isCalm ? 0 : this.knobs.flipPercent;
    const isSpeech = flips > 0 && this.dice.chance(flips) ? !isVoiced : isVoiced;
    this.#fromFarEnd.send(isSpeech ? this.#arriveSpeech : this.#arriveSilence);
    this.time.at(this.#frames * FRAME_MS, this.#nextFrame);
  }

  #onMicrophone(isSpeech: boolean): void {
    this.service.onMicrophone(isSpeech);
    this.rules.checkAnswerOwed();
    this.rules.pace.checkPause();
    this.speculation.check();
    if (this.service.isOver) return;
    this.service.thinking.check();
    checkQueues(this.service.conversation, this.rules);
    this.bargeIn.checkFrame();
  }

  #report(item: number, samples: number, generation: number): void {
    const lateMs = this.dice.between(0, this.knobs.reportJitterMs);
    this.time.after(lateMs, () =>
      this.#fromFarEnd.send(() => this.service.onReport(item, samples, generation)),
    );
  }
}
