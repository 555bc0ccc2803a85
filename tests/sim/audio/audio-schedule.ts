// When what happens in a simulated call with sound: some seconds of trouble, then calm until nobody
// speaks, then one question that must be committed and answered, then the end. Shorter than at event
// level: a second of sound costs a hundred times a second of events.
import type { SimulatedTurns } from "../knobs.ts";
import type { Said } from "./audio-caller.ts";
import type { AudioWorld } from "./audio-world.ts";
import { clipOf } from "./clips.ts";

const FRAME_MS = 20;
const POLL_MS = 500;
/** So long nobody is heard before the last question, and at most so long it is waited for. */
const QUIET_MS = 3_000;
const CALM_MS_MAX = 40_000;
const ANSWER_MS_MAX = 20_000;
const SWITCH_EVERY_MS = 4_000;
/** After the end everything is freed at once; the provider's closing needs a moment. */
const AFTER_MS = 100;
/** Speech so long and so loud is a turn for certain. */
const SPEECH_MS_MIN = 600;
const GAIN_MIN = 0.4;
const NOISE_MAX = 10;
/** What of a stretch's edges the windows of the voice activity model may miss. */
const EDGE_MS = 120;
/** The minimum of speech that interrupts, the windows around it, and a word's soft beginning. */
const INTERRUPTION_MS_MAX = 600;
/** Later than this the newest turn may still be open. */
const DECIDED_MS = 3_000;

export class AudioSchedule {
  readonly #world: AudioWorld;
  #isFinished = false;
  #turnsHeard = 0;
  #quietMs = 0;
  #calmMs = 0;
  #switchMs: number[] = [];
  #wasSpeaking = false;
  #heldUpMs: number[] = [];

  constructor(world: AudioWorld) {
    this.#world = world;
  }

  plan(): void {
    const { time, dice, knobs } = this.#world;
    const faultsMs = dice.between(6_000, 16_000);
    if (dice.chance(knobs.hangUpPercent)) {
      time.atService(dice.between(500, faultsMs), () => this.#hangUp());
    }
    for (let atMs = 2_000; atMs < faultsMs; atMs += 2_000) {
      if (knobs.heldUpMs > 0 && dice.chance(30)) {
        time.at(atMs, () => this.#holdUp());
      } else if (dice.chance(knobs.stallPercent >> 3)) time.at(atMs + 700, () => this.#stall());
      if (dice.chance(knobs.textPercent)) time.atService(atMs, () => this.#say());
    }
    for (let fromMs = 0; fromMs < faultsMs; fromMs += SWITCH_EVERY_MS) {
      if (!dice.chance(knobs.switchPercent)) continue;
      const turns = dice.pick<SimulatedTurns>(["local", "server_vad", "semantic_vad", "none"]);
      const atMs = Math.min(faultsMs, fromMs + dice.between(0, SWITCH_EVERY_MS));
      time.atService(atMs, () => this.#switch(turns));
    }
    time.at(faultsMs, () => this.#beginCalm());
  }

  isFinished(): boolean {
    return this.#isFinished;
  }

  onTurnHeard(): void {
    this.#turnsHeard += 1;
  }

  /** Push to talk: who has said something presses the key a moment later. */
  onMicrophone(): void {
    const { caller, turns, time, dice } = this.#world;
    const isSpeaking = caller.isSpeaking();
    if (this.#wasSpeaking && !isSpeaking && turns === "none") {
      const atMs = time.nowMs() + dice.between(200, 800);
      time.atService(atMs, () => this.#press());
    }
    this.#wasSpeaking = isSpeaking;
    this.#checkInterruption();
  }

  /** Who interrupts clearly is soon alone on the line. */
  #checkInterruption(): void {
    const { caller, farEnd, knobs, rules, time } = this.#world;
    const said = caller.said.at(-1);
    if (said === undefined || !said.isInterruption || !caller.isSpeaking()) return;
    const startMs = said.firstFrame * FRAME_MS + (said.clip.labels[0]?.startMs ?? 0);
    const wayMs = knobs.upMs + knobs.downMs + 2 * knobs.jitterMs + knobs.messageFrames * FRAME_MS;
    if (time.nowMs() <= startMs + INTERRUPTION_MS_MAX + wayMs || !farEnd.isHeard()) return;
    if (this.#world.isBargeInFree() && this.#isHeardWell(said, time.nowMs())) {
      rules.fail("who interrupts is soon alone on the line");
    }
  }

  /** At a level and over a line that leave no doubt. */
  #isHeardWell(said: Said, endMs: number): boolean {
    const { knobs, mouth } = this.#world;
    const startMs = said.firstFrame * FRAME_MS;
    if (knobs.gain < GAIN_MIN || knobs.noiseMax > NOISE_MAX || knobs.vadEngine === "energy") {
      return false;
    }
    const isNear = (atMs: number) => atMs > startMs - DECIDED_MS && atMs < endMs + DECIDED_MS;
    if (this.#heldUpMs.some(isNear) || knobs.stallPercent > 0) return false;
    for (let frame = said.firstFrame; frame * FRAME_MS < endMs; frame += 1) {
      if (mouth.lost.has(frame)) return false;
    }
    return true;
  }

  #press(): void {
    const { rules, port } = this.#world;
    rules.onCommand(() => port.onEndOfTurn());
  }

  #say(): void {
    const { rules, port } = this.#world;
    if (this.#world.line.isClosed()) return;
    rules.onStopped(false);
    rules.onCommand(() => port.onText("Hello?"));
  }

  #switch(turns: SimulatedTurns): void {
    if (this.#world.line.isClosed()) return;
    this.#switchMs.push(this.#world.time.nowMs());
    this.#world.switchTurns(turns);
  }

  #holdUp(): void {
    this.#heldUpMs.push(this.#world.time.nowMs());
    this.#world.holdUp(this.#world.knobs.heldUpMs);
  }

  #stall(): void {
    const { rules, time, dice } = this.#world;
    rules.pace.onStall();
    time.stall(dice.between(20, 400));
  }

  #beginCalm(): void {
    this.#world.calm();
    this.#poll();
  }

  /** Nobody may be heard, nothing may be on its way, before the last question is asked. */
  #poll(): void {
    const { time, farEnd, caller, rules, turns } = this.#world;
    if (this.#isFinished) return;
    const isQuiet = !farEnd.isHeard() && !caller.isSpeaking() && !rules.isAsked();
    this.#quietMs = isQuiet ? this.#quietMs + POLL_MS : 0;
    this.#calmMs += POLL_MS;
    if (this.#calmMs > CALM_MS_MAX) rules.fail("after the faults the call listens again");
    if (this.#quietMs < QUIET_MS) {
      time.after(POLL_MS, () => this.#poll());
      return;
    }
    if (rules.isTurnOpen() && turns !== "none")
      rules.fail("after the faults nobody's turn is open");
    const broken = this.#world.hybrid.broken(this.#world.provider.remaining());
    if (broken !== null) rules.fail(broken);
    this.#askLast();
  }

  #askLast(): void {
    const { time, caller, line, rules, knobs, trace } = this.#world;
    trace.note("last utterance");
    const framesAnswered = line.framesAnswered;
    const commits = this.#commits();
    caller.say(clipOf("question", knobs.format.rateHz));
    time.after(ANSWER_MS_MAX, () => {
      const isLoud = knobs.gain >= GAIN_MIN && knobs.noiseMax <= NOISE_MAX;
      if (isLoud && this.#commits() === commits) rules.fail("the caller is heard at the end");
      if (isLoud && line.framesAnswered === framesAnswered) {
        rules.fail("the caller is answered at the end");
      }
      this.#checkSaid();
      this.#hangUp();
    });
  }

  #commits(): number {
    return this.#world.provider.input.committed.length;
  }

  /** Everything that was said clearly and alone has been committed; never twice, by another rule. */
  #checkSaid(): void {
    const { caller, provider, rules } = this.#world;
    const remaining = provider.remaining();
    for (const said of caller.said) {
      if (!this.#isClear(said)) continue;
      const startMs = said.firstFrame * FRAME_MS;
      for (const label of said.clip.labels) {
        const first = Math.ceil((startMs + label.startMs + EDGE_MS) / FRAME_MS);
        const end = Math.floor((startMs + label.endMs - EDGE_MS) / FRAME_MS);
        for (let frame = first; frame < end; frame += 1) {
          const isIn = remaining.some((span) => span.first <= frame && frame < span.end);
          if (!isIn) rules.fail("what is said clearly and alone is committed");
        }
      }
    }
  }

  #isClear(said: Said): boolean {
    const { time, turns } = this.#world;
    const { labels } = said.clip;
    const speechMs = labels.reduce((sum, { startMs, endMs }) => sum + endMs - startMs, 0);
    const startMs = said.firstFrame * FRAME_MS;
    const endMs = startMs + (labels.at(-1)?.endMs ?? 0);
    if (said.isOverlapped || speechMs < SPEECH_MS_MIN || startMs < DECIDED_MS) return false;
    // Push to talk commits with the next key, which the call may not have seen.
    if (time.nowMs() - endMs < DECIDED_MS || turns === "none") return false;
    return this.#isHeardWell(said, endMs);
  }

  #hangUp(): void {
    const { trace, port, dice, time } = this.#world;
    trace.note("hang up");
    if (dice.chance(50)) port.onClosed();
    else port.onEnd("bye");
    time.after(AFTER_MS, () => {
      this.#isFinished = true;
    });
  }
}
