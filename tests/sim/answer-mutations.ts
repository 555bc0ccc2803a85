// Planted faults of answers that do not come, beside mutation-list.ts.
import type { Mutation } from "./mutation-list.ts";

const SEQUENCE = "service/conversation/response-sequence.ts";
const FAILED = "service/conversation/failed-answer.ts";

export const ANSWER_MUTATIONS: readonly Mutation[] = [
  {
    rule: "asks pile up behind a response",
    file: "service/conversation/response-ask.ts",
    replacements: [
      ["    this.forget(ask.asker);\n    this.#asks.push(ask);", "    this.#asks.push(ask);"],
    ],
  },
  {
    rule: "a failed answer forgotten",
    file: FAILED,
    replacements: [["    this.#ask = ask;\n", ""]],
  },
  {
    rule: "an answer given up without a word",
    file: FAILED,
    replacements: [["this.#effects.notice({", "void ({"]],
  },
  {
    rule: "a refused request forgotten",
    file: SEQUENCE,
    replacements: [
      ['const ask = this.#state === "requested" ? this.#current : null;', "const ask = null;"],
    ],
  },
  {
    rule: "the refusal of an older request taken for the newest one's",
    file: SEQUENCE,
    replacements: [["if (tag !== this.#tag || this", "if (this"]],
  },
];
