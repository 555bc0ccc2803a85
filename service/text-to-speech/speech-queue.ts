// Sentences that wait to be spoken: urgent before normal before filler, each kind in its order
// (S2-52, D-13). Stands between the sentence cutter and the engine.
// Limits: SPEECH_QUEUE_SENTENCES (S2-51, S2-54). A filler gives up its place when the queue is full;
// one place more is kept for an urgent sentence, so that a long answer cannot shut it out.
import type { SpeechPriority } from "../contract/text-to-speech.ts";
import { SPEECH_QUEUE_SENTENCES } from "../limits.ts";

export interface QueuedSentence {
  /** As it was written, without the spaces around it. */
  readonly text: string;
  readonly priority: SpeechPriority;
}

const URGENT_PLACES = 1;

export class SpeechQueue<Sentence extends QueuedSentence> {
  readonly #onFillerDropped: (filler: Sentence) => void;
  readonly #waiting: Readonly<Record<SpeechPriority, Sentence[]>> = {
    urgent: [],
    normal: [],
    filler: [],
  };

  /** A filler that gave up its place is told. */
  constructor(onFillerDropped: (filler: Sentence) => void) {
    this.#onFillerDropped = onFillerDropped;
  }

  get size(): number {
    const { urgent, normal, filler } = this.#waiting;
    return urgent.length + normal.length + filler.length;
  }

  hasRoom(priority: SpeechPriority): boolean {
    const places = SPEECH_QUEUE_SENTENCES + (priority === "urgent" ? URGENT_PLACES : 0);
    if (this.size < places) return true;
    return priority !== "filler" && this.#waiting.filler.length > 0;
  }

  /** -> false: full, nothing was taken. */
  add(sentence: Sentence): boolean {
    if (!this.hasRoom(sentence.priority)) return false;
    const filler = this.size >= SPEECH_QUEUE_SENTENCES ? this.#waiting.filler.pop() : undefined;
    if (filler !== undefined) this.#onFillerDropped(filler);
    this.#waiting[sentence.priority].push(sentence);
    return true;
  }

  /** The next one to speak. */
  take(): Sentence | undefined {
    const { urgent, normal, filler } = this.#waiting;
    return urgent.shift() ?? normal.shift() ?? filler.shift();
  }

  peek(): Sentence | undefined {
    const { urgent, normal, filler } = this.#waiting;
    return urgent[0] ?? normal[0] ?? filler[0];
  }

  clear(): void {
    for (const sentences of Object.values(this.#waiting)) sentences.length = 0;
  }
}
