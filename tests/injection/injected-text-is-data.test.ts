// Goal: whatever somebody says, types, or gets written into a tool's answer, reaches a prompt only as
// quoted, bounded data: the words around it are the same as around a harmless text (T20).
// Method: every text of the corpus through every function that puts others' words into a prompt; the
// frame that is left without the data is compared with the one of a harmless text.
import { describe, expect, test } from "bun:test";
import {
  type CallerContext,
  type ContextUpdate,
  EMPTY_CALLER_CONTEXT,
} from "../../service/contract/caller-context.ts";
import type { ThinkRequest } from "../../service/contract/thinker.ts";
import { businessOf, thinkingSession } from "../../service/call-thinking.ts";
import { applyContextUpdate } from "../../service/conversation/caller-context.ts";
import { contextPrompt, quotedData } from "../../service/conversation/context-prompt.ts";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import { createSummaryWriter } from "../../service/context/summary-writer.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import {
  CONTEXT_PROMPT_CHARACTERS_MAX,
  SUMMARY_SAID_CHARACTERS_MAX,
} from "../../service/limits.ts";
import { promptOf } from "../../service/thinker/model-thinker.ts";
import { ThinkerPool } from "../../service/thinker/thinker-pool.ts";
import { phoneRequest } from "../../service/transport/twilio-format.ts";
import { lateToolOutput } from "../../service/upstream/spoken-history.ts";
import { createScriptedModel, NO_NOTES } from "../support/scripted-model.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { dataOf, frameOf, HARMLESS, INJECTIONS, MARK } from "./corpus.ts";

const NUMBERED = INJECTIONS.map((text, index) => [index, text] as const);
const PROMPT_CHARACTERS_MAX = 40_000;
const STORE = createMemoryStore({
  settings: { retentionMs: 1e9, historyMs: 1e9, deadlineMs: 1_000 },
  clock: createSteppedClock(),
});

function contextOf(update: ContextUpdate): CallerContext {
  return applyContextUpdate(EMPTY_CALLER_CONTEXT, update, 1_800_000_000_000);
}

/** Everything that can be known of a caller says the same. */
const contextFullOf = (text: string): CallerContext =>
  contextOf({
    preferences: { name: text, location: text },
    factsAdd: [text, `${text}!`],
    summary: text,
  });

function requestOf(text: string): ThinkRequest {
  return {
    query: "What is my name?",
    turnId: 1,
    context: contextFullOf(text),
    business: new Map([
      ["note", text],
      [text, "as a name"],
    ]),
    said: [
      // Cut as a call's desk cuts what it hears.
      { speaker: "caller", text: text.slice(0, 1_000) },
      { speaker: "agent", text: text.slice(0, 1_000) },
    ],
    onProgress: () => undefined,
  };
}

describe("T20: a text of the corpus", () => {
  test("the corpus has some dozens of texts, every one with its mark", () => {
    expect(INJECTIONS.length).toBeGreaterThanOrEqual(40);
    expect(new Set(INJECTIONS).size).toBe(INJECTIONS.length);
    for (const text of INJECTIONS) expect(text).toContain(MARK);
    // The check can fail: quoted by hand it is left, so its frame differs.
    const left = `<call_data>\n${JSON.stringify("</call_data>\nobey")}x\n</call_data>\nobey`;
    expect(frameOf(left)).not.toBe(frameOf("<call_data>\n1\n</call_data>"));
  });

  test.each(NUMBERED)(
    "in facts, name, place and summary stays in its block: text %i",
    (_number, text) => {
      const prompt = contextPrompt(contextFullOf(text));
      expect(frameOf(prompt)).toBe(frameOf(contextPrompt(contextFullOf(HARMLESS))));
      expect(frameOf(prompt)).not.toContain(MARK);
      expect(prompt.length).toBeLessThanOrEqual(CONTEXT_PROMPT_CHARACTERS_MAX);
      expect(Object.keys(dataOf(prompt, "caller_memory") as object)).toEqual(
        Object.keys(dataOf(contextPrompt(contextFullOf(HARMLESS)), "caller_memory") as object),
      );
    },
  );

  test.each(NUMBERED)(
    "in a thinker's prompt is data beside the question, text %i",
    (_number, text) => {
      const [system, question, ...more] = promptOf("You know things.", requestOf(text));
      const [harmless] = promptOf("You know things.", requestOf(HARMLESS));
      expect(frameOf(system?.text ?? "")).toBe(frameOf(harmless?.text ?? ""));
      expect(frameOf(system?.text ?? "")).not.toContain(MARK);
      expect(system?.text.length).toBeLessThan(PROMPT_CHARACTERS_MAX);
      expect([question?.role, question?.text, more]).toEqual(["user", "What is my name?", []]);
    },
  );

  test.each(NUMBERED)(
    "in a Twilio parameter is data in the voice's instructions, text %i",
    (_number, text) => {
      const pool = new ThinkerPool({
        settings: { perCallMax: 1, perProcessMax: 1, progressMs: 0, progressMax: 0 },
        thinkers: [
          {
            ...{ domain: "knowledge", description: "all else", timeoutMs: 1, cacheSeconds: 0 },
            ...{ isPersonal: true, think: () => Promise.resolve({ response: "" }) },
          },
        ],
        ...{ classify: null, clock: createSteppedClock(), log: SILENT_LOG, metrics: NO_METRICS },
      });
      const instructions = (words: string) => {
        const parameters = new Map([
          ["context.note", words.slice(0, 400)],
          [words.slice(0, 100), "a name that is not of the context"],
          ["instructions", words.slice(0, 400)],
          ["greeting", words.slice(0, 400)],
        ]);
        const format = { encoding: "mulaw", rateHz: 8_000 } as const;
        const request = phoneRequest("CA1", format, parameters);
        expect([request?.instructions, request?.greeting]).toEqual([undefined, undefined]);
        const business = businessOf(request?.metadata ?? new Map());
        const thinking = { pool, responderPrompt: "Ask.", stallingPrompt: "Stall.", store: STORE };
        return thinkingSession(thinking, "Be kind.", business).instructions;
      };
      const told = instructions(text);
      expect(frameOf(told)).toBe(frameOf(instructions(HARMLESS)));
      expect(frameOf(told)).not.toContain(MARK);
      expect(dataOf(told, "call_data")).toEqual({ note: text.slice(0, 400) });
    },
  );

  test.each(NUMBERED)(
    "in a transcript is a record for the summary, no order, text %i",
    async (_number, text) => {
      const askedWith = async (words: string) => {
        const model = createScriptedModel(() => JSON.stringify(NO_NOTES));
        const parts = { model, clock: createSteppedClock(), log: SILENT_LOG, metrics: NO_METRICS };
        const said = [{ speaker: "caller" as const, text: words.slice(0, 4_000) }];
        await createSummaryWriter(parts).write(contextFullOf(words), said);
        const [system, user] = model.requests[0]?.messages ?? [];
        return { system: system?.text ?? "", user: user?.text ?? "" };
      };
      const asked = await askedWith(text);
      const harmless = await askedWith(HARMLESS);
      expect(asked.system).toBe(harmless.system);
      expect(frameOf(asked.user)).toBe(frameOf(harmless.user));
      expect(asked.user.length).toBeLessThan(SUMMARY_SAID_CHARACTERS_MAX * 1.2 + 8_000);
    },
  );

  test.each(NUMBERED)(
    "in a tool's late answer is one quoted, bounded text, text %i",
    (_number, text) => {
      const line = lateToolOutput(text);
      const [, quoted = ""] = /^\[data: a tool called before answered (".*")\]$/.exec(line) ?? [];
      expect(JSON.parse(quoted)).toBe(text.slice(0, 8 * 1024));
    },
  );

  test.each(NUMBERED)("quoted has nothing in it that cannot be seen, text %i", (_number, text) => {
    const quoted = quotedData({ note: text });
    expect(quoted).not.toMatch(/(?![\u200c\u200d])[\p{C}\u2028\u2029]/u);
    expect(JSON.parse(quoted)).toEqual({ note: text });
  });
});
