// Planted faults of speculative turns, beside mutation-list.ts.
import type { Mutation } from "./mutation-list.ts";

const CONVERSATION = "service/conversation";

export const SPECULATION_MUTATIONS: readonly Mutation[] = [
  {
    rule: "speculation: a held answer is played",
    file: `${CONVERSATION}/answer-hold.ts`,
    replacements: [["this.#effects.holdAnswer();", ""]],
  },
  {
    rule: "speculation: a confirmed answer stays silent",
    file: `${CONVERSATION}/speculation.ts`,
    replacements: [["this.#voice.hold.release();", ""]],
  },
  {
    rule: "speculation: the half utterance stays in the conversation",
    file: `${CONVERSATION}/speculation.ts`,
    replacements: [["for (const itemId of pending.itemIds) this.#items.delete(itemId);", ""]],
  },
  {
    rule: "speculation: the half acknowledged late stays in the conversation",
    file: `${CONVERSATION}/speculation.ts`,
    replacements: [["this.#items.delete(itemId);\n      this.#settle();", "this.#settle();"]],
  },
  {
    rule: "speculation: the model is asked while the half is still there",
    file: `${CONVERSATION}/speculation.ts`,
    replacements: [["this.#voice.sequence.setUnsettled(true);", ""]],
  },
  {
    rule: "speculation: the answer to the half goes on",
    file: `${CONVERSATION}/agent-voice.ts`,
    replacements: [
      [
        'this.sequence.forget("turn");\n    this.sequence.cancel();',
        'this.sequence.forget("turn");',
      ],
    ],
  },
  {
    rule: "speculation: the first half is not said again",
    file: "service/upstream/span-forwarder.ts",
    replacements: [["    span.nextFrame = Math.max(span.firstFrame, againFrame);\n", ""]],
  },
  {
    rule: "speculation: no budget",
    file: `${CONVERSATION}/speculation.ts`,
    replacements: [["if (this.#ofTurn >= settings.perTurnMax) return false;", ""]],
  },
  {
    rule: "speculation: a tool is called before the turn is confirmed",
    file: "service/lane/fast/held-tool-calls.ts",
    replacements: [["else if (this.#isHeld) this.#calls.push(call);", ""]],
  },
  {
    rule: "speculation: taken back over a lost session, and said twice",
    file: "service/upstream/commit-acks.ts",
    replacements: [[".filter(({ isTakenBack }) => !isTakenBack)", ""]],
  },
  {
    rule: "an item that nobody heard stays in the conversation",
    file: `${CONVERSATION}/agent-voice.ts`,
    replacements: [["    this.#effects.deleteItem(names.itemId);\n", ""]],
  },
];
