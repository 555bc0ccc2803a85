// What one call writes down about its caller: the words as heard, the notes on them.
// Station: between call.ts, which passes every notice and the end, and the call's memory; made by
// call-memories.ts. Nothing here is on the frame's way or waited for.
// Limits: SUMMARY_TURNS turns between two summaries, SAID_MAX words kept for the next one.
import type { CallMemory } from "./contract/caller-context.ts";
import type { Clock } from "./contract/clock.ts";
import type { Within } from "./contract/tracing.ts";
import type { CallNotice } from "./contract/transport.ts";
import type { SummaryWriter } from "./context/summary-writer.ts";
import type { CallerMemory } from "./call-memory.ts";
import { type HeardWords, HeardTranscript } from "./conversation/heard-transcript.ts";
import type { PlayoutLedger } from "./conversation/playout-ledger.ts";
import { SUMMARY_TURNS } from "./limits.ts";

const SAID_MAX = 200;

/** What a record asks of its call. */
interface FollowedConversation {
  turnId(): number;
  ledger(): PlayoutLedger;
}

interface CallRecordDeps {
  readonly callId: string;
  readonly clock: Clock;
  readonly memory: CallerMemory;
  /** null: no text model is configured. */
  readonly summaries: SummaryWriter | null;
}

export class CallRecord {
  readonly memory: CallMemory;
  readonly #deps: CallRecordDeps;
  readonly #listeners: ((words: HeardWords) => void)[] = [];
  #conversation: FollowedConversation | null = null;
  #within: Within = (act) => act();
  #transcript: HeardTranscript | null = null;
  #said: HeardWords[] = [];
  #sequence = 0;
  #turns = 0;
  #isOver = false;
  #summary: Promise<void> | null = null;

  constructor(deps: CallRecordDeps) {
    this.#deps = deps;
    this.memory = deps.memory;
  }

  /** Once, when the call's parts are there. within: what is asked of a model is asked there. */
  start(conversation: FollowedConversation, within: Within): void {
    this.#conversation = conversation;
    this.#within = within;
    const onHeard = (words: HeardWords) => this.#keep(words);
    this.#transcript = new HeardTranscript(conversation.ledger(), onHeard);
  }

  /** Words of both sides, as they were heard, from now on. */
  onHeard(listener: (words: HeardWords) => void): void {
    this.#listeners.push(listener);
  }

  onNotice(notice: CallNotice): void {
    this.#transcript?.onNotice(notice);
  }

  /** A typed message. Digits are not written down: they may be a PIN or a card's number. */
  onText(text: string): void {
    this.#transcript?.onText(this.#conversation?.turnId() ?? 0, text);
  }

  /** The call is over: the last words, then the last summary behind it. */
  close(): void {
    if (this.#isOver) return;
    this.#transcript?.close(this.#deps.clock.nowMs());
    this.#isOver = true;
    this.#deps.memory.close();
    if (this.#turns > 0) this.#summarize();
  }

  /** Settles when everything that this call writes is written, or was given up. */
  async settled(): Promise<void> {
    await this.#summary;
    await this.#deps.memory.settled();
  }

  #keep(words: HeardWords): void {
    for (const listener of this.#listeners) listener(words);
    const { callId, clock, memory } = this.#deps;
    memory.say({ ...words, callId, sequence: this.#sequence, wallMs: clock.wallMs() });
    this.#sequence += 1;
    this.#said.push(words);
    if (this.#said.length > SAID_MAX) this.#said.shift();
    if (words.speaker !== "caller") return;
    this.#turns += 1;
    if (this.#turns >= SUMMARY_TURNS) this.#summarize();
  }

  /** One at a time; the last one of a call waits for the one under way. */
  #summarize(): void {
    if (this.#deps.summaries === null || (this.#summary !== null && !this.#isOver)) return;
    this.#summary = (this.#summary ?? Promise.resolve())
      .then(() => this.#writeSummary())
      .finally(() => {
        if (!this.#isOver) this.#summary = null;
      });
  }

  async #writeSummary(): Promise<void> {
    const { memory, summaries } = this.#deps;
    const said = [...this.#said];
    // What holds for this call only is not worth a question when the call is over.
    if (summaries === null || said.length === 0 || (this.#isOver && !memory.isKept())) return;
    this.#turns = 0;
    const update = await this.#within(() => summaries.write(memory.context(), said));
    if (update === null) return;
    memory.update(update);
    this.#said = this.#said.filter((words) => !said.includes(words));
  }
}
