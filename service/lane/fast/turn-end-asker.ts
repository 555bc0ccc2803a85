// Asks a turn-end voter and brings its answer back in time: one question at a time, each with a
// deadline. Station: between the conversation's wish (LaneEffects) and the voter, which is somebody
// else's code: nothing it does may throw into the call or keep it waiting.
import type { AudioEngine } from "../../contract/audio-engine.ts";
import type { TurnEndAsk } from "../../contract/call-effects.ts";
import type { Clock, TimerHandle } from "../../contract/clock.ts";
import { SEND } from "../../contract/send-result.ts";
import type { TurnEndQuestion, TurnEndVoter } from "../../contract/turn-end-vote.ts";
import type { UpstreamFormat } from "../../contract/upstream.ts";
import { FRAME_MS } from "../../limits.ts";
import type { LaneOwner } from "./lane-owner.ts";

export interface TurnEndVote {
  readonly voter: TurnEndVoter;
  /** Longest wait for an answer. */
  readonly answerMsMax: number;
}

export interface TurnEndAskerDeps {
  readonly id: string;
  readonly clock: Clock;
  readonly engine: AudioEngine;
  readonly owner: Pick<LaneOwner, "onCount">;
}

interface Pending {
  readonly controller: AbortController;
  readonly timer: TimerHandle;
  isReadable: boolean;
}

/** -> null when there is nobody to ask. onVote must not throw. */
export function askerOf(
  deps: TurnEndAskerDeps,
  vote: TurnEndVote | null,
  onVote: (generation: number, probability: number) => void,
): TurnEndAsker | null {
  return vote === null ? null : new TurnEndAsker(deps, vote, onVote);
}

export class TurnEndAsker {
  readonly #deps: TurnEndAskerDeps;
  readonly #vote: TurnEndVote;
  readonly #format: UpstreamFormat;
  readonly #onVote: (generation: number, probability: number) => void;
  #pending: Pending | null = null;

  /** onVote must not throw. */
  constructor(
    deps: TurnEndAskerDeps,
    vote: TurnEndVote,
    onVote: (generation: number, probability: number) => void,
  ) {
    this.#deps = deps;
    this.#vote = vote;
    this.#onVote = onVote;
    const { upstreamEncoding: encoding, upstreamRateHz: rateHz } = deps.engine.config.format;
    this.#format = { encoding, rateHz };
  }

  ask({ generation, turnId, firstFrame, speechMs }: TurnEndAsk): void {
    this.close();
    const { id: callId, clock, owner } = this.#deps;
    const onFailed = () => owner.onCount("turn_vote_failed");
    const timer = clock.setTimer(this.#vote.answerMsMax, () => this.#give(pending, onFailed));
    const pending: Pending = { controller: new AbortController(), timer, isReadable: true };
    this.#pending = pending;
    const readAudio = (lastMsMax: number) =>
      pending.isReadable ? this.#read(firstFrame, lastMsMax) : new Uint8Array();
    const question = { callId, turnId, speechMs, format: this.#format, readAudio };
    void this.#answerOf(question, pending.controller.signal).then(
      (probability) =>
        this.#give(pending, () => {
          if (probability >= 0 && probability <= 1) this.#onVote(generation, probability);
          else onFailed();
        }),
      () => this.#give(pending, onFailed),
    );
    pending.isReadable = false;
  }

  /** Nobody waits for an answer any more. */
  close(): void {
    const pending = this.#pending;
    if (pending !== null) this.#give(pending, () => undefined);
  }

  /** async: a voter that throws at once is one that rejects. */
  async #answerOf(question: TurnEndQuestion, signal: AbortSignal): Promise<number> {
    return await this.#vote.voter.vote(question, signal);
  }

  /** The question is over, once: answered, failed, out of time or replaced. */
  #give(pending: Pending, act: () => void): void {
    if (this.#pending !== pending) return;
    this.#pending = null;
    this.#deps.clock.clearTimer(pending.timer);
    pending.controller.abort();
    act();
  }

  #read(firstFrame: number, lastMsMax: number): Uint8Array {
    const { engine } = this.#deps;
    const { encoding, rateHz } = this.#format;
    const endFrame = engine.framesCaptured();
    const framesMax = Math.max(0, Math.floor(lastMsMax / FRAME_MS));
    const from = Math.max(firstFrame, endFrame - framesMax);
    const sampleBytes = encoding === "pcm16" ? 2 : 1;
    const frameBytes = (rateHz / 1000) * FRAME_MS * sampleBytes;
    const audio = new Uint8Array((endFrame - from) * frameBytes);
    let filled = 0;
    engine.tapeRead(from, endFrame, (source, start, end) => {
      audio.set(source.subarray(start, end), filled);
      filled += end - start;
      return SEND.SENT;
    });
    return audio.subarray(0, filled);
  }
}
