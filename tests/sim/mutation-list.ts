// The planted faults of mutations.ts: each breaks one rule that a conversation must keep.

import { ANSWER_MUTATIONS } from "./answer-mutations.ts";
import { AUDIO_MUTATIONS } from "./audio-mutations.ts";
import { HYBRID_MUTATIONS } from "./hybrid-mutations.ts";
import { RECONNECT_MUTATIONS } from "./reconnect-mutations.ts";
import { SPECULATION_MUTATIONS } from "./speculation-mutations.ts";
import { THINKING_MUTATIONS } from "./thinking-mutations.ts";

export interface Mutation {
  readonly rule: string;
  readonly file: string;
  /** Of the calls that are to find it; left out: event level. */
  readonly level?: "audio";
  /** Text that occurs exactly once, and what it becomes. */
  readonly replacements: readonly (readonly [from: string, to: string])[];
}

const CONVERSATION = "service/conversation";

export const MUTATIONS: readonly Mutation[] = [
  {
    rule: "no active check",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [['this.#state === "idle" && !this.#isHeld', "!this.#isHeld"]],
  },
  {
    rule: "no generation",
    file: `${CONVERSATION}/agent-voice.ts`,
    replacements: [["this.#generation += 1;", ""]],
  },
  {
    rule: "duplicate commit",
    file: "service/upstream/span-forwarder.ts",
    replacements: [
      [
        "if (this.#sink.commit() === SEND.DROPPED)",
        "this.#sink.commit();\n      if (this.#sink.commit() === SEND.DROPPED)",
      ],
    ],
  },
  {
    rule: "no pre-roll",
    file: `${CONVERSATION}/caller-speech.ts`,
    replacements: [
      ["begin(Math.max(0, onsetFrame - this.#preRollFrames))", "begin(Math.max(0, onsetFrame))"],
    ],
  },
  {
    rule: "pre-roll lost after a false alarm",
    file: "service/upstream/span-forwarder.ts",
    replacements: [["this.#tape.tapeUndo();", "if (span.endFrame < 0) this.#tape.tapeEnd();"]],
  },
  {
    rule: "no clear",
    file: `${CONVERSATION}/interruption.ts`,
    replacements: [["effects.clearPlayback();", ""]],
  },
  {
    rule: "late deltas played",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [['responseId !== "" && responseId === this.#responseId', 'responseId !== ""']],
  },
  {
    rule: "late deltas queued after the cut",
    file: `${CONVERSATION}/agent-voice.ts`,
    replacements: [
      [
        "if (!this.sequence.accepts(responseId)) {\n      this.#effects.count",
        "if (responseId === '') {\n      this.#effects.count",
      ],
    ],
  },
  {
    rule: "sent counted as heard",
    file: `${CONVERSATION}/playout-ledger.ts`,
    replacements: [
      ["Math.min(stretch.positionSamples + played, endSamples)", "endSamples + 0 * played"],
    ],
  },
  {
    rule: "talking over the caller",
    file: `${CONVERSATION}/caller-turns.ts`,
    replacements: [
      [
        "const cut = this.#takeFloor(true);\n    this.#voice.sequence.setHeld(true);",
        "const cut = this.#takeFloor(true);",
      ],
    ],
  },
  {
    rule: "truncate beyond heard",
    file: `${CONVERSATION}/interruption.ts`,
    replacements: [["item.contentIndex, heardMs)", "item.contentIndex, heardMs + 60)"]],
  },
  {
    rule: "a report's delay counted as the far end's",
    file: `${CONVERSATION}/far-end-line.ts`,
    replacements: [["const excessMs = delayMs - this.#lagMs;", "const excessMs = delayMs * 2;"]],
  },
  {
    rule: "tool call unanswered",
    file: `${CONVERSATION}/conversation.ts`,
    replacements: [['ask({ asker: "tool", turnId', 'ask({ asker: "tool", turnId: turnId - 1']],
  },
  {
    rule: "stale answers spoken",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [['return ask.asker !== "goodbye" && ask.turnId', "return false && ask.turnId"]],
  },
  {
    rule: "a response given up is spoken when it comes",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [['isGivenUp = tag !== "" && (tag', 'isGivenUp = tag === "never" && (tag']],
  },
  {
    rule: "retry storm",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [
      [
        '    this.#effects.clearTimer("response_request");\n    this.#effects.setTimer("response_silent", this.#silentMs);\n  }\n\n  /** The provider says that there was nothing',
        "    this.#toIdle();\n    this.#sendNext();\n  }\n\n  /** The provider says that there was nothing",
      ],
    ],
  },
  {
    rule: "a lost end waited for for ever",
    file: `${CONVERSATION}/response-sequence.ts`,
    replacements: [["ANSWER_SILENT_MS = 15_000;", "ANSWER_SILENT_MS = 900_000;"]],
  },
  {
    rule: "a protected greeting cut",
    file: `${CONVERSATION}/caller-turns.ts`,
    replacements: [
      [
        "isInterruptible: () => this.#isCutting && !this.#guards.isProtected(),",
        "isInterruptible: () => this.#isCutting,",
      ],
    ],
  },
  {
    rule: "hang-up before the goodbye was heard",
    file: `${CONVERSATION}/goodbye.ts`,
    replacements: [["else if (ledger.isDrained(effects.nowMs()))", "else if (ledger !== null)"]],
  },
  {
    rule: "timers left behind",
    file: `${CONVERSATION}/goodbye.ts`,
    replacements: [["    this.#parts.sequence.close();\n", ""]],
  },
  {
    rule: "a turn that no bit ends",
    file: `${CONVERSATION}/caller-speech.ts`,
    replacements: [["this.#silentFrames * FRAME_MS >= SILENT_MS_MAX", "this.#silentFrames < 0"]],
  },
  {
    rule: "a pause that a cough leaves behind",
    file: `${CONVERSATION}/barge-in-pause.ts`,
    replacements: [["(bits & DECIDED_BITS) !== 0 || this.#pausedMs >= PAUSE_MS_MAX", "bits < 0"]],
  },
  {
    rule: "drifting pacer",
    file: "tests/sim/pacer-model.ts",
    replacements: [
      ["while (this.#dueMs <= nowMs) this.#dueMs += FRAME_MS;", "this.#dueMs = nowMs + FRAME_MS;"],
      ["if (!this.#sendOne(nowMs)) break;", "if (!this.#sendOne(nowMs) || !isFirst) break;"],
    ],
  },
  {
    rule: "pacer that sends a burst",
    file: "tests/sim/pacer-model.ts",
    replacements: [["+ FRAME_MS <= LEAD_MS)", "+ FRAME_MS <= 2 * LEAD_MS)"]],
  },
  {
    rule: "a duck that stays",
    file: `${CONVERSATION}/barge-in-duck.ts`,
    replacements: [["else if (!isSpoken) this.#restore(RESTORE_MS);", ""]],
  },
  {
    rule: "a duck that cuts",
    file: `${CONVERSATION}/barge-in-action.ts`,
    replacements: [['return action !== "duck" && action', "return action"]],
  },
  {
    rule: "acknowledged without an interruption",
    file: `${CONVERSATION}/caller-turns.ts`,
    replacements: [["isSpeech && cut.heardMs > 0;", "isSpeech && cut.heardMs >= 0;"]],
  },
  {
    rule: "held speech against its setting",
    file: `${CONVERSATION}/caller-turns.ts`,
    replacements: [['protectedSpeech === "commit"', 'protectedSpeech !== "commit"']],
  },
  {
    rule: "switch: the open span lost",
    file: `${CONVERSATION}/turn-switch.ts`,
    replacements: [
      [
        "if (!isSilent) speech.adopt(firstFrame, facts.onsetPositionSamples());",
        "if (!isSilent) span.close();",
      ],
    ],
  },
  {
    rule: "switch: the span that runs is sent again",
    file: "service/upstream/span-forwarder.ts",
    replacements: [
      [
        'this.#isHybrid = turnDetection === "hybrid";',
        'this.#isHybrid = turnDetection === "hybrid";\n    for (const sent of this.#spans) sent.nextFrame = sent.firstFrame;',
      ],
    ],
  },
  {
    rule: "switch: words that nobody has ended thrown away",
    file: `${CONVERSATION}/turn-switch.ts`,
    replacements: [["const hasWords = isSilent && span.hasWords();", "const hasWords = false;"]],
  },
  {
    rule: "switch: the span opens without its pre-roll",
    file: `${CONVERSATION}/caller-span.ts`,
    replacements: [
      [
        "this.open(Math.max(0, this.#framesCaptured - this.#preRollFrames));",
        "this.open(this.#framesCaptured);",
      ],
    ],
  },
  {
    rule: "provider turns: speech cuts what may not be interrupted",
    file: `${CONVERSATION}/provider-turns.ts`,
    replacements: [["= isBargeInEnabled && listener.isInterruptible();", "= isBargeInEnabled;"]],
  },
  {
    rule: "provider turns: its speech_started does not interrupt",
    file: `${CONVERSATION}/provider-turns.ts`,
    replacements: [
      ["const cut = takeFloor();", "const cut = { wasAudible: false, item: 0, heardMs: 0 };"],
    ],
  },
  {
    rule: "push to talk: committed twice",
    file: `${CONVERSATION}/caller-span.ts`,
    replacements: [
      [
        "this.#effects.commit(turnId, speechEndFrame);\n    this.open(endFrame);",
        "this.#effects.commit(turnId, speechEndFrame);\n    this.#effects.commit(turnId, speechEndFrame);\n    this.open(endFrame);",
      ],
    ],
  },
  {
    rule: "push to talk: a key that bounces cuts the answer",
    file: `${CONVERSATION}/caller-turns.ts`,
    replacements: [["if (!this.#turn.isLongEnough(span)) {", "if (span.endFrame < 0) {"]],
  },
  {
    rule: "a late vote ends a turn",
    file: `${CONVERSATION}/turn-end.ts`,
    replacements: [["vote === null || generation !== this.#generation ||", "vote === null ||"]],
  },
  {
    rule: "a silence that only grows",
    file: `${CONVERSATION}/adaptive-silence.ts`,
    replacements: [["Math.min(silenceMsMax, movedMs)", "movedMs"]],
  },
  ...ANSWER_MUTATIONS,
  ...SPECULATION_MUTATIONS,
  ...HYBRID_MUTATIONS,
  ...THINKING_MUTATIONS,
  ...RECONNECT_MUTATIONS,
  ...AUDIO_MUTATIONS,
];
