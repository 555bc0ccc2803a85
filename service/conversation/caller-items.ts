// The caller's items upstream that were deleted again: taken back, or no turn of ours.
// Station: asked before anybody is told what the caller said in an item; the provider writes that
// down whatever becomes of the item, and late.
// Limits: GONE_MAX ids are remembered; transcripts come within seconds.
import type { CallEffects } from "../contract/call-effects.ts";

const GONE_MAX = 32;

export class CallerItems {
  readonly #effects: CallEffects;
  readonly #gone: string[] = [];

  constructor(effects: CallEffects) {
    this.#effects = effects;
  }

  delete(itemId: string): void {
    this.#gone.push(itemId);
    if (this.#gone.length > GONE_MAX) this.#gone.shift();
    this.#effects.deleteItem(itemId);
    this.#effects.count("item_deleted");
  }

  isGone(itemId: string): boolean {
    return this.#gone.includes(itemId);
  }
}
