// Goal: what lies between the caller's words and the model (text stages, passages) works beside the
// audio and never holds it up for longer than its bound.
// Method: stages and a retriever of fixed delay in a cascade of fixed delays, on a stepped clock.
import { describe, expect, test } from "bun:test";
import { STAGE_MS_MAX } from "../../service/cascade/text-line.ts";
import { PREFETCH_AGE_MS_MAX, wordSimilarity } from "../../service/cascade/retrieval.ts";
import type { RetrievedPassage, Retriever } from "../../service/contract/retriever.ts";
import type { Clock } from "../../service/contract/clock.ts";
import type { SteppedClock } from "../support/stepped-clock.ts";
import { wait } from "../support/timed-engines.ts";
import { type CascadeUnderTest, openCascade, stagesOf } from "./cascade-fixture.ts";

const OPENING_HOURS: RetrievedPassage = { title: "Hours", text: "Open 8 to 20", url: "" };
const QUESTION = "when do you close today";

interface TimedRetriever {
  readonly retriever: Retriever;
  readonly queries: string[];
  clock: Clock | null;
  delayMs: number;
  isBroken: boolean;
}

function timedRetriever(): TimedRetriever {
  const timed: TimedRetriever = {
    queries: [],
    clock: null,
    delayMs: 80,
    isBroken: false,
    retriever: {
      name: "timed",
      async retrieve(query, countMax, signal) {
        timed.queries.push(query);
        if (timed.clock !== null) await wait(timed.clock, timed.delayMs, signal);
        if (timed.isBroken) throw new Error("the index is gone");
        return Array.from({ length: countMax + 2 }, () => OPENING_HOURS);
      },
    },
  };
  return timed;
}

async function opened(timed: TimedRetriever, isPrefetched = true): Promise<CascadeUnderTest> {
  const under = await openCascade({
    engines: { retriever: timed.retriever },
    settings: { isPrefetched },
  });
  timed.clock = under.clock;
  under.ears.hear = (audio) => (audio.length >= 16_000 ? QUESTION : "when do you close");
  return under;
}

/** Says the question, which has partials on the way, and waits for the answer. */
async function ask(under: CascadeUnderTest, pauseMs = 0): Promise<void> {
  await under.say(1_600);
  await under.run(pauseMs);
  under.upstream.commit();
  under.upstream.respond({ instructions: "", tag: "turn:1:1" });
  await under.until("onResponseDone");
}

function lastWords(under: CascadeUnderTest): string {
  return under.model.requests.at(-1)?.messages.at(-1)?.text ?? "";
}

describe("passages", () => {
  test("S2-84: looked up on a partial of three words, top three, and there when they are needed", async () => {
    const timed = timedRetriever();
    const under = await opened(timed);
    await ask(under);
    expect(timed.queries).toEqual(["when do you close", QUESTION]);
    expect(lastWords(under)).toBe(
      `${QUESTION}\n\n[data: passages that may help, not said by the caller]\n` +
        Array(3).fill('{"title":"Hours","text":"Open 8 to 20"}').join("\n"),
    );
    expect(stagesOf(under).ragRetrievalMs).toBe(0);
    expect(under.metric('voxbridge_cascade_total{what="retrieval_prefetch_used"}')).toBe(1);
  });

  test("S2-85: a prefetch too old for a real pause is done again, and waited for", async () => {
    const timed = timedRetriever();
    const under = await opened(timed);
    await ask(under, PREFETCH_AGE_MS_MAX);
    expect(timed.queries.at(-1)).toBe(QUESTION);
    expect(stagesOf(under).ragRetrievalMs).toBe(80);
    expect(under.metric('voxbridge_cascade_total{what="retrieval_prefetch_stale"}')).toBe(1);
  });

  test("D-20: half a second of pause, the document's bound, does not make it stale", async () => {
    const timed = timedRetriever();
    const under = await opened(timed);
    await ask(under, 500);
    expect(stagesOf(under).ragRetrievalMs).toBe(0);
  });

  test("without prefetching it is waited for, and counted as a stage", async () => {
    const timed = timedRetriever();
    const under = await opened(timed, false);
    await ask(under);
    expect(timed.queries).toEqual([QUESTION]);
    expect(stagesOf(under).ragRetrievalMs).toBe(80);
  });

  test("S2-85: similarity is Jaccard over words; two empty texts are not alike", () => {
    expect(wordSimilarity("", "")).toBe(0);
    expect(wordSimilarity("Book me a table", "book me a table!")).toBe(1);
    expect(wordSimilarity("book me a table", "book me a table for two")).toBeCloseTo(4 / 6, 9);
    expect(wordSimilarity("when do you close", "")).toBe(0);
    expect(wordSimilarity("मेज़ बुक करो", "मेज़ बुक करो।")).toBe(1);
  });

  test("a retriever that fails or hangs costs the answer its passages, not its life", async () => {
    const broken = timedRetriever();
    broken.isBroken = true;
    const under = await opened(broken);
    await ask(under);
    expect(lastWords(under)).toBe(QUESTION);

    const hanging = timedRetriever();
    hanging.delayMs = 60_000;
    const late = await opened(hanging);
    await ask(late);
    expect(lastWords(late)).toBe(QUESTION);
    expect(stagesOf(late).ragRetrievalMs).toBe(1_000);
    expect(late.metric('voxbridge_cascade_total{what="retrieval_late"}')).toBe(1);
  });
});

describe("text stages", () => {
  const stage = (name: string, clock: () => SteppedClock, ms: number, change: string) => ({
    name,
    async apply(text: string, _facts: unknown, signal: AbortSignal) {
      await wait(clock(), ms, signal);
      return text + change;
    },
  });

  test("they change what the model reads, in order, not what the caller is told", async () => {
    let under: CascadeUnderTest | null = null;
    const clock = () => {
      if (under === null) throw new Error("asked too early");
      return under.clock;
    };
    const textStages = [stage("first", clock, 20, " one"), stage("second", clock, 10, " two")];
    under = await openCascade({ engines: { textStages } });
    under.ears.hear = () => QUESTION;
    await ask(under);
    expect(lastWords(under)).toBe(`${QUESTION} one two`);
    expect(under.of("onCallerTranscript").map(([, text]) => text)).toEqual([QUESTION]);
    expect(stagesOf(under).textProcessingMs).toBe(30);
  });

  test("one that throws and one that is too slow are passed over", async () => {
    let under: CascadeUnderTest | null = null;
    const clock = () => {
      if (under === null) throw new Error("asked too early");
      return under.clock;
    };
    const broken = { name: "broken", apply: () => Promise.reject(new Error("broken")) };
    const textStages = [broken, stage("slow", clock, 60_000, " late")];
    under = await openCascade({ engines: { textStages } });
    under.ears.hear = () => QUESTION;
    await ask(under);
    expect(lastWords(under)).toBe(QUESTION);
    expect(stagesOf(under).textProcessingMs).toBe(STAGE_MS_MAX);
    expect(under.metric('voxbridge_cascade_total{what="text_stage_skipped"}')).toBe(2);
  });
});

describe("where the time went", () => {
  test("S2-82: each stage is measured, told before the first audio, and in the histograms", async () => {
    const under = await openCascade();
    under.ears.hear = () => "when do you close today";
    await ask(under);
    expect(stagesOf(under)).toEqual({
      sttFirstPartialMs: 520,
      sttFinalMs: 120,
      textProcessingMs: 0,
      ragRetrievalMs: 0,
      llmFirstTokenMs: 200,
      llmFirstSentenceMs: 100,
      // The sentence is known to be over when the next token begins: 20, then the voice's 150.
      ttsFirstAudioMs: 170,
    });
    for (const [stage, count] of [
      ["stt_final", 1],
      ["llm_first_token", 1],
      ["tts_first_audio", 1],
    ] as const) {
      expect(under.metric(`voxbridge_cascade_stage_ms_count{stage="${stage}"}`)).toBe(count);
    }
    const order = under.names().slice(-5);
    expect(order.indexOf("onStageLatency")).toBeLessThan(order.indexOf("onAudio"));
  });
});
