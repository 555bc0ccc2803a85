// A caller: frame by frame, is there voice? Knows only what a caller knows: what the ear hears.
//
//   resting --wait--> speaking <--> pausing --> resting
//      |  agent speaks: interrupts, says "mhm", coughs, or listens to the end
//
// Voice inside an utterance is solid; pauses shorter or longer than the end of turn are drawn.
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";

const FRAME_MS = 20;

type Mood = "resting" | "hesitating" | "speaking" | "pausing" | "noise";

export class CallerModel {
  readonly #dice: Dice;
  #knobs: Knobs;
  #mood: Mood = "resting";
  #leftMs: number;
  #agentMs = 0;
  #planMs = 0;
  #plan: "listen" | "interrupt" | "backchannel" | "cough" = "listen";
  #isCommanded = false;
  #utterances = 0;

  constructor(dice: Dice, knobs: Knobs) {
    this.#dice = dice;
    this.#knobs = knobs;
    this.#leftMs = dice.between(200, 4_000);
  }

  /** From now on only `say` makes it speak. */
  command(knobs: Knobs): void {
    this.#knobs = knobs;
    this.#isCommanded = true;
    this.#plan = "listen";
    this.#mood = "resting";
    this.#leftMs = Number.POSITIVE_INFINITY;
  }

  say(durationMs: number): void {
    this.#begin("speaking", durationMs);
  }

  isSpeaking(): boolean {
    return this.#mood !== "resting";
  }

  utterances(): number {
    return this.#utterances;
  }

  /** One frame of the microphone. -> voiced? */
  frame(isAgentHeard: boolean): boolean {
    this.#listen(isAgentHeard);
    this.#leftMs -= FRAME_MS;
    if (this.#leftMs <= 0) this.#next(isAgentHeard);
    return this.#mood !== "resting" && this.#mood !== "pausing";
  }

  #listen(isAgentHeard: boolean): void {
    if (!isAgentHeard) {
      this.#agentMs = 0;
      return;
    }
    if (this.#agentMs === 0 && !this.#isCommanded) this.#makePlan();
    this.#agentMs += FRAME_MS;
    if (this.#plan === "listen" || this.#mood !== "resting" || this.#agentMs < this.#planMs) return;
    if (this.#plan === "interrupt") this.#begin("speaking", this.#utteranceMs());
    else this.#makeNoise(this.#plan);
    this.#plan = "listen";
  }

  #makePlan(): void {
    this.#planMs = this.#dice.between(20, 3_000);
    this.#plan = "listen";
    if (this.#dice.chance(this.#knobs.bargePercent)) this.#plan = "interrupt";
    else if (this.#dice.chance(this.#knobs.backchannelPercent)) this.#plan = "backchannel";
    else if (this.#dice.chance(this.#knobs.coughPercent)) this.#plan = "cough";
  }

  #next(isAgentHeard: boolean): void {
    if (this.#mood === "hesitating") {
      this.#mood = "pausing";
      this.#leftMs = this.#dice.between(40, 300);
    } else if (this.#mood === "speaking" && this.#dice.chance(this.#knobs.pausePercent)) {
      this.#mood = "pausing";
      this.#leftMs = this.#dice.between(60, 900);
    } else if (this.#mood === "pausing") {
      this.#mood = "speaking";
      this.#leftMs = this.#utteranceMs();
    } else if (this.#mood === "resting" && !isAgentHeard) {
      if (this.#dice.chance(this.#knobs.coughPercent)) {
        this.#makeNoise("cough");
      } else this.#begin("speaking", this.#utteranceMs());
    } else this.#rest();
  }

  /** Now and then somebody draws breath or says "eh" just before: a false alarm, then the words. */
  #begin(mood: Mood, durationMs: number): void {
    const isHesitant = mood === "speaking" && this.#dice.chance(this.#knobs.hesitationPercent);
    this.#mood = isHesitant ? "hesitating" : mood;
    this.#leftMs = isHesitant ? this.#dice.between(20, 120) : durationMs;
    if (mood === "speaking") this.#utterances += 1;
  }

  #makeNoise(kind: "backchannel" | "cough"): void {
    const { min, max } = NOISE_MS[kind];
    this.#begin("noise", this.#dice.between(min, max));
  }

  #rest(): void {
    this.#mood = "resting";
    this.#leftMs = this.#isCommanded ? Number.POSITIVE_INFINITY : this.#dice.between(300, 6_000);
  }

  #utteranceMs(): number {
    return this.#dice.between(300, this.#knobs.utteranceMsMax);
  }
}

const NOISE_MS = { backchannel: { min: 200, max: 600 }, cough: { min: 20, max: 180 } };
