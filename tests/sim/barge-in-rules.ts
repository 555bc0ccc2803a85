// What must hold of the five barge-in actions in every simulated call (beside call-rules.ts): who
// may be cut, how long a voice stays ducked, what is acknowledged, what becomes of held speech.
import type { ConversationCount } from "../../service/contract/call-effects.ts";
import { isOwnerAlwaysLocal, type Knobs } from "./knobs.ts";

/** What the model is told when an interruption is to be acknowledged. */
export const ACKNOWLEDGEMENT = "Say that you understand.";

export class BargeInRules {
  readonly #knobs: Knobs;
  readonly #fail: (rule: string) => never;
  readonly #interruptions = new Set<string>();
  readonly #acknowledged = new Set<string>();
  readonly #takenBack = new Set<string>();
  #tagLast = "";
  #isAudible = false;
  #isSpanOpen = false;
  #isEnding = false;
  #gain = 1;

  constructor(knobs: Knobs, fail: (rule: string) => never) {
    this.#knobs = knobs;
    this.#fail = fail;
  }

  onAudible(isAudible: boolean): void {
    this.#isAudible = isAudible;
  }

  /** The agent speaks, and what is said over it is kept for later or dropped, as it is set. */
  isSpeechHeld(): boolean {
    const { bargeInAction, hasGreeting, isGreetingProtected } = this.#knobs;
    const isToGoOn = bargeInAction === "duck" || bargeInAction === "ignore";
    return this.#isAudible && (isToGoOn || (hasGreeting && isGreetingProtected));
  }

  onSpan(isOpen: boolean): void {
    this.#isSpanOpen = isOpen;
  }

  onGoodbye(): void {
    this.#isEnding = true;
  }

  onGain(gain: number): void {
    this.#gain = gain;
  }

  /** isCommand: the caller's application cuts, which it always may. */
  onClear(isCommand: boolean): void {
    const { bargeInAction } = this.#knobs;
    const isToGoOn = bargeInAction === "duck" || bargeInAction === "ignore";
    // A goodbye cuts what takes too long before it.
    if (isToGoOn && this.#isAudible && !isCommand && !this.#isEnding)
      this.#fail("speech does not cut an agent that is to go on");
  }

  /** After each frame of the caller. */
  checkFrame(): void {
    if (!isOwnerAlwaysLocal(this.#knobs)) return;
    const isSpokenOver = this.#isSpanOpen && this.#isAudible;
    if (this.#gain < 1 && !isSpokenOver) this.#fail("a ducked agent comes back to its full level");
    const isDuckWanted = this.#knobs.bargeInAction === "duck" && isSpokenOver;
    if (!isDuckWanted || this.#isEnding || this.#knobs.isGreetingProtected) return;
    if (this.#gain === 1) this.#fail("an agent that is spoken over is ducked");
  }

  onCount(name: ConversationCount): void {
    const { protectedSpeech } = this.#knobs;
    const isDropped = name === "protected_speech_dropped" && protectedSpeech === "commit";
    const isCommitted = name === "protected_speech_committed" && protectedSpeech === "drop";
    if (isDropped || isCommitted) this.#fail("what becomes of held speech is as it is set");
  }

  /** A turn cut the agent off in what it was saying. */
  onBargeIn(turnId: number, heardMs: number): void {
    if (heardMs > 0) this.#interruptions.add(`${turnId}`);
  }

  /** The turn's answer was taken back unheard, and will be asked for again. */
  onTakenBack(): void {
    this.#takenBack.add(this.#tagLast);
    this.#acknowledged.delete(this.#tagLast.split(":")[1] ?? "");
  }

  onRequest(tag: string, instructions: string): void {
    this.#tagLast = tag;
    const [asker, turnId = ""] = tag.split(":");
    const isAcknowledging = instructions === ACKNOWLEDGEMENT;
    if (!isOwnerAlwaysLocal(this.#knobs)) return;
    const isWanted =
      this.#knobs.bargeInAction === "acknowledge" &&
      asker === "turn" &&
      this.#interruptions.has(turnId);
    if (isAcknowledging && !isWanted) this.#fail("only an interruption is acknowledged");
    if (isWanted && !isAcknowledging) this.#fail("an interruption is acknowledged");
    if (isAcknowledging && this.#acknowledged.has(turnId)) {
      this.#fail("an interruption is acknowledged once");
    }
  }

  onResponseOver(tag: string, isCompleted: boolean): void {
    if (this.#takenBack.has(tag)) return;
    const [asker, turnId = ""] = tag.split(":");
    const isAcknowledgement = asker === "turn" && this.#interruptions.has(turnId);
    if (isAcknowledgement && isCompleted) this.#acknowledged.add(turnId);
  }
}
