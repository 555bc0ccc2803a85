// A Realtime provider over frame numbers: input buffer, items, one active response, deltas faster
// than real time; and what providers do wrong: slow, refusing, late after a cancel, silent for
// ever, gone. What only a broken client could make it see is reported as a broken rule.
import type { Dice } from "./dice.ts";
import type { Knobs } from "./knobs.ts";
import { ProviderInput } from "./provider-input.ts";
import type { VirtualTime } from "./virtual-time.ts";

const FRAME_MS = 20;
const COMMITTED_MS_MAX = 1_200;

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

interface ActiveResponse {
  readonly id: string;
  readonly tag: string;
  isCancelled: boolean;
}

export class ProviderModel {
  readonly #time: VirtualTime;
  readonly #dice: Dice;
  readonly #send: (event: (events: ProviderEvents) => void) => void;
  readonly #breakRule: (rule: string) => void;
  readonly #samplesPerMs: number;
  #knobs: Knobs;
  readonly input: ProviderInput;
  /** Samples generated of each assistant item. */
  readonly #items = new Map<string, number>();
  readonly #deleted = new Set<string>();
  readonly #openTools = new Set<string>();
  #active: ActiveResponse | null = null;
  #responseLast = 0;
  #session = 0;
  readonly #olderItems = new Set<string>();
  readonly #olderTools = new Set<string>();
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
    send: (event: (events: ProviderEvents) => void) => void,
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
    for (const toolCallId of this.#openTools) this.#olderTools.add(toolCallId);
    this.#openTools.clear();
  }

  /** What of the caller's is in the conversation, in order. */
  remaining(): { readonly first: number; readonly end: number }[] {
    return this.input.committed.filter(({ itemId }) => !this.#deleted.has(itemId));
  }

  generatedSamples(itemId: string): number {
    return this.#items.get(itemId) ?? 0;
  }

  /** The model takes its own items for said: each was, or is deleted. */
  checkSaid(wasSent: (itemId: string) => boolean): void {
    for (const itemId of this.#items.keys()) {
      if (this.#deleted.has(itemId) || wasSent(itemId)) continue;
      this.#breakRule("the model takes nothing for said that nobody heard");
    }
  }

  openTools(): number {
    return this.#openTools.size;
  }

  // ---- commands, as they arrive -------------------------------------------------------------

  respond(tag: string): void {
    this.input.checkOnce(this.#deleted);
    if (this.#dice.chance(this.#knobs.slowCreatedPercent)) {
      const session = this.#session;
      this.#time.after(this.#dice.between(9_500, 14_000), () => {
        if (session === this.#session) this.#respondNow(tag);
      });
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
    const response = { id: `r${this.#responseLast}`, tag, isCancelled: false };
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
    const firstMs = this.#dice.between(30, this.#knobs.firstAudioMsMax);
    this.#time.after(firstMs, () => (isTool ? this.#callTool(response) : this.#speak(response)));
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

  submitToolOutput(toolCallId: string): void {
    if (this.#olderTools.delete(toolCallId)) return;
    if (!this.#openTools.delete(toolCallId)) {
      this.#breakRule("every tool call is answered exactly once");
    }
  }

  /** Its own detection stops its own answer, as `interrupt_response` does. */
  #onSpeechStarted(): void {
    this.#isOwnWaiting = false;
    if (this.#active !== null && !this.#active.isCancelled) this.cancel("");
  }

  #onOwnTurn(): void {
    if (this.#active === null) this.#respondNow("");
    else this.#isOwnWaiting = true;
  }

  // ---- one response -------------------------------------------------------------------------

  #callTool(response: ActiveResponse): void {
    if (response.isCancelled || this.#active !== response) return;
    const toolCallId = `tool-${response.id}`;
    this.#openTools.add(toolCallId);
    this.#emit((events) => events.onToolCall(response.id, toolCallId));
    this.#done(response, "completed");
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
    if (index < items) {
      const nextSamples = this.#dice.between(200, 2_000) * this.#samplesPerMs;
      this.#time.after(gapMs, () => this.#speakItem(response, index + 1, items, nextSamples));
      return;
    }
    const isFailed = this.#dice.chance(this.#knobs.failedPercent);
    this.#time.after(gapMs, () => this.#done(response, isFailed ? "failed" : "completed"));
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
    if (this.#active !== null || !this.#isOwnWaiting) return;
    this.#isOwnWaiting = false;
    this.#respondNow("");
  }

  #acknowledge(event: (events: ProviderEvents) => void, isOwn: boolean): void {
    const isSlow = !isOwn && this.#dice.chance(this.#knobs.slowCommittedPercent);
    const lateMs = isSlow ? this.#dice.between(100, COMMITTED_MS_MAX) : 0;
    const nowMs = this.#time.nowMs();
    this.#acknowledgedMs = Math.max(this.#acknowledgedMs, nowMs + lateMs);
    if (this.#acknowledgedMs === nowMs) {
      this.#emit(event);
      return;
    }
    const session = this.#session;
    this.#time.after(this.#acknowledgedMs - nowMs, () => {
      if (session === this.#session) this.#emit(event);
    });
  }

  #emit(event: (events: ProviderEvents) => void): void {
    if (!this.#isClosed) this.#send(event);
  }
}
