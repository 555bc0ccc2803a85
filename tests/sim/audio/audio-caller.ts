// A caller with a voice: frame by frame, the samples of its microphone. Rests, speaks one of the
// recordings, listens, interrupts, says "yes" to what it hears, coughs; noise lies under all of it.
// What it said, and when, is what the service is measured by.
import type { Dice } from "../dice.ts";
import { type Clip, clipOf, clipsAt } from "./clips.ts";
import type { AudioKnobs } from "./audio-knobs.ts";

const FRAME_MS = 20;
const COUGH_AMPLITUDE = 6_000;

/** One recording that was said: frames of the caller's clock. */
export interface Said {
  readonly clip: Clip;
  readonly firstFrame: number;
  /** The caller heard the agent a moment before, or at any time during it. */
  isOverlapped: boolean;
  /** It was begun to interrupt the agent. */
  readonly isInterruption: boolean;
}

type Plan = "listen" | "interrupt" | "backchannel" | "cough";

export class AudioCaller {
  readonly said: Said[] = [];
  readonly #dice: Dice;
  readonly #knobs: AudioKnobs;
  readonly #clips: readonly Clip[];
  readonly #frameSamples: number;
  readonly #samples: Int16Array;
  #frame = 0;
  #clip: Clip | null = null;
  #clipAt = 0;
  #noiseFrames = 0;
  #restFrames: number;
  #agentFrames = 0;
  #agentFrameLast = -100;
  #plan: Plan = "listen";
  #planFrames = 0;
  #isCommanded = false;

  constructor(dice: Dice, knobs: AudioKnobs) {
    const { rateHz } = knobs.format;
    this.#dice = dice;
    this.#knobs = knobs;
    this.#clips = clipsAt(rateHz);
    this.#frameSamples = (rateHz * FRAME_MS) / 1000;
    this.#samples = new Int16Array(this.#frameSamples);
    this.#restFrames = dice.between(10, 100);
  }

  isSpeaking(): boolean {
    return this.#clip !== null;
  }

  /** From now on only `say` makes it speak. */
  command(): void {
    this.#isCommanded = true;
    this.#plan = "listen";
  }

  say(clip: Clip, isInterruption = false): void {
    const isOverlapped = this.#frame - this.#agentFrameLast < 25;
    this.#clip = clip;
    this.#clipAt = 0;
    this.said.push({ clip, firstFrame: this.#frame, isOverlapped, isInterruption });
  }

  /** The next 20 ms, mono. The array is used again. */
  frame(isAgentHeard: boolean): Int16Array {
    this.#listen(isAgentHeard);
    if (this.#clip === null && this.#noiseFrames === 0) this.#rest(isAgentHeard);
    this.#mix();
    this.#frame += 1;
    return this.#samples;
  }

  #listen(isAgentHeard: boolean): void {
    if (!isAgentHeard) {
      this.#agentFrames = 0;
      return;
    }
    this.#agentFrameLast = this.#frame;
    const last = this.said.at(-1);
    if (this.#clip !== null && last !== undefined) last.isOverlapped = true;
    if (this.#agentFrames === 0 && !this.#isCommanded) this.#makePlan();
    this.#agentFrames += 1;
    if (this.#plan === "listen" || this.#clip !== null || this.#agentFrames < this.#planFrames) {
      return;
    }
    const { rateHz } = this.#knobs.format;
    if (this.#plan === "cough") this.#noiseFrames = this.#dice.between(2, 8);
    else if (this.#plan === "backchannel") this.say(clipOf("yes", rateHz));
    else this.say(clipOf(this.#dice.pick(["hold-on", "interrupt", "question"]), rateHz), true);
    this.#plan = "listen";
  }

  #makePlan(): void {
    const { bargePercent, backchannelPercent, coughPercent } = this.#knobs;
    this.#planFrames = this.#dice.between(1, 100);
    this.#plan = "listen";
    if (this.#dice.chance(bargePercent)) this.#plan = "interrupt";
    else if (this.#dice.chance(backchannelPercent)) this.#plan = "backchannel";
    else if (this.#dice.chance(coughPercent)) this.#plan = "cough";
  }

  #rest(isAgentHeard: boolean): void {
    if (this.#isCommanded || isAgentHeard) return;
    this.#restFrames -= 1;
    if (this.#restFrames > 0) return;
    this.#restFrames = this.#dice.between(40, 150);
    if (this.#dice.chance(this.#knobs.coughPercent)) this.#noiseFrames = this.#dice.between(2, 8);
    else
      this.say(this.#clips[this.#dice.between(0, this.#clips.length - 1)] ?? clipOf("yes", 8000));
  }

  #mix(): void {
    const { noiseMax, gain } = this.#knobs;
    const isCough = this.#noiseFrames > 0;
    if (isCough) this.#noiseFrames -= 1;
    const amplitude = isCough ? COUGH_AMPLITUDE : noiseMax;
    const clip = this.#clip?.samples;
    for (let index = 0; index < this.#frameSamples; index += 1) {
      const noise = amplitude === 0 ? 0 : this.#dice.between(-amplitude, amplitude);
      this.#samples[index] = Math.trunc((clip?.[this.#clipAt + index] ?? 0) * gain) + noise;
    }
    this.#clipAt += this.#frameSamples;
    if (clip !== undefined && this.#clipAt >= clip.length) this.#clip = null;
  }
}
