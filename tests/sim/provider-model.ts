// A Realtime provider over frame numbers: input buffer, items, one active response, deltas faster
// than real time; and what providers do wrong: slow, refusing, late after a cancel, silent for
// ever, gone. What only a broken client could make it see is reported as a broken rule.
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";
import { ProviderInput } from "./provider-input.ts";
import { ProviderTools } from "./provider-tools.ts";
import type { VirtualTime } from "./virtual-time.ts";

const FRAME_MS = 20;
const COMMITTED_MS_MAX = 1_200;
/** Of one response. */
const TOOLS_MAX = 4;

export interface ProviderEvents {
  onCommitted(itemId: string): void;
  onSpeechStarted(positionMs: number): void;
  onSpeechStopped(positionMs: number, itemId: string): void;
  onCreated(responseId: string, tag: string): void;
  onAudio(responseId: string, itemId: string, samples: number): void;
  onAudioDone(responseId: string, itemId: string): void;
  onToolCall(responseId: string, toolCallId: string): void;
  onDone(responseId: string, status: "completed" | "cancelled" | "failed"): void;
  /** tag: of the request that is refused, "" for everything else. */
  onError(code: string, tag: string): void;
  onClosed(): void;
}

export type ProviderEvent = (events: ProviderEvents) => void;

interface ActiveResponse {
  readonly id: string;
  readonly tag: string;
  isCancelled: boolean;
  tools: number;
}

export class ProviderModel {
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  readonly #send: (event: ProviderEvent) => void;
  readonly #breakRule: (rule: string) => void;
  readonly #samplesPerMs: number;
  #knobs: Knobs;
  readonly input: ProviderInput;
  /** Samples generated of each assistant item. */
  readonly #items = new Map<string, number>();
  readonly #deleted = new Set<string>();
  readonly tools: ProviderTools;
  #active: ActiveResponse | null = null;
  #responseLast = 0;
  #session = 0;
  readonly #olderItems = new Set<string>();
  #isClosed = false;
  /** When the newest acknowledgement is told. */
  #acknowledgedMs = 0;
  /** Its own answer waits for a response that is being cancelled. */
  #isOwnWaiting = false;

  constructor(
    time: VirtualTime,
    dice: Dice,
    knobs: Knobs,
    samplesPerMs: number,
    isVoiced: (frame: number) => boolean,
    send: (event: ProviderEvent) => void,
    breakRule: (rule: string) => void,
  ) {
    this.#time = time;
    this.#dice = dice;
    this.#knobs = knobs;
    this.input = new ProviderInput(dice, knobs, isVoiced, {
      emit: (event) => this.#emit(event),
      acknowledge: (event, isOwn) => this.#acknowledge(event, isOwn),
      breakRule,
      onSpeechStarted: () => this.#onSpeechStarted(),
      onTurn: () => this.#onOwnTurn(),
    });
    this.#samplesPerMs = samplesPerMs;
    this.#send = send;
    this.#breakRule = breakRule;
    this.tools = new ProviderTools((event) => this.#emit(event), breakRule);
  }

  calm(knobs: Knobs): void {
    this.#knobs = knobs;
    this.input.calm(knobs);
  }

  disconnect(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#send((events) => events.onClosed());
  }

  /** The session is gone with all it knew; the next one has the history as text only. */
  beginSession(): void {
    this.#session += 1;
    this.input.beginSession();
    this.#acknowledgedMs = 0;
    this.#isOwnWaiting = false;
    this.#active = null;
    for (const itemId of this.#items.keys()) this.#olderItems.add(itemId);
    for (const { itemId } of this.input.committed) this.#olderItems.add(itemId);
    this.#items.clear();
    this.tools.beginSession();
  }

  /** What of the caller's is in the conversation, in order. */
  remaining(): { readonly first: number; readonly end: number }[] {
    return this.input.committed.filter(({ itemId }) => !this.#deleted.has(itemId));
  }

  /** The model takes its own items for said: each was, or is deleted. */
  checkSaid(wasSent: (itemId: string) => boolean): void {
    for (const itemId of this.#items.keys()) {
      if (this.#deleted.has(itemId) || wasSent(itemId)) continue;
      this.#breakRule("the model takes nothing for said that nobody heard");
    }
  }

  // ---- commands, as they arrive -------------------------------------------------------------

  respond(tag: string, told: number): void {
    this.input.checkOnce(this.#deleted, told);
    if (this.#dice.chance(this.#knobs.slowCreatedPercent)) {
      this.#inSession(this.#dice.between(9_500, 14_000), () => this.#respondNow(tag));
    } else this.#respondNow(tag);
  }

  #respondNow(tag: string): void {
    if (this.#active !== null) {
      this.#emit((events) => events.onError("conversation_already_has_active_response", tag));
      return;
    }
    if (this.#dice.chance(this.#knobs.refusePercent)) {
      this.#emit((events) => events.onError("server_error", tag));
      return;
    }
    this.#responseLast += 1;
    const response = { id: `r${this.#responseLast}`, tag, isCancelled: false, tools: 0 };
    this.#active = response;
    if (this.#dice.chance(this.#knobs.lostCreatedPercent)) {
      // Never heard of again; the provider itself forgets it after a while.
      this.#time.after(8_000, () => {
        if (this.#active === response) this.#active = null;
        this.#answerOwnTurn();
      });
      return;
    }
    this.#emit((events) => events.onCreated(response.id, tag));
    const isTool = this.#dice.chance(this.#knobs.toolPercent);
    response.tools = isTool ? this.#dice.between(1, TOOLS_MAX) : 0;
    const isCall = isTool && this.#dice.chance(50);
    const firstMs = this.#dice.between(30, this.#knobs.firstAudioMsMax);
    if (this.#dice.chance(this.#knobs.failedPercent)) {
      this.#time.after(firstMs, () => this.#done(response, "failed"));
      return;
    }
    this.#time.after(firstMs, () => (isCall ? this.#callTools(response) : this.#speak(response)));
  }

  cancel(responseId: string): void {
    const active = this.#active;
    if (active === null || active.isCancelled || (responseId !== "" && responseId !== active.id)) {
      this.#emit((events) => events.onError("response_cancel_not_active", ""));
      return;
    }
    active.isCancelled = true;
    const lateMs = this.#dice.between(0, this.#knobs.lateAfterCancelMs);
    this.#time.after(lateMs, () => this.#done(active, "cancelled"));
  }

  truncate(itemId: string, audioEndMs: number): void {
    if (this.#olderItems.has(itemId)) return;
    const generated = this.#items.get(itemId);
    if (generated === undefined || this.#deleted.has(itemId)) {
      this.#breakRule("only an item of the agent is truncated");
      return;
    }
    if (audioEndMs <= 0 || audioEndMs * this.#samplesPerMs > generated) {
      this.#breakRule("an item is truncated within what was generated");
    }
    // Cut once: nothing of it may come again.
    this.#items.set(itemId, audioEndMs * this.#samplesPerMs);
  }

  deleteItem(itemId: string): void {
    if (this.#olderItems.has(itemId)) return;
    const isCallers = this.input.committed.some((item) => item.itemId === itemId);
    if (!(isCallers || this.#items.has(itemId)) || this.#deleted.has(itemId)) {
      this.#breakRule("only an item that exists is deleted, once");
    }
    this.#deleted.add(itemId);
  }

  /** Its own detection stops its own answer, as `interrupt_response` does. */
  #onSpeechStarted(): void {
    this.#isOwnWaiting = false;
    if (this.#active !== null && !this.#active.isCancelled) this.cancel("");
  }

  /** Its answer comes after its own acknowledgement of the turn, which may wait for older ones. */
  #onOwnTurn(): void {
    this.#isOwnWaiting = true;
    const waitMs = this.#acknowledgedMs - this.#time.nowMs();
    if (waitMs > 0) this.#inSession(waitMs, () => this.#answerOwnTurn());
    else this.#answerOwnTurn();
  }

  #callTools(response: ActiveResponse): void {
    const isLate = response.isCancelled && this.#knobs.lateAfterCancelMs === 0;
    if (this.#active !== response || isLate) return;
    this.tools.call(response.id, response.tools);
    if (!response.isCancelled) this.#done(response, "completed");
  }

  #speak(response: ActiveResponse): void {
    const totalMs = this.#dice.between(200, this.#knobs.answerMsMax);
    const totalSamples = totalMs * this.#samplesPerMs;
    const items = this.#dice.chance(20) ? 2 : 1;
    this.#speakItem(response, 1, items, Math.ceil(totalSamples / items));
  }

  #speakItem(response: ActiveResponse, index: number, items: number, leftSamples: number): void {
    if (this.#active !== response) return;
    // After a cancel it goes on for a moment, as real ones do, until its done.
    if (response.isCancelled && this.#knobs.lateAfterCancelMs === 0) return;
    const itemId = `${response.id}-${index}`;
    const frames = this.#dice.between(1, this.#knobs.deltaFramesMax);
    const unevenSamples = this.#dice.chance(30) ? this.#dice.between(1, 159) : 0;
    const samples = Math.min(leftSamples, frames * FRAME_MS * this.#samplesPerMs - unevenSamples);
    this.#items.set(itemId, (this.#items.get(itemId) ?? 0) + samples);
    this.#emit((events) => events.onAudio(response.id, itemId, samples));
    const restSamples = leftSamples - samples;
    const gapMs = this.#deltaGapMs(samples);
    if (restSamples > 0) {
      this.#time.after(gapMs, () => this.#speakItem(response, index, items, restSamples));
      return;
    }
    if (!this.#dice.chance(this.#knobs.lostDonePercent)) {
      this.#emit((events) => events.onAudioDone(response.id, itemId));
    }
    if (index === items) {
      const isFailed = this.#dice.chance(this.#knobs.failedPercent);
      this.#time.after(gapMs, () => this.#endSpeech(response, isFailed));
      return;
    }
    const nextSamples = this.#dice.between(200, 2_000) * this.#samplesPerMs;
    this.#time.after(gapMs, () => this.#speakItem(response, index + 1, items, nextSamples));
  }

  #endSpeech(response: ActiveResponse, isFailed: boolean): void {
    if (response.tools > 0) this.#callTools(response);
    else this.#done(response, isFailed ? "failed" : "completed");
  }

  /** Mostly faster than real time; now and then slower, so that the pacer starves. */
  #deltaGapMs(samples: number): number {
    if (this.#dice.chance(this.#knobs.slowDeltaPercent)) return this.#dice.between(0, 900);
    return this.#dice.between(1, Math.max(2, Math.floor(samples / this.#samplesPerMs / 2)));
  }

  #done(response: ActiveResponse, status: "completed" | "cancelled" | "failed"): void {
    if (this.#active !== response) return;
    this.#active = null;
    if (!this.#dice.chance(this.#knobs.lostDonePercent)) {
      this.#emit((events) => events.onDone(response.id, status));
    }
    this.#answerOwnTurn();
  }

  #answerOwnTurn(): void {
    const isFree = this.#active === null && this.#acknowledgedMs <= this.#time.nowMs();
    if (!isFree || !this.#isOwnWaiting) return;
    this.#isOwnWaiting = false;
    this.#respondNow("");
  }

  #acknowledge(event: ProviderEvent, isOwn: boolean): void {
    const isSlow = !isOwn && this.#dice.chance(this.#knobs.slowCommittedPercent);
    const lateMs = isSlow ? this.#dice.between(100, COMMITTED_MS_MAX) : 0;
    const nowMs = this.#time.nowMs();
    this.#acknowledgedMs = Math.max(this.#acknowledgedMs, nowMs + lateMs);
    if (this.#acknowledgedMs === nowMs) this.#emit(event);
    else this.#inSession(this.#acknowledgedMs - nowMs, () => this.#emit(event));
  }

  /** Later, unless the session is another one by then. */
  #inSession(delayMs: number, act: () => void): void {
    const session = this.#session;
    this.#time.after(delayMs, () => {
      if (session === this.#session) act();
    });
  }

  #emit(event: ProviderEvent): void {
    if (!this.#isClosed) this.#send(event);
  }
}
