// What the operator had recorded, for moments without an agent: an answer that failed, a line that is
// gone for good. Station: beside the agent's voice; the ledger follows a recording like every item, the
// provider knows nothing of it.
import type { CallEffects } from "../contract/call-effects.ts";
import { SEND } from "../contract/send-result.ts";
import type { PlayoutLedger } from "./playout-ledger.ts";

export class Recordings {
  readonly #effects: CallEffects;
  readonly #ledger: PlayoutLedger;
  #count = 0;

  constructor(effects: CallEffects, ledger: PlayoutLedger) {
    this.#effects = effects;
    this.#ledger = ledger;
  }

  /** One of them, whole, behind what is queued. -> its item's number; 0: no samples. */
  add(samples: number): number {
    if (samples === 0) return 0;
    this.#count += 1;
    const itemId = `recording-${this.#count}`;
    // It answers no turn: a turn that waits for its answer still does.
    const names = { responseId: "", itemId, contentIndex: 0, turnId: 0 };
    const item = this.#ledger.itemFor(names);
    item.generatedSamples = samples;
    item.isGenerated = true;
    return item.number;
  }

  /** There will be no answer: the caller hears why. */
  apologize(): void {
    const item = this.add(this.#effects.apologySamples());
    if (item === 0 || this.#effects.playApology(item) !== SEND.DROPPED) return;
    // Nobody waits for what the queue did not take.
    const entry = this.#ledger.item(item);
    if (entry !== undefined) entry.generatedSamples = 0;
  }
}
