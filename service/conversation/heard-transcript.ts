// What both sides said, as it was heard (S1-11, issue 6.5).
// Station: follows the notices of one call; asks the ledger, which alone knows what was heard.
//
//   the caller's words   when they are written down
//   the agent's words    when the last of them was heard, or when they were cut: then as far as heard
//
// Pure. Limits: ITEMS_MAX items whose words came and whose sound has not ended.
import type { CallNotice } from "../contract/transport.ts";
import { HISTORY_TEXT_CHARACTERS_MAX } from "../limits.ts";
import { heardText } from "./heard-text.ts";
import type { PlayoutLedger } from "./playout-ledger.ts";

const ITEMS_MAX = 16;

export interface HeardWords {
  readonly speaker: "caller" | "agent";
  readonly turnId: number;
  readonly text: string;
}

interface Spoken {
  readonly item: number;
  readonly turnId: number;
  text: string;
  isFinal: boolean;
  /** Its sound was heard to the end, its words are not all here. */
  isHeard: boolean;
}

export class HeardTranscript {
  readonly #ledger: PlayoutLedger;
  readonly #onHeard: (words: HeardWords) => void;
  #spoken: Spoken[] = [];
  /** Words that came before the first sound of their item. */
  #early = "";

  constructor(ledger: PlayoutLedger, onHeard: (words: HeardWords) => void) {
    this.#ledger = ledger;
    this.#onHeard = onHeard;
  }

  onNotice(notice: CallNotice): void {
    switch (notice.kind) {
      case "transcript":
        if (notice.speaker === "agent") this.#onWords(notice);
        else if (notice.isFinal) this.#give("caller", notice.turnId, notice.text);
        return;
      case "receipt":
        if (notice.isComplete) this.#onHeardToEnd(notice.item);
        else this.#giveCut();
        return;
      case "barge_in":
      case "speech_started":
      case "response_started":
        this.#giveCut();
        return;
      default:
        return;
    }
  }

  /** A typed message of the caller's. */
  onText(turnId: number, text: string): void {
    this.#give("caller", turnId, text);
  }

  /** The call is over: what was being said was heard so far. */
  close(nowMs: number): void {
    this.#giveCut();
    for (const spoken of this.#spoken) {
      const item = this.#ledger.item(spoken.item);
      if (item === undefined) continue;
      const heard = this.#ledger.heardSamples(item, nowMs);
      this.#giveHeard(
        spoken,
        item.generatedSamples,
        spoken.isHeard ? item.generatedSamples : heard,
      );
    }
    this.#spoken = [];
  }

  #onWords({ item, turnId, text, isFinal }: Extract<CallNotice, { kind: "transcript" }>): void {
    if (item === 0) {
      this.#early = isFinal ? "" : this.#early + text;
      return;
    }
    let spoken = this.#spoken.find((entry) => entry.item === item);
    if (spoken === undefined) {
      spoken = { item, turnId, text: this.#early, isFinal: false, isHeard: false };
      this.#early = "";
      this.#spoken.push(spoken);
      if (this.#spoken.length > ITEMS_MAX) this.#spoken.shift();
    }
    const room = HISTORY_TEXT_CHARACTERS_MAX - spoken.text.length;
    spoken.text = isFinal
      ? text.slice(0, HISTORY_TEXT_CHARACTERS_MAX)
      : spoken.text + text.slice(0, Math.max(0, room));
    spoken.isFinal = isFinal;
    if (spoken.isFinal && spoken.isHeard) this.#onHeardToEnd(item);
  }

  #onHeardToEnd(item: number): void {
    const spoken = this.#spoken.find((entry) => entry.item === item);
    if (spoken === undefined) return;
    spoken.isHeard = true;
    if (!spoken.isFinal) return;
    this.#spoken = this.#spoken.filter((entry) => entry !== spoken);
    this.#give("agent", spoken.turnId, spoken.text);
  }

  #giveCut(): void {
    const cut = this.#spoken.filter(({ item }) => this.#ledger.item(item)?.isCut === true);
    if (cut.length === 0) return;
    this.#spoken = this.#spoken.filter((spoken) => !cut.includes(spoken));
    for (const spoken of cut) {
      const item = this.#ledger.item(spoken.item);
      if (item !== undefined) this.#giveHeard(spoken, item.generatedSamples, item.cutHeardSamples);
    }
  }

  #giveHeard(spoken: Spoken, generatedSamples: number, heardSamples: number): void {
    this.#give("agent", spoken.turnId, heardText(spoken.text, generatedSamples, heardSamples));
  }

  #give(speaker: HeardWords["speaker"], turnId: number, given: string): void {
    const text = given.trim();
    if (text !== "") this.#onHeard({ speaker, turnId, text });
  }
}
