// One simulated call with sound: the real core, voice activity, engine, lanes and call, between a
// caller with a voice and a model of the provider, over links in virtual time. Only sockets, clocks
// and the provider are replaced. When what happens: audio-schedule.ts.
import type { CallService } from "../../../service/call-service.ts";
import type { CallPort } from "../../../service/contract/transport.ts";
import type { AudioShared } from "../../../service/engine/audio-shared.ts";
import { PACER_WHEEL_MS } from "../../../service/limits.ts";
import { frameSamples } from "../../../scripts/caller/audio-format.ts";
import type { CallResult } from "../call-result.ts";
import { CallRules } from "../call-rules.ts";
import { toleranceOf } from "../call-tolerance.ts";
import { Dice } from "../dice.ts";
import { FarEndModel } from "../far-end-model.ts";
import { HybridRules } from "../hybrid-rules.ts";
import { isOwnerAlwaysLocal, type SimulatedTurns, withoutFaults } from "../knobs.ts";
import { Link } from "../link.ts";
import { ProviderModel } from "../provider-model.ts";
import { Trace } from "../trace.ts";
import { VirtualTime } from "../virtual-time.ts";
import { AudioCaller } from "./audio-caller.ts";
import { type AudioKnobs, drawAudioKnobs } from "./audio-knobs.ts";
import { AudioSchedule } from "./audio-schedule.ts";
import type { AudioUpstream } from "./audio-upstream.ts";
import { CallerLine } from "./caller-line.ts";
import type { CaptureWatch } from "./capture-watch.ts";
import { EngineWatch } from "./engine-watch.ts";
import { Mouth } from "./mouth.ts";
import { openService } from "./open-service.ts";
import type { ServiceParts } from "./service-parts.ts";
import { VirtualClock } from "./virtual-clock.ts";

const FRAME_MS = 20;
const STEPS_MAX = 400_000;
/** Frames of the provider's own ears: speech is what is louder than any noise. */
const VOICED_LEVEL = 200;

export class AudioWorld {
  readonly time = new VirtualTime();
  readonly dice: Dice;
  readonly knobs: AudioKnobs;
  readonly trace: Trace;
  readonly rules: CallRules;
  readonly clock: VirtualClock;
  readonly caller: AudioCaller;
  readonly mouth: Mouth;
  readonly line: CallerLine;
  readonly provider: ProviderModel;
  readonly farEnd: FarEndModel;
  readonly capture: CaptureWatch;
  readonly service: CallService;
  readonly port: CallPort;
  readonly shared: AudioShared;
  readonly frameSamples: number;
  readonly engineWatch = new EngineWatch(this);
  readonly hybrid: HybridRules;
  /** The provider may have committed a part of the running span by itself. */
  isCrossed = false;
  turns: SimulatedTurns;
  upstream: AudioUpstream | null = null;
  readonly #seed: number;
  readonly #parts: ServiceParts;
  readonly #links: readonly Link[];
  readonly #toProvider: Link;
  readonly #fromProvider: Link;
  readonly #toFarEnd: Link;
  readonly #fromFarEnd: Link;
  readonly #schedule: AudioSchedule;
  readonly #voiced: boolean[] = [];
  readonly #counts = new Map<string, number>();
  #frames = 0;
  #steps = 0;
  #broken: Error | null = null;

  constructor(parts: ServiceParts, seed: number, isTraced: boolean) {
    this.#seed = seed;
    this.#parts = parts;
    this.dice = new Dice(seed);
    this.knobs = drawAudioKnobs(this.dice);
    const { knobs, time, dice } = this;
    this.turns = knobs.turnDetection;
    this.frameSamples = frameSamples(knobs.format);
    const samplesPerMs = knobs.format.rateHz / 1000;
    const nowMs = () => time.nowMs();
    this.trace = new Trace(nowMs, isTraced);
    // The real pacer takes a wake-up that is late by less than a position of its wheel as in time.
    const tolerance = { ...toleranceOf(knobs), samplesPerMs, slackMs: PACER_WHEEL_MS };
    this.rules = new CallRules(nowMs, tolerance, (broken) => this.onBroken(broken));
    this.clock = new VirtualClock(time, () => dice.between(0, knobs.timerLateMs));
    this.caller = new AudioCaller(dice, knobs);
    this.mouth = new Mouth(dice, knobs, {
      send: (message, captureMs, first, frames) => this.#send(message, captureMs, first, frames),
    });
    this.line = new CallerLine(this);
    const { providerMs, jitterMs, upMs, downMs, hasReports, isClearedEchoed } = knobs;
    this.#toProvider = new Link(time, dice, providerMs, jitterMs, false);
    this.#fromProvider = new Link(time, dice, providerMs, jitterMs, true);
    this.#toFarEnd = new Link(time, dice, downMs, jitterMs, false);
    this.#fromFarEnd = new Link(time, dice, upMs, jitterMs, true);
    this.#links = [this.#toProvider, this.#fromProvider, this.#toFarEnd, this.#fromFarEnd];
    const farEndSettings = { samplesPerMs, hasReports, isClearedEchoed };
    this.farEnd = new FarEndModel(time, farEndSettings, (item, samples, generation) =>
      this.#report(item, samples, generation),
    );
    const isPhone = knobs.format.encoding === "mulaw" || knobs.format.encoding === "alaw";
    this.provider = new ProviderModel(
      time,
      dice,
      knobs,
      isPhone ? 8 : 24,
      (frame) => this.#voiced[frame] === true,
      (event) => this.#fromProvider.send(() => this.upstream !== null && event(this.upstream)),
      (rule) => this.rules.fail(rule),
    );
    const opened = openService(this, parts);
    this.service = opened.service;
    this.shared = opened.shared;
    this.capture = opened.capture;
    this.port = opened.port;
    this.hybrid = new HybridRules(knobs, (frame) => this.#voiced[frame] === true, true);
    this.#schedule = new AudioSchedule(this);
  }

  run(): CallResult {
    try {
      this.time.at(0, () => this.#microphone());
      this.#schedule.plan();
      while (!this.#schedule.isFinished() && this.#steps < STEPS_MAX && this.#broken === null) {
        if (!this.time.step()) break;
        this.#steps += 1;
      }
      if (this.#broken === null) this.#checkFreed();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      this.onBroken(error);
    }
    this.#free();
    return {
      seed: this.#seed,
      digest: this.trace.digest(),
      brokenRule: this.#brokenText(),
      simulatedMs: this.time.nowMs(),
      steps: this.#steps,
      counts: this.#counts,
      trace: this.trace.lines ?? [],
    };
  }

  /** The first broken rule counts, though the service's own guards catch it. */
  onBroken(broken: Error): void {
    this.#broken ??= broken;
  }

  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1);
  }

  // ---- the way between ----------------------------------------------------------------------

  toProvider(command: (provider: ProviderModel) => void): void {
    this.#toProvider.send(() => command(this.provider));
  }

  toFarEnd(act: (farEnd: FarEndModel) => void): void {
    this.#toFarEnd.send(() => act(this.farEnd));
  }

  onTurn(): void {
    this.#schedule.onTurnHeard();
  }

  /** Samples at the caller's rate that the provider has generated of an item. */
  generatedSamples(itemId: string): number {
    return this.upstream?.generatedSamples(itemId, this.knobs.format.rateHz) ?? 0;
  }

  /** null: ours or push to talk's; what was asked for is known here. */
  turnsWanted(turns: SimulatedTurns | null): SimulatedTurns {
    return turns ?? this.turns;
  }

  switchTurns(turns: SimulatedTurns): void {
    this.trace.note("switch", turns.length);
    this.isCrossed = true;
    this.turns = turns;
    this.rules.onTurnOver();
    this.port.onUpdate(turns === "local" && this.dice.chance(50) ? "fast" : "big", turns);
  }

  calm(): void {
    this.trace.note("calm");
    this.caller.command();
    this.mouth.calm();
    this.provider.calm(withoutFaults(this.knobs));
    for (const link of this.#links) link.calm();
  }

  /** Nothing but the caller's own speech decides whether the agent is cut. */
  isBargeInFree(): boolean {
    const { isGreetingProtected, hasGreeting } = this.knobs;
    return isOwnerAlwaysLocal(this.knobs) && !(isGreetingProtected && hasGreeting);
  }

  #microphone(): void {
    const samples = this.caller.frame(this.farEnd.isHeard());
    this.#voiced.push(levelOf(samples) > VOICED_LEVEL);
    this.mouth.speak(samples);
    this.#frames += 1;
    this.#schedule.onMicrophone();
    this.time.at(this.#frames * FRAME_MS, () => this.#microphone());
  }

  #send(message: Uint8Array, captureMs: number, first: number, frames: Uint8Array[]): void {
    this.#fromFarEnd.send(() => {
      if (this.line.isClosed()) return;
      this.capture.onArrival(first, frames);
      if (this.knobs.isBase64) {
        this.port.onAudioBase64(Buffer.from(message).toString("base64"), captureMs);
      } else this.port.onAudio(message, 0, message.length, captureMs);
      this.rules.checkAnswerOwed();
      this.rules.pace.checkPause();
    });
  }

  holdUp(durationMs: number): void {
    this.#fromFarEnd.holdUp(durationMs);
  }

  #report(item: number, samples: number, generation: number): void {
    const lateMs = this.dice.between(0, this.knobs.reportJitterMs);
    this.time.after(lateMs, () =>
      this.#fromFarEnd.send(() => this.port.onPlayed(item, samples, generation)),
    );
  }

  #checkFreed(): void {
    if (this.#steps >= STEPS_MAX) this.rules.fail("a call comes to its end");
    if (this.clock.timersSet() > 0) this.rules.fail("every timer is freed at the end");
    if (this.service.callsOpen() > 0) this.rules.fail("every call is closed at the end");
    if (this.#parts.core.slotsOpen() > 1) this.rules.fail("every slot is freed at the end");
    if (this.shared.pool.bytesTaken() > 0) this.rules.fail("every block is freed at the end");
  }

  /** A call that broke a rule leaves nothing behind for the next one. */
  #free(): void {
    this.port.onClosed();
    this.capture.close();
  }

  #brokenText(): string | null {
    const broken = this.#broken;
    if (broken === null) return null;
    const where = broken.name === "BrokenRule" ? "" : ` (${broken.stack?.split("\n")[2]?.trim()})`;
    return `${broken.message}${where} at ${this.time.nowMs()} ms`;
  }
}

function levelOf(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += Math.abs(sample);
  return sum / samples.length;
}
