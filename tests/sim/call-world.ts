// One simulated call from dial to hang-up: a caller, two links, a provider and the service between
// them, in virtual time. First everything may go wrong (safety), then nothing does (liveness): the
// caller must then be heard, answered, and the call must end when it is told to.
import type { ConversationCount } from "../../service/contract/call-effects.ts";
import { BargeInRules } from "./barge-in-rules.ts";
import type { CallResult } from "./call-result.ts";
import { CallRules } from "./call-rules.ts";
import { toleranceOf } from "./call-tolerance.ts";
import { CallerModel } from "./caller-model.ts";
import { Dice } from "./dice.ts";
import { FarEndModel } from "./far-end-model.ts";
import { drawKnobs, type Knobs, withoutFaults } from "./knobs.ts";
import { Link } from "./link.ts";
import { ProviderModel } from "./provider-model.ts";
import { SAMPLES_PER_MS, ServiceModel } from "./service-model.ts";
import { Trace } from "./trace.ts";
import { VirtualTime } from "./virtual-time.ts";

const FRAME_MS = 20;
/** Longer than any deadline of the service: after it nothing of the faults is left. */
const CALM_MS = 45_000;
const LAST_UTTERANCE_MS = 1_500;
const LAST_ANSWER_MS_MAX = 25_000;
const END_MS_MAX = 25_000;
/** A bound for a world that does not end by itself. */
const STEPS_MAX = 400_000;

export class CallWorld {
  readonly time = new VirtualTime();
  readonly dice: Dice;
  readonly knobs: Knobs;
  readonly trace: Trace;
  readonly rules: CallRules;
  readonly bargeIn: BargeInRules;
  readonly #seed: number;
  readonly #counts = new Map<string, number>();
  readonly #caller: CallerModel;
  readonly #provider: ProviderModel;
  readonly #farEnd: FarEndModel;
  readonly #toProvider: Link;
  readonly #fromProvider: Link;
  readonly #toFarEnd: Link;
  readonly #fromFarEnd: Link;
  readonly #service: ServiceModel;
  #frames = 0;
  #voiceStart = -1;
  #isCalm = false;
  #isFinished = false;
  #isLost = false;
  #session = 0;
  #commits = 0;
  #heardMs = 0;
  #steps = 0;

  constructor(seed: number, isTraced: boolean) {
    this.#seed = seed;
    this.dice = new Dice(seed);
    this.knobs = drawKnobs(this.dice);
    const { knobs, time, dice } = this;
    const nowMs = () => time.nowMs();
    this.trace = new Trace(nowMs, isTraced);
    this.rules = new CallRules(nowMs, toleranceOf(knobs));
    this.bargeIn = new BargeInRules(knobs, (rule) => this.rules.fail(rule));
    this.#caller = new CallerModel(dice, knobs);
    this.#toProvider = new Link(time, dice, knobs.providerMs, knobs.jitterMs, false);
    this.#fromProvider = new Link(time, dice, knobs.providerMs, knobs.jitterMs, true);
    this.#toFarEnd = new Link(time, dice, knobs.downMs, knobs.jitterMs, false);
    this.#fromFarEnd = new Link(time, dice, knobs.upMs, knobs.jitterMs, true);
    const { hasReports, isClearedEchoed } = knobs;
    const farEndSettings = { samplesPerMs: SAMPLES_PER_MS, hasReports, isClearedEchoed };
    this.#farEnd = new FarEndModel(time, farEndSettings, (item, samples, generation) =>
      this.#report(item, samples, generation),
    );
    this.#provider = new ProviderModel(
      time,
      dice,
      knobs,
      SAMPLES_PER_MS,
      (event) => {
        const session = this.#session;
        this.#fromProvider.send(() => {
          if (session === this.#session) event(this.#service);
        });
      },
      (rule) => this.rules.fail(rule),
    );
    this.#service = new ServiceModel(this);
  }

  run(): CallResult {
    let brokenRule: string | null = null;
    try {
      this.#plan();
      while (!this.#isFinished && this.#steps < STEPS_MAX && this.time.step()) this.#steps += 1;
      if (this.#steps >= STEPS_MAX) this.rules.fail("a call comes to its end");
      if (this.#service.timersSet() > 0) this.rules.fail("every timer is freed at the end");
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const where = error.name === "BrokenRule" ? "" : ` (${error.stack?.split("\n")[2]?.trim()})`;
      brokenRule = `${error.message}${where} at ${this.time.nowMs()} ms`;
    }
    return {
      seed: this.#seed,
      digest: this.trace.digest(),
      brokenRule,
      simulatedMs: this.time.nowMs(),
      steps: this.#steps,
      counts: this.#counts,
      trace: this.trace.lines ?? [],
    };
  }

  // ---- the way between ----------------------------------------------------------------------

  toProvider(command: (provider: ProviderModel) => void): void {
    if (this.#isLost) return;
    const session = this.#session;
    this.#toProvider.send(() => {
      if (session === this.#session) command(this.#provider);
    });
  }

  isLost(): boolean {
    return this.#isLost;
  }

  toFarEnd(item: number, positionSamples: number, samples: number, generation: number): void {
    if (item !== 0) this.#heardMs += FRAME_MS;
    this.#toFarEnd.send(() => this.#farEnd.onFrame(item, positionSamples, samples, generation));
  }

  endItemAtFarEnd(item: number): void {
    this.#toFarEnd.send(() => this.#farEnd.onItemEnd(item));
  }

  clearFarEnd(
    generation: number,
    cuts: readonly { readonly item: number; readonly audioEndMs: number }[],
  ): void {
    this.#toFarEnd.send(() => {
      this.#farEnd.onClear(generation);
      for (const { item, audioEndMs } of cuts) {
        this.rules.checkCut(this.#farEnd, item, audioEndMs, this.knobs.downMs);
      }
    });
  }

  /** Calls back with what the far end has played of it when a clear sent now would arrive. */
  heardByThen(item: number, check: (truthSamples: number) => void): void {
    const thenMs = this.time.nowMs() + this.knobs.downMs;
    this.time.at(thenMs, () => check(this.#farEnd.heardSamples(item, thenMs)));
  }

  /**
   * First frame of the voice that is going on; -1 when there is none or the model may have erred.
   */
  voiceStart(): number {
    return this.knobs.flipPercent > 0 ? -1 : this.#voiceStart;
  }

  onTurnCommitted(isAnswered: boolean): void {
    this.#commits += 1;
    if (isAnswered) this.rules.onAnswerOwed();
  }

  onReceipt(receipt: { readonly item: number; readonly heardSamples: number }): void {
    const { downJitterMs } = toleranceOf(this.knobs);
    this.heardByThen(receipt.item, (truthSamples) => {
      const missing = receipt.heardSamples - truthSamples;
      if (missing <= downJitterMs * SAMPLES_PER_MS) return;
      this.rules.fail("a receipt is given for what was heard");
    });
  }

  count(name: ConversationCount | "calls" | "turns"): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  // ---- the plan of the call -----------------------------------------------------------------

  #plan(): void {
    const { time, dice, knobs } = this;
    time.at(0, () => this.#microphone());
    time.atService(dice.between(100, 1_800), () => this.#service.onReady());
    const faultsMs = dice.between(15_000, 45_000);
    if (dice.chance(knobs.hangUpPercent)) {
      time.atService(dice.between(500, faultsMs), () => this.#hangUp());
    }
    if (dice.chance(knobs.disconnectPercent)) {
      time.at(dice.between(2_000, faultsMs), () => this.#provider.disconnect());
    }
    if (dice.chance(knobs.goodbyePercent)) {
      time.atService(dice.between(2_000, faultsMs), () => this.#service.sayGoodbye());
    }
    for (let loss = 0; loss < 2; loss += 1) {
      if (!dice.chance(knobs.lossPercent)) continue;
      time.atService(dice.between(2_000, faultsMs), () => this.#loseSession());
    }
    for (let atMs = 3_000; atMs < faultsMs; atMs += 2_000) {
      if (dice.chance(knobs.textPercent)) time.atService(atMs, () => this.#service.onText());
      if (dice.chance(knobs.stallPercent >> 3)) {
        time.at(atMs + 700, () => {
          this.rules.onStall();
          time.stall(dice.between(20, 400));
        });
      }
    }
    time.at(faultsMs, () => this.#beginCalm());
  }

  /** Whatever was on its way is gone, both ways; after a while another session is there. */
  #loseSession(): void {
    if (this.#isLost || this.#isCalm || !this.#service.isReady()) return;
    this.#isLost = true;
    this.#session += 1;
    this.#provider.beginSession();
    this.#service.onLost();
    this.time.atService(this.time.nowMs() + this.dice.between(150, 4_000), () => {
      this.#isLost = false;
      this.#service.onRestored();
    });
  }

  #beginCalm(): void {
    this.trace.note("calm");
    const calm = withoutFaults(this.knobs);
    this.#isCalm = true;
    this.#caller.command(calm);
    this.#provider.calm(calm);
    for (const link of [this.#toProvider, this.#fromProvider, this.#toFarEnd, this.#fromFarEnd]) {
      link.calm();
    }
    this.time.after(CALM_MS, () => this.#checkListening());
  }

  #checkListening(): void {
    if (this.#service.isOver) {
      this.#isFinished = true;
      return;
    }
    const sequence = this.#service.conversation.sequence();
    if (sequence.state() !== "idle") this.rules.fail("after the faults the call listens again");
    if (this.rules.isTurnOpen()) this.rules.fail("after the faults nobody's turn is open");
    if (this.#farEnd.isHeard()) this.rules.fail("after the faults the agent comes to an end");
    if (this.#service.turnsUnacknowledged() > 0) this.rules.fail("every turn reaches the provider");
    if (this.#provider.openTools() > 0) this.rules.fail("every tool call is answered exactly once");
    this.rules.beStrict();
    const commits = this.#commits;
    const heardMs = this.#heardMs;
    this.trace.note("last utterance");
    this.#caller.say(LAST_UTTERANCE_MS);
    this.time.after(LAST_ANSWER_MS_MAX, () => {
      if (this.#commits !== commits + 1) this.rules.fail("the caller is heard at the end");
      if (this.#heardMs === heardMs) this.rules.fail("the caller is answered at the end");
      this.#finish();
    });
  }

  #finish(): void {
    if (this.dice.chance(50)) this.#hangUp();
    else this.#service.sayGoodbye();
    this.time.after(END_MS_MAX, () => {
      if (!this.#service.isOver) this.rules.fail("a goodbye ends the call");
      this.#isFinished = true;
    });
  }

  #hangUp(): void {
    this.trace.note("hang up");
    this.#service.close();
    this.#isFinished = true;
  }

  #microphone(): void {
    const isVoiced = this.#caller.frame(this.#farEnd.isHeard());
    if (!isVoiced) this.#voiceStart = -1;
    else if (this.#voiceStart < 0) this.#voiceStart = this.#frames;
    this.#frames += 1;
    const flips = this.#isCalm ? 0 : this.knobs.flipPercent;
    const isSpeech = flips > 0 && this.dice.chance(flips) ? !isVoiced : isVoiced;
    this.#fromFarEnd.send(() => this.#onMicrophone(isSpeech));
    this.time.at(this.#frames * FRAME_MS, () => this.#microphone());
  }

  #onMicrophone(isSpeech: boolean): void {
    this.#service.onMicrophone(isSpeech);
    this.rules.checkAnswerOwed();
    this.rules.checkPause();
    if (this.#service.isOver) this.#isFinished = true;
    else this.bargeIn.checkFrame();
  }

  #report(item: number, samples: number, generation: number): void {
    const lateMs = this.dice.between(0, this.knobs.reportJitterMs);
    this.time.after(lateMs, () =>
      this.#fromFarEnd.send(() => this.#service.onReport(item, samples, generation)),
    );
  }
}
