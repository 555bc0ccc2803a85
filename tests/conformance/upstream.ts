// What every Upstream does, whoever made it (style 47): run on the Realtime session against the
// project's simulator and on the cascade over engines of fixed delay. Only what the contract says;
// what is particular to one of them is tested beside it.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import type { Upstream, UpstreamListener } from "../../service/contract/upstream.ts";

export interface UpstreamUnderTest extends AsyncDisposable {
  /** Not opened yet; turn detection null. */
  readonly upstream: Upstream;
  /** Bytes of 1 ms in its format. */
  readonly bytesPerMs: number;
  /** Every call of the listener, name and arguments, in order. */
  readonly heard: readonly (readonly [name: string, ...args: unknown[]])[];
  /** Moves time, with everything that happens in it; paused, the other side may be held up. */
  run(ms: number, isPaused?: boolean): Promise<void>;
}

/** Longer than any answer here takes to be generated. */
const ANSWER_MS = 6_000;
const STEP_MS = 10;

class Subject {
  readonly under: UpstreamUnderTest;

  constructor(under: UpstreamUnderTest) {
    this.under = under;
  }

  of(name: keyof UpstreamListener): (readonly unknown[])[] {
    return this.under.heard.filter((event) => event[0] === name).map(([, ...args]) => args);
  }

  count(name: keyof UpstreamListener): number {
    return this.of(name).length;
  }

  async until(isReached: () => boolean): Promise<void> {
    for (let passedMs = 0; passedMs < ANSWER_MS && !isReached(); passedMs += STEP_MS) {
      await this.under.run(STEP_MS);
    }
    expect(isReached()).toBe(true);
  }

  async open(): Promise<void> {
    this.under.upstream.open();
    await this.until(() => this.under.upstream.isReady() && this.count("onReady") === 1);
  }

  /** Appends `ms` of a square wave in pieces of 100 ms. */
  say(ms: number): void {
    const audio = new Uint8Array(100 * this.under.bytesPerMs);
    for (let at = 0; at < audio.length; at += 1) audio[at] = at % 80 < 40 ? 0x20 : 0xa0;
    for (let saidMs = 0; saidMs < ms; saidMs += 100) {
      expect(this.under.upstream.append(audio, 0, audio.length)).not.toBe(SEND.DROPPED);
    }
  }

  /** A turn that is answered. -> the response's and the item's id. */
  async answer(tag: string): Promise<{ responseId: string; itemId: string }> {
    const before = this.count("onAudio");
    this.say(600);
    this.under.upstream.commit();
    this.under.upstream.respond({ instructions: "", tag });
    await this.until(() => this.count("onAudio") > before);
    const [responseId, itemId] = this.of("onAudio")[before] ?? [];
    return { responseId: String(responseId), itemId: String(itemId) };
  }

  /** Codes of onError with the command that each names. */
  errors(): unknown[] {
    return this.of("onError").map(([code, , commandId]) => [code, String(commandId).split("-")[0]]);
  }
}

/** One suite for all implementations. */
export function describeUpstream(name: string, make: () => UpstreamUnderTest): void {
  const opened = async (use: (subject: Subject) => Promise<void>): Promise<void> => {
    await using under = make();
    const subject = new Subject(under);
    await subject.open();
    await use(subject);
  };
  describe(`${name} conforms: life`, () => lifeSuite(make, opened));
  describe(`${name} conforms: turns`, () => turnSuite(opened));
  describe(`${name} conforms: answers`, () => answerSuite(opened));
  describe(`${name} conforms: items`, () => itemSuite(opened));
}

type Opened = (use: (subject: Subject) => Promise<void>) => Promise<void>;

function lifeSuite(make: () => UpstreamUnderTest, opened: Opened): void {
  test("before it is opened every command is dropped, and nothing is told", async () => {
    await using under = make();
    const { upstream } = under;
    expect(upstream.isReady()).toBe(false);
    expect(upstream.append(new Uint8Array(8), 0, 8)).toBe(SEND.DROPPED);
    expect(upstream.commit()).toBe(SEND.DROPPED);
    expect(upstream.respond({ instructions: "", tag: "" })).toBe(SEND.DROPPED);
    expect(under.heard).toEqual([]);
  });

  test("open brings onReady once", () =>
    opened(async ({ under }) => {
      under.upstream.open();
      await under.run(100);
      expect(under.heard.map(([event]) => event)).toEqual(["onReady"]);
    }));

  test("close brings onClosed once, last, and after it nothing more", () =>
    opened(async (subject) => {
      await subject.answer("turn");
      const { upstream } = subject.under;
      upstream.close();
      upstream.close();
      expect(subject.count("onClosed")).toBe(0);
      await subject.until(() => subject.count("onClosed") === 1);
      await subject.under.run(1_000);
      expect(subject.under.heard.at(-1)?.[0]).toBe("onClosed");
      expect(subject.of("onClosed")).toMatchObject([[{ reason: "closed_by_us" }]]);
      expect(upstream.isReady()).toBe(false);
      expect(upstream.append(new Uint8Array(8), 0, 8)).toBe(SEND.DROPPED);
      expect(upstream.respond({ instructions: "", tag: "" })).toBe(SEND.DROPPED);
    }));

  test("a change of instructions leaves the session as it is otherwise", () =>
    opened(async (subject) => {
      const { upstream } = subject.under;
      expect(upstream.updateSession({ instructions: "Be long" })).not.toBe(SEND.DROPPED);
      await subject.answer("turn");
      expect(subject.errors()).toEqual([]);
    }));
}

function turnSuite(opened: Opened): void {
  test("a commit is acknowledged with an id, after it has returned", () =>
    opened(async (subject) => {
      subject.say(300);
      subject.under.upstream.commit();
      expect(subject.count("onCommitted")).toBe(0);
      await subject.until(() => subject.count("onCommitted") === 1);
      expect(String(subject.of("onCommitted")[0]?.[0])).not.toBe("");
    }));

  test("the caller's words are told under the id of their commit", () =>
    opened(async (subject) => {
      await subject.answer("turn");
      await subject.until(() => subject.count("onCallerTranscript") === 1);
      const [itemId, text] = subject.of("onCallerTranscript")[0] ?? [];
      expect(itemId).toBe(subject.of("onCommitted")[0]?.[0]);
      expect(String(text)).not.toBe("");
    }));

  test("a commit of under 100 ms is refused", () =>
    opened(async (subject) => {
      subject.under.upstream.commit();
      await subject.until(() => subject.count("onError") === 1);
      expect(subject.errors()).toEqual([["input_audio_buffer_commit_empty", "commit"]]);
      expect(subject.count("onCommitted")).toBe(0);
    }));

  test("what was cleared is not committed", () =>
    opened(async (subject) => {
      subject.say(500);
      subject.under.upstream.clearInput();
      subject.under.upstream.commit();
      await subject.until(() => subject.count("onError") === 1);
      expect(subject.errors()).toEqual([["input_audio_buffer_commit_empty", "commit"]]);
    }));
}

function answerSuite(opened: Opened): void {
  test("created with its tag, then audio of one item, its words, its end, done", () =>
    opened(async (subject) => {
      const { responseId, itemId } = await subject.answer("turn:1");
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.of("onResponseCreated")).toEqual([[responseId, "turn:1"]]);
      for (const [response, item, index] of subject.of("onAudio")) {
        expect([response, item, index]).toEqual([responseId, itemId, 0]);
      }
      expect(subject.of("onAudioDone")).toEqual([[responseId, itemId]]);
      const told = subject.of("onAgentTranscript");
      const finals = told.filter(([, , , isFinal]) => isFinal === true);
      const pieces = told.filter(([, , , isFinal]) => isFinal === false);
      expect(finals).toHaveLength(1);
      expect(pieces.map(([, , text]) => text).join("")).toBe(String(finals[0]?.[2]));
      expect(subject.of("onResponseDone")[0]?.slice(0, 2)).toEqual([responseId, "completed"]);
      expect(subject.under.heard.at(-1)?.[0]).toBe("onResponseDone");
    }));

  test("nothing of an answer is told from within respond", () =>
    opened(async (subject) => {
      const before = subject.under.heard.length;
      subject.under.upstream.respond({ instructions: "Say hello", tag: "greeting" });
      expect(subject.under.heard).toHaveLength(before);
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.of("onResponseCreated")[0]?.[1]).toBe("greeting");
      expect(subject.count("onAudio")).toBeGreaterThan(0);
    }));

  test("a second answer at the same time is refused; the first goes on", () =>
    opened(async (subject) => {
      await subject.answer("first");
      subject.under.upstream.respond({ instructions: "", tag: "second" });
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.errors()).toEqual([["conversation_already_has_active_response", "respond"]]);
      expect(subject.of("onResponseCreated").map(([, tag]) => tag)).toEqual(["first"]);
      expect(subject.of("onResponseDone")[0]?.[1]).toBe("completed");
    }));

  test("S1-31: a cancelled answer ends as cancelled, with no audio after that", () =>
    opened(async (subject) => {
      const { responseId } = await subject.answer("turn");
      subject.under.upstream.cancel(responseId);
      expect(subject.count("onResponseDone")).toBe(0);
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.of("onResponseDone")[0]?.slice(0, 2)).toEqual([responseId, "cancelled"]);
      const audio = subject.count("onAudio");
      await subject.under.run(2_000);
      expect(subject.count("onAudio")).toBe(audio);
      expect(subject.errors()).toEqual([]);
      // And the next one is given.
      await subject.answer("next");
      expect(subject.of("onResponseCreated").map(([, tag]) => tag)).toEqual(["turn", "next"]);
    }));

  test("a cancel without an answer, and of another one, is told", () =>
    opened(async (subject) => {
      subject.under.upstream.cancel("");
      await subject.until(() => subject.count("onError") === 1);
      await subject.answer("turn");
      subject.under.upstream.cancel("resp_other");
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.of("onResponseDone")[0]?.[1]).toBe("completed");
      expect(subject.errors()).toEqual([
        ["response_cancel_not_active", "cancel"],
        ["response_cancel_not_active", "cancel"],
      ]);
    }));

  test("decision 17: paused it gives no audio, resumed it gives all of it", () =>
    opened(async (subject) => {
      await subject.answer("turn");
      const { upstream } = subject.under;
      upstream.pauseReading();
      await subject.under.run(STEP_MS, true);
      const audio = subject.count("onAudio");
      await subject.under.run(3_000, true);
      expect(subject.count("onAudio")).toBe(audio);
      expect(subject.count("onResponseDone")).toBe(0);
      upstream.resumeReading();
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.count("onAudio")).toBeGreaterThan(audio);
      expect(subject.of("onResponseDone")[0]?.[1]).toBe("completed");
    }));
}

function itemSuite(opened: Opened): void {
  test("a typed text is answered", () =>
    opened(async (subject) => {
      const { upstream } = subject.under;
      expect(upstream.createText("user", "When do you close?")).not.toBe(SEND.DROPPED);
      upstream.respond({ instructions: "", tag: "text" });
      await subject.until(() => subject.count("onResponseDone") === 1);
      expect(subject.count("onAudio")).toBeGreaterThan(0);
      expect(subject.errors()).toEqual([]);
    }));

  test("D-22: an answer that was given is truncated, then deleted", () =>
    opened(async (subject) => {
      const { itemId } = await subject.answer("turn");
      await subject.until(() => subject.count("onResponseDone") === 1);
      const { upstream } = subject.under;
      upstream.truncate(itemId, 0, 200);
      upstream.deleteItem(itemId);
      await subject.under.run(100);
      expect(subject.errors()).toEqual([]);
      upstream.deleteItem(itemId);
      await subject.until(() => subject.count("onError") === 1);
      expect(subject.errors()).toEqual([["item_delete_invalid_item_id", "delete"]]);
    }));

  test("what does not exist is neither truncated, deleted nor answered", () =>
    opened(async (subject) => {
      const { upstream } = subject.under;
      upstream.truncate("item_other", 0, 100);
      upstream.deleteItem("item_other");
      upstream.submitToolOutput("call_other", "{}");
      await subject.until(() => subject.count("onError") === 3);
      expect(subject.errors()).toEqual([
        ["item_truncate_invalid_item_id", "truncate"],
        ["item_delete_invalid_item_id", "delete"],
        ["invalid_tool_call_id", "tool"],
      ]);
      expect(upstream.isReady()).toBe(true);
    }));
}
