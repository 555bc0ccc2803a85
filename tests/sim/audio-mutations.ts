// Planted faults below the conversation, found by calls with sound: engine, lane and core, beside
// mutation-list.ts. One in the core is compiled before its calls are played.
import type { Mutation } from "./mutation-list.ts";

const ENGINE = "service/engine";

export const AUDIO_MUTATIONS: readonly Mutation[] = [
  {
    rule: "sound: drifting pacer",
    level: "audio",
    file: `${ENGINE}/playback.ts`,
    replacements: [["this.#playoutEndMs += FRAME_MS;", "this.#playoutEndMs += FRAME_MS + 0.5;"]],
  },
  {
    rule: "sound: a late lead counts from the grid",
    level: "audio",
    file: `${ENGINE}/playback.ts`,
    replacements: [["const SLACK_MS = PACER_WHEEL_MS;", "const SLACK_MS = FRAME_MS;"]],
  },
  {
    rule: "sound: clear not sent",
    level: "audio",
    file: "service/lane/fast/lane-effects.ts",
    replacements: [["this.#deps.transport.sendClear(this.#deps.generation());", ""]],
  },
  {
    rule: "sound: a concealed frame twice",
    level: "audio",
    file: `${ENGINE}/capture.ts`,
    replacements: [
      [
        "this.#frameIn(this.#slot.ingestGap());",
        "this.#frameIn(this.#slot.ingestGap());\n      this.#frameIn(this.#slot.ingestGap());",
      ],
    ],
  },
  {
    rule: "sound: the answer's queue gives a block back too early",
    level: "audio",
    file: `${ENGINE}/answer-queue.ts`,
    replacements: [["this.#freeBlock(this.#headByte - 1);", "this.#freeBlock(this.#headByte);"]],
  },
  {
    rule: "sound: the core plays a byte off",
    level: "audio",
    file: "dsp/playout/render.ts",
    replacements: [
      [
        "memory.copy(output, source, <usize>taken);",
        "memory.copy(output, source + 1, <usize>taken);",
      ],
    ],
  },
];
