// Planted faults around lost sessions, beside mutation-list.ts.
import type { Mutation } from "./mutation-list.ts";

const CONVERSATION = "service/conversation";

export const RECONNECT_MUTATIONS: readonly Mutation[] = [
  {
    rule: "reconnect: the unacknowledged turn dropped",
    file: "service/upstream/span-forwarder.ts",
    replacements: [
      ["const again = this.#acks.takeAll();", "const again = this.#acks.takeAll().splice(0, 0);"],
    ],
  },
  {
    rule: "reconnect: what was sent of the open turn dropped",
    file: "service/upstream/span-forwarder.ts",
    replacements: [["span.nextFrame = span.firstFrame;", "span.nextFrame += 0;"]],
  },
  {
    rule: "reconnect: the interrupted answer forgotten",
    file: `${CONVERSATION}/lost-answer.ts`,
    replacements: [["if (interrupted !== null) this.#ask = interrupted;", ""]],
  },
  {
    rule: "reconnect: asked before the session is there",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [[" && !this.#isLost)", ")"]],
  },
  {
    rule: "provider turns: a lost session leaves the turn open",
    file: `${CONVERSATION}/conversation.ts`,
    replacements: [["    this.#turns.onUpstreamLost();\n", ""]],
  },
  {
    rule: "provider turns: words that it was hearing are let go",
    file: `${CONVERSATION}/caller-turns.ts`,
    replacements: [
      ["&& this.providerTurns.follow();", "&& (this.providerTurns.follow() || true);"],
    ],
  },
  {
    rule: "push to talk: what was let go is told as committed",
    file: `${CONVERSATION}/caller-span.ts`,
    replacements: [["if (this.#isOpen) this.#firstFrame = this.#keptFrame;", ""]],
  },
];
