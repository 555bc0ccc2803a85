// Planted faults of thinkers and of the tool calls that go to them, beside mutation-list.ts.
import type { Mutation } from "./mutation-list.ts";

const DESK = "service/thinker/thinker-desk.ts";
const WAIT = "service/thinker/wait.ts";
const SEQUENCE = "service/conversation/response-sequence.ts";
const WAITING = "service/conversation/waiting-caller.ts";

export const THINKING_MUTATIONS: readonly Mutation[] = [
  {
    rule: "thinkers: a tool call that is not wanted gets no output",
    file: "service/lane/fast/held-tool-calls.ts",
    replacements: [
      ["if (!isWanted) this.#sinks.refuse(call, NOT_CARRIED_OUT);", "if (!isWanted) return;"],
    ],
  },
  {
    rule: "thinkers: a tool that is not there gets no output",
    file: DESK,
    replacements: [["      queueMicrotask(() => onAnswer(answer));\n", ""]],
  },
  {
    rule: "thinkers: a tool call is answered twice",
    file: DESK,
    replacements: [[".then(onAnswer)", ".then((answer) => (onAnswer(answer), onAnswer(answer)))"]],
  },
  {
    rule: "thinkers: a stale answer takes the place of a wanted one",
    file: SEQUENCE,
    replacements: [
      [
        'if (this.#isStale(ask)) {\n      this.#effects.count("response_stale");\n      return;\n    }\n    this.#asks.add',
        "this.#asks.add",
      ],
    ],
  },
  {
    rule: "thinkers: an answer is asked for twice",
    file: "service/conversation/conversation.ts",
    replacements: [
      [
        'this.#voice.sequence.ask({ asker: "tool", turnId, instructions: "", deadlineMs });',
        'this.#voice.sequence.ask({ asker: "tool", turnId, instructions: "", deadlineMs });\n    this.#voice.sequence.ask({ asker: "tool", turnId, instructions: "", deadlineMs });',
      ],
    ],
  },
  {
    rule: "thinkers: one that never answers is waited for",
    file: WAIT,
    replacements: [["this.#deadline.total(timeoutMs);", "void timeoutMs;"]],
  },
  {
    rule: "thinkers: one that throws leaves its call without an output",
    file: DESK,
    replacements: [
      [
        'return failed(isLate ? "It took too long to find out." : "It could not be found out.");',
        'if (!isLate) throw error;\n      return failed("It took too long to find out.");',
      ],
    ],
  },
  {
    rule: "thinkers: a hang-up leaves them at work",
    file: DESK,
    replacements: [["    this.#closing.abort();\n", ""]],
  },
  {
    rule: "thinkers: the deadline's timer stays behind",
    file: WAIT,
    replacements: [["      this.#deadline.end();\n", ""]],
  },
  {
    rule: "thinkers: no bound of one call",
    file: DESK,
    replacements: [["this.#working < pool.settings.perCallMax && pool.begin()", "pool.begin()"]],
  },
  {
    rule: "thinkers: places are not given back",
    file: DESK,
    replacements: [["        pool.end();\n", ""]],
  },
  {
    rule: "thinkers: a line over an answer",
    file: WAITING,
    replacements: [
      ['sequence.state() === "idle" &&', 'sequence.state() !== "requested" &&'],
      ["      voice.isDrained() &&\n", ""],
    ],
  },
  {
    rule: "thinkers: lines without end",
    file: WAIT,
    replacements: [["|| this.#lines >= progressMax", ""]],
  },
  {
    rule: "thinkers: a nudge that does not know of them",
    file: "service/conversation/silent-caller.ts",
    replacements: [["(owner.waiting.isWaiting() ? nudgeWaitingInstructions : null) ??", ""]],
  },
  {
    rule: "thinkers: the call's words go into an answer that is kept",
    file: DESK,
    replacements: [["said: isCaching ? [] : [...this.#said],", "said: [...this.#said],"]],
  },
  {
    rule: "thinkers: one is asked after the hang-up",
    file: DESK,
    replacements: [["    this.#closing.signal.throwIfAborted();\n", ""]],
  },
  {
    rule: "thinkers: a megabyte goes to the model",
    file: "service/thinker/thinker-result.ts",
    replacements: [["response.length > RESPONSE_CHARACTERS_MAX", "response.length < 0"]],
  },
  {
    rule: "thinkers: an output that found no room is forgotten",
    file: "service/lane/fast/tool-answer.ts",
    replacements: [
      ["    this.#kept.push({ toolCallId, untilMs: ", "    void ({ toolCallId, untilMs: "],
    ],
  },
  {
    rule: "thinkers: everybody tries a provider that rested",
    file: "service/provider/circuit-breaker.ts",
    replacements: [['    if (this.#state === "probing") return null;\n', ""]],
  },
];
