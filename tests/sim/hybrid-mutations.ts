// Planted faults of hybrid turns, beside mutation-list.ts.
import type { Mutation } from "./mutation-list.ts";

export const HYBRID_MUTATIONS: readonly Mutation[] = [
  {
    rule: "hybrid: words that the provider committed are deleted",
    file: "service/conversation/provider-parts.ts",
    replacements: [["this.#stopFrame <= speechFirstFrame", "this.#stopFrame >= speechFirstFrame"]],
  },
  {
    rule: "hybrid: silence that the provider committed stays",
    file: "service/conversation/provider-parts.ts",
    replacements: [["      this.#items.delete(itemId);\n      return;", "      return;"]],
  },
  {
    rule: "hybrid: what the provider committed is said again",
    file: "service/conversation/provider-parts.ts",
    replacements: [["this.#itemIds.length > 0 ? this.#endFrame : 0", "0"]],
  },
  {
    rule: "hybrid: what lies behind the provider's commit stays",
    file: "service/conversation/turn-acks.ts",
    replacements: [['if (ack === "behind") items.delete(itemId);', ""]],
  },
];
