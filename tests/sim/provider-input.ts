// The provider's input buffer over frame numbers, and its own detection of turns when it owns them:
// it then commits by itself, stops its answer when the caller speaks, and answers (provider-model.ts).
import type { Dice } from "./dice.ts";
import { isAnsweredHere, type Knobs, type SimulatedTurns } from "./knobs.ts";
import { ProviderEars } from "./provider-ears.ts";
import type { ProviderEvent } from "./provider-model.ts";

const FRAME_MS = 20;
const COMMIT_FRAMES_MIN = 5;

export interface ProviderInputOwner {
  emit(event: ProviderEvent): void;
  /** What became of a commit: in order, though not always at once. isOwn: nobody asked for it. */
  acknowledge(event: ProviderEvent, isOwn: boolean): void;
  breakRule(rule: string): void;
  /** The caller speaks: its own answer is over. */
  onSpeechStarted(): void;
  /** It has committed a turn by itself, and answers. */
  onTurn(): void;
}

export class ProviderInput {
  readonly #owner: ProviderInputOwner;
  readonly #ears: ProviderEars;
  #knobs: Knobs;
  #turns: SimulatedTurns;
  /** Frame numbers appended and neither committed nor cleared. */
  #buffer: number[] = [];
  /** Frame after the newest appended one while no gap may follow it, else -1. */
  #nextFrame = -1;
  /** Spans before this one were committed in an older session, and may come again. */
  #committedFrom = 0;
  #hasLost = false;
  /** It commits its turns, and neither answers nor interrupts. */
  #isSignal: boolean;
  /** Frames appended in this session: the clock of its positions. */
  #appended = 0;
  /** Spans of committed frames: [first, end), in order of commit. */
  readonly committed: {
    readonly first: number;
    readonly end: number;
    readonly itemId: string;
    readonly isOwn: boolean;
  }[] = [];
  /** So many of them, in order, the service was told of. */
  #told = 0;

  constructor(
    dice: Dice,
    knobs: Knobs,
    isVoiced: (frame: number) => boolean,
    owner: ProviderInputOwner,
  ) {
    this.#owner = owner;
    this.#knobs = knobs;
    this.#turns = knobs.turnDetection;
    this.#isSignal = isAnsweredHere(knobs);
    this.#ears = new ProviderEars(dice, isVoiced);
  }

  calm(knobs: Knobs): void {
    this.#knobs = knobs;
  }

  beginSession(): void {
    this.clear();
    this.#appended = 0;
    this.#hasLost = true;
    this.#committedFrom = this.committed.length;
  }

  append(first: number, frames: number): void {
    for (let frame = first; frame < first + frames; frame += 1) {
      if (this.#nextFrame >= 0 && frame !== this.#nextFrame) {
        this.#owner.breakRule("no sample is lost or sent twice");
      }
      this.#nextFrame = frame + 1;
      this.#buffer.push(frame);
      this.#appended += 1;
      const decision = this.#ears.hear(frame, this.#knobs, this.#turns === "semantic_vad");
      if (!this.#ownsTurns() && this.#turns !== "hybrid") continue;
      if (decision === "started") this.#onSpeechStarted();
      else if (decision === "stopped") this.#onSpeechStopped();
    }
  }

  answerNothing(): void {
    this.#isSignal = true;
  }

  clear(): void {
    this.#buffer = [];
    this.#nextFrame = -1;
    this.#ears.forget();
  }

  /** Who owns the turns from the next frame on; speech that is going on is known to it. */
  setTurns(turns: SimulatedTurns): void {
    const wasOwner = this.#ownsTurns();
    this.#turns = turns;
    if (this.#buffer.length === 0) this.#nextFrame = -1;
    if (this.#ownsTurns() && !wasOwner && this.#ears.isSpeech()) this.#onSpeechStarted();
  }

  /** isCrossed: the provider may have committed by itself while this was on its way. */
  commit(isCrossed: boolean): void {
    if (this.#buffer.length < COMMIT_FRAMES_MIN) {
      if (!isCrossed) this.#owner.breakRule("a commit holds at least 100 ms");
      this.clear();
      this.#owner.acknowledge(
        (events) => events.onError("input_audio_buffer_commit_empty", ""),
        false,
      );
      return;
    }
    this.#commitBuffer(false);
    // Only under push to talk does the next span follow without a gap; after a lost session this may
    // be a turn from before somebody else took over.
    if (this.#turns !== "none" || this.#hasLost) this.#nextFrame = -1;
  }

  told(): number {
    return this.#told;
  }

  /**
   * What a response would answer: nothing the caller said stands there twice. told: as it was when
   * the response was asked for. Nobody deletes what nobody asked for before being told of it.
   */
  checkOnce(deleted: ReadonlySet<string>, told: number): void {
    let heardTo = 0;
    for (const [index, { first, end, itemId, isOwn }] of this.committed.entries()) {
      if (index < this.#committedFrom || deleted.has(itemId) || (isOwn && index >= told)) continue;
      if (first < heardTo) this.#owner.breakRule("no sample is in the conversation twice");
      heardTo = end;
    }
  }

  #ownsTurns(): boolean {
    return this.#turns === "server_vad" || this.#turns === "semantic_vad";
  }

  #onSpeechStarted(): void {
    const positionMs = this.#appended * FRAME_MS;
    this.#owner.emit((events) => events.onSpeechStarted(positionMs));
    if (this.#ownsTurns() && !this.#isSignal) this.#owner.onSpeechStarted();
  }

  #onSpeechStopped(): void {
    const positionMs = this.#appended * FRAME_MS;
    const itemId = `user${this.committed.length + 1}`;
    this.#owner.acknowledge((events) => events.onSpeechStopped(positionMs, itemId), true);
    this.#commitBuffer(true);
    if (this.#ownsTurns() && !this.#isSignal) this.#owner.onTurn();
  }

  #commitBuffer(isOwn: boolean): void {
    const frames = this.#buffer;
    this.#buffer = [];
    const first = frames[0] ?? 0;
    const end = (frames.at(-1) ?? -1) + 1;
    if (end - first !== frames.length) {
      this.#owner.breakRule("a turn's samples are upstream once, in order");
    }
    const itemId = `user${this.committed.length + 1}`;
    const count = this.committed.push({ first, end, itemId, isOwn });
    this.#owner.acknowledge((events) => {
      this.#told = count;
      events.onCommitted(itemId);
    }, isOwn);
  }
}
