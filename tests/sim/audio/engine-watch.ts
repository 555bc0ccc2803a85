// Stands between the real engine and the real lane, both ways, and changes nothing: what was captured,
// what is read off the tape, what is queued, paused and missing goes to the rules on its way.
import type { AudioEngine, EngineListener } from "../../../service/contract/audio-engine.ts";
import { CAPTURE_EVENT } from "../../../service/contract/core.ts";
import type { AudioWorld } from "./audio-world.ts";

export class EngineWatch {
  readonly #world: AudioWorld;
  #underruns = 0;
  #isAudible = false;
  #wasAudible = false;

  constructor(world: AudioWorld) {
    this.#world = world;
  }

  /** What the lane asks of the engine. */
  engine(engine: AudioEngine): AudioEngine {
    return new Proxy(engine, {
      get: (target, key) => {
        if (key === "tapeRead") {
          return (from: number, to: number, read: Parameters<AudioEngine["tapeRead"]>[2]) =>
            this.#world.capture.read(target, from, to, read);
        }
        const value: unknown = Reflect.get(target, key, target);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          this.#onEngineCall(key, args[0]);
          return Reflect.apply(value, target, args);
        };
      },
    });
  }

  /** What the engine tells the lane. */
  listener(listener: EngineListener): EngineListener {
    return {
      onCaptureFrame: (bits, frameIndex) => {
        this.#world.capture.onFrame(bits, frameIndex);
        if (bits > 1) this.#world.trace.note("bits", bits, frameIndex);
        listener.onCaptureFrame(bits, frameIndex);
        this.#checkBargeIn(bits);
      },
      onPlaybackFrame: (frame, item, position, samples) =>
        listener.onPlaybackFrame(frame, item, position, samples),
      onPlaybackItemSent: (item, samples) => listener.onPlaybackItemSent(item, samples),
      onPlaybackUnderrun: (item) => {
        this.#underruns -= 1;
        this.#world.rules.pace.onUnderrun(true);
        listener.onPlaybackUnderrun(item);
      },
      onPlaybackQueueHigh: (isHigh) => listener.onPlaybackQueueHigh?.(isHigh),
      onFault: (error) => listener.onFault?.(error),
    };
  }

  onUnderrun(): void {
    this.#underruns += 1;
  }

  /** Underruns that were not for want of an answer. */
  settleUnderruns(): void {
    for (; this.#underruns > 0; this.#underruns -= 1) this.#world.rules.pace.onUnderrun(false);
  }

  #onEngineCall(key: string | symbol, first: unknown): void {
    const { line, rules } = this.#world;
    if (key === "queuePlayback" && typeof first === "number") line.onQueued(first);
    else if (key === "setAgentAudible") this.#isAudible = first === true;
    else if (key === "pausePlayback") rules.pace.onPause();
    else if (key === "resumePlayback") rules.pace.onResume();
  }

  /** The frame that decides about an interruption also carries it out (S0-07). */
  #checkBargeIn(bits: number): void {
    const wasAudible = this.#wasAudible;
    this.#wasAudible = this.#isAudible;
    if ((bits & CAPTURE_EVENT.BARGE) === 0 || !wasAudible || !this.#world.isBargeInFree()) return;
    if (this.#isAudible) this.#world.rules.fail("a barge-in clears the far end at once");
  }
}
