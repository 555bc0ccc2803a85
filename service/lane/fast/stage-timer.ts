// Measures our own stages of a call as they happen (contract/latency.ts): from the moment a message
// or an event came in to the moment its effect left. Station: inside the fast lane, around the
// conversation's synchronous calls. Per frame: reads one clock, allocates nothing.
import type { AudioEngine } from "../../contract/audio-engine.ts";
import type { TurnDetection } from "../../contract/call-terms.ts";
import type { Clock } from "../../contract/clock.ts";
import { CAPTURE_EVENT } from "../../contract/core.ts";
import type { StageSink } from "../../contract/latency.ts";
import { FRAME_MS } from "../../limits.ts";
import { isProviderListening } from "../../upstream/provider-turns.ts";

const ONSET_BITS = CAPTURE_EVENT.ONSET_MAYBE | CAPTURE_EVENT.BARGE_MAYBE;
const TIMED_BITS = ONSET_BITS | CAPTURE_EVENT.END;

export interface StageTimerDeps {
  readonly clock: Clock;
  readonly engine: Pick<AudioEngine, "onsetPositionSamples" | "bargeInOnsetPositionSamples">;
  readonly stages: StageSink;
  readonly callerRateHz: number;
}

export class StageTimer {
  readonly #deps: StageTimerDeps;
  readonly #samplesPerMs: number;
  /** The provider detects turns, so every frame leaves at once. */
  #isEveryFrameSent = false;
  /** -1: nothing that came in is being handled; silence that we feed ourselves has no beginning. */
  #eventMs = -1;

  constructor(deps: StageTimerDeps) {
    this.#deps = deps;
    this.#samplesPerMs = deps.callerRateHz / 1000;
  }

  setTurnDetection(turnDetection: TurnDetection): void {
    this.#isEveryFrameSent = isProviderListening(turnDetection);
  }

  /** A caller's message or a provider's event came in: what follows counts from now. */
  begin(): void {
    this.#eventMs = this.#deps.clock.nowMs();
  }

  /** It has been handled. */
  end(): void {
    this.#eventMs = -1;
  }

  /** The far end was told to clear. -> ms since begin(), 0 when nothing came in. */
  onReaction(): number {
    if (this.#eventMs < 0) return 0;
    const passedMs = this.#passedMs();
    this.#deps.stages.observe("reaction", passedMs);
    return passedMs;
  }

  /** A frame has done all that it does; the upstream is ready, so what it sends has left. */
  onFrame(bits: number, frameIndex: number): void {
    if (this.#eventMs < 0) return;
    if (this.#isEveryFrameSent) {
      this.#deps.stages.observe("frame_to_upstream", this.#passedMs());
    } else if ((bits & TIMED_BITS) !== 0) {
      this.#onLocalFrame(bits, frameIndex);
    }
  }

  #onLocalFrame(bits: number, frameIndex: number): void {
    const { stages, engine } = this.#deps;
    const passedMs = this.#passedMs();
    if ((bits & CAPTURE_EVENT.END) !== 0) stages.observe("end_to_commit", passedMs);
    if ((bits & ONSET_BITS) === 0) return;
    const isTurnMachine = (bits & CAPTURE_EVENT.ONSET_MAYBE) !== 0;
    const onsetSamples = isTurnMachine
      ? engine.onsetPositionSamples()
      : engine.bargeInOnsetPositionSamples();
    const audioMs = (frameIndex + 1) * FRAME_MS - onsetSamples / this.#samplesPerMs;
    stages.observe("onset_to_upstream", audioMs + passedMs);
  }

  #passedMs(): number {
    return this.#deps.clock.nowMs() - this.#eventMs;
  }
}
