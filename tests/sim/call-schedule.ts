// When what happens in a simulated call. First everything may go wrong (safety), then nothing does
// (liveness): the caller must then be heard, answered, and the call must end when it is told to.
import type { CallWorld } from "./call-world.ts";
import type { SimulatedTurns } from "./knobs.ts";

/** Longer than any deadline of the service: after it nothing of the faults is left. */
const CALM_MS = 45_000;
/** The same with thinkers that take their time. */
const CALM_MS_MAX = 120_000;
const POLL_MS = 500;
const LAST_UTTERANCE_MS = 1_500;
const LAST_ANSWER_MS_MAX = 25_000;
const END_MS_MAX = 32_000;
const SWITCH_EVERY_MS = 5_000;

export class CallSchedule {
  readonly #world: CallWorld;
  #isCalm = false;
  #calmMs = 0;
  #isFinished = false;
  #turnsHeard = 0;
  #framesAnswered = 0;
  #wasSpeaking = false;

  constructor(world: CallWorld) {
    this.#world = world;
  }

  plan(): void {
    const { time, dice, knobs, service, provider } = this.#world;
    time.atService(dice.between(100, 1_800), () => service.onReady());
    const faultsMs = dice.between(15_000, 45_000);
    if (dice.chance(knobs.hangUpPercent)) {
      time.atService(dice.between(500, faultsMs), () => this.#hangUp());
    }
    if (dice.chance(knobs.disconnectPercent)) {
      time.at(dice.between(2_000, faultsMs), () => provider.disconnect());
    }
    if (dice.chance(knobs.goodbyePercent)) {
      time.atService(dice.between(2_000, faultsMs), () => service.sayGoodbye());
    }
    for (let loss = 0; loss < 2; loss += 1) {
      if (!dice.chance(knobs.lossPercent)) continue;
      time.atService(dice.between(2_000, faultsMs), () => this.#loseSession());
    }
    this.#planTrouble(faultsMs);
    time.at(faultsMs, () => this.#beginCalm());
  }

  isFinished(): boolean {
    return this.#isFinished || this.#world.service.isOver;
  }

  /** A turn of the caller is committed, by us or by the provider. */
  onTurnHeard(): void {
    this.#turnsHeard += 1;
  }

  onAnswerSent(): void {
    this.#framesAnswered += 1;
  }

  /** Push to talk: who has said something presses the key a moment later. */
  onMicrophone(): void {
    const { caller, service } = this.#world;
    const isSpeaking = caller.isSpeaking();
    if (this.#wasSpeaking && !isSpeaking && service.turns() === "none") this.#pressKey();
    this.#wasSpeaking = isSpeaking;
  }

  #pressKey(): void {
    const { time, dice, knobs } = this.#world;
    const atMs = time.nowMs() + dice.between(100, 800);
    time.atService(atMs, () => this.#endTurn());
    if (this.#isCalm || !dice.chance(knobs.pressTwicePercent)) return;
    time.atService(atMs + dice.between(10, 400), () => this.#endTurn());
  }

  /** A turn that is not committed was no turn, and must not have stopped the agent. */
  #endTurn(): void {
    const { service, rules } = this.#world;
    const turnId = service.conversation.turnId();
    const turnsHeard = this.#turnsHeard;
    service.onEndOfTurn();
    const isTurn = service.conversation.turnId() !== turnId;
    const isBounce = service.turns() === "none" && this.#turnsHeard === turnsHeard;
    if (isTurn && isBounce) rules.fail("a bounced key changes nothing");
  }

  #planTrouble(faultsMs: number): void {
    const { time, dice, knobs, service, rules } = this.#world;
    for (let atMs = 3_000; atMs < faultsMs; atMs += 2_000) {
      if (dice.chance(knobs.textPercent)) time.atService(atMs, () => service.onText());
      if (dice.chance(knobs.stallPercent >> 3)) {
        time.at(atMs + 700, () => {
          rules.pace.onStall();
          this.#world.speculation.onExcused();
          time.stall(dice.between(20, 400));
        });
      }
    }
    if (knobs.switchPercent === 0) return;
    for (let fromMs = 0; fromMs < faultsMs; fromMs += SWITCH_EVERY_MS) {
      if (!dice.chance(knobs.switchPercent)) continue;
      const turns = dice.pick<SimulatedTurns>(["local", "server_vad", "semantic_vad", "none"]);
      const atMs = Math.min(faultsMs, fromMs + dice.between(0, SWITCH_EVERY_MS));
      time.atService(atMs, () => this.#world.switchTurns(turns));
    }
  }

  /** After a while another session is there. */
  #loseSession(): void {
    const { time, dice, service } = this.#world;
    if (this.#world.isLost() || this.#isCalm || !service.isReady()) return;
    this.#world.loseSession();
    time.atService(time.nowMs() + dice.between(150, 4_000), () => this.#world.restoreSession());
  }

  #beginCalm(): void {
    this.#isCalm = true;
    this.#calmMs = this.#world.time.nowMs();
    this.#world.calm();
    this.#world.time.after(CALM_MS, () => this.#checkListening());
  }

  #checkListening(): void {
    if (this.isFinished()) return;
    const { service, rules, farEnd, provider, trace, caller, time } = this.#world;
    const sequence = service.conversation.sequence();
    if (this.#isStillAnswering()) {
      time.after(POLL_MS, () => this.#checkListening());
      return;
    }
    if (sequence.state() !== "idle") rules.fail("after the faults the call listens again");
    if (rules.isTurnOpen()) rules.fail("after the faults nobody's turn is open");
    if (farEnd.isHeard()) rules.fail("after the faults the agent comes to an end");
    if (service.turnsUnacknowledged() > 0) rules.fail("every turn reaches the provider");
    if (provider.tools.open() > 0) rules.fail("every tool call is answered exactly once");
    service.thinking.rules.checkAllAnswered();
    provider.checkSaid((itemId) => service.wasSent(itemId));
    this.#checkSwitches();
    const broken = this.#world.hybrid.broken(provider.remaining());
    if (broken !== null) rules.fail(broken);
    const turnsHeard = this.#turnsHeard;
    const framesAnswered = this.#framesAnswered;
    trace.note("last utterance");
    caller.say(LAST_UTTERANCE_MS);
    time.after(LAST_ANSWER_MS_MAX, () => {
      if (this.#turnsHeard !== turnsHeard + 1) rules.fail("the caller is heard at the end");
      if (this.#framesAnswered === framesAnswered) rules.fail("the caller is answered at the end");
      this.#finish();
    });
  }

  /** Thinkers may be slow, and a nudge may follow what they found. */
  #isStillAnswering(): boolean {
    const { service, farEnd, time, knobs } = this.#world;
    const isLong = knobs.toolPercent > 0 || knobs.nudgeAfterMs > 0;
    if (!isLong || time.nowMs() > this.#calmMs + CALM_MS_MAX) return false;
    const isIdle = service.conversation.sequence().state() === "idle";
    return service.thinking.isThinking() || !isIdle || farEnd.isHeard();
  }

  /** Words that a model that errs or a goodbye may have cost are nobody's fault. */
  #checkSwitches(): void {
    const { knobs, switches, provider, rules, service } = this.#world;
    if (knobs.flipPercent + knobs.goodbyePercent > 0) return;
    // After a switch to push to talk: what nobody has ended yet is committed by the last key.
    if (service.turns() === "none" && knobs.switchPercent > 0) return;
    if (switches.isAllCommitted(provider.input.committed)) return;
    rules.fail(knobs.switchPercent > 0 ? "a switch loses no words" : "a loss loses no words");
  }

  #finish(): void {
    const { dice, service, time, rules } = this.#world;
    if (dice.chance(50)) this.#hangUp();
    else service.sayGoodbye();
    time.after(END_MS_MAX, () => {
      if (!service.isOver) rules.fail("a goodbye ends the call");
      this.#isFinished = true;
    });
  }

  #hangUp(): void {
    this.#world.trace.note("hang up");
    this.#world.service.close();
    this.#isFinished = true;
  }
}
