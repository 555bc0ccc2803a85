// Goal: the cascade works in the silence that may end a turn, hears turns that follow each other
// closely, and is cut off to the word.
// Method: engines of fixed delay behind the project's own streamers, on a stepped clock.
import { describe, expect, test } from "bun:test";
import { tokensOf } from "../support/timed-engines.ts";
import { openCascade, takeTurn } from "./cascade-fixture.ts";

const TURN = { instructions: "", tag: "turn:1:1" };

describe("the silence that may end a turn (D-28)", () => {
  test("S3-07, D-28: the model is at work before the turn is decided, and its draft is the answer", async () => {
    const under = await openCascade();
    under.ears.hear = () => "when do you close";
    await under.say(600);
    under.upstream.hintTurnEnd?.(true);
    await under.run(300);
    expect(under.model.requests).toHaveLength(1);
    expect(under.of("onCallerTranscript")).toEqual([]);
    under.upstream.commit();
    under.upstream.respond(TURN);
    const firstMs = await under.until("onAudio");
    // From the true end: 120 + 200 + 6 tokens of 20 ms show the sentence's end, 150 to audio.
    expect(firstMs - 600).toBe(120 + 200 + 6 * 20 + 150);
    expect(under.model.requests).toHaveLength(1);
    expect(under.metric('voxbridge_cascade_total{what="draft_used"}')).toBe(1);
  });

  test("a caller who goes on makes the draft void, and not a word is lost (D-26)", async () => {
    const under = await openCascade();
    under.ears.hear = (audio) => (audio.length > 10_000 ? "a table for two" : "a table");
    await under.say(600);
    under.upstream.hintTurnEnd?.(true);
    await under.run(250);
    expect(under.model.requests).toHaveLength(1);
    under.upstream.hintTurnEnd?.(false);
    await under.run(0);
    expect(under.model.aborted).toBe(1);
    await under.say(500);
    under.upstream.hintTurnEnd?.(true);
    await under.run(250);
    under.upstream.commit();
    under.upstream.respond(TURN);
    await under.until("onResponseDone");
    expect(under.of("onCallerTranscript").map(([, text]) => text)).toEqual(["a table for two"]);
    expect(under.model.requests).toHaveLength(2);
    expect(under.model.requests[1]?.messages.at(-1)).toEqual({
      role: "user",
      text: "a table for two",
    });
  });

  test("a draft that was begun on other facts is thrown away", async () => {
    const under = await openCascade();
    under.ears.hear = () => "and today";
    await under.say(600);
    under.upstream.hintTurnEnd?.(true);
    await under.run(250);
    under.upstream.createText("system", "The caller is in Bern");
    under.upstream.commit();
    under.upstream.respond(TURN);
    await under.until("onResponseDone");
    expect(under.model.requests).toHaveLength(2);
    expect(under.metric('voxbridge_cascade_total{what="draft_dropped"}')).toBe(1);
    expect(under.metric('voxbridge_cascade_total{what="draft_used"}')).toBe(0);
  });

  test("a false alarm stops the draft and its words are nobody's", async () => {
    const under = await openCascade();
    await under.say(300);
    under.upstream.hintTurnEnd?.(true);
    await under.run(200);
    under.upstream.clearInput();
    await under.run(1_000);
    expect(under.model.aborted).toBe(1);
    expect(under.names()).toEqual(["onReady"]);
  });

  test("switched off, nothing begins before the commit", async () => {
    const under = await openCascade({ settings: { isOverlapped: false } });
    under.ears.hear = () => "when do you close";
    await under.say(600);
    under.upstream.hintTurnEnd?.(true);
    await under.run(300);
    expect(under.model.requests).toEqual([]);
  });
});

describe("two turns at a time", () => {
  test("a caller who speaks on while the first turn is written down gets both heard", async () => {
    const under = await openCascade();
    under.ears.delayMs = 900;
    under.ears.hear = () => "first";
    await under.say(400);
    under.upstream.commit();
    under.ears.hear = () => "second";
    await under.say(400);
    under.upstream.commit();
    under.upstream.respond(TURN);
    await under.until("onResponseDone");
    const ids = under.of("onCommitted").map(([itemId]) => itemId);
    expect(under.of("onCallerTranscript")).toEqual([
      [ids[0], "first"],
      [ids[1], "second"],
    ]);
    const said = under.model.requests.at(-1)?.messages.map((message) => message.role);
    expect(said).toEqual(["system", "user", "user"]);
  });

  test("a turn without words asks nobody, and ends at once", async () => {
    const under = await openCascade();
    await takeTurn(under, "");
    await under.until("onResponseDone");
    expect(under.of("onResponseDone")[0]?.[1]).toBe("completed");
    expect(under.of("onAudio")).toEqual([]);
    expect(under.model.requests).toEqual([]);
  });

  test("a turn without words is answered with the configured text where there is one", async () => {
    const under = await openCascade({ settings: { unheard: "Could you say that again?" } });
    await takeTurn(under, "");
    await under.until("onResponseDone");
    expect(under.voice.spoken.map(({ text }) => text)).toEqual(["Could you say that again?"]);
  });
});

describe("an interruption", () => {
  test("S2-59: everything stops at once: the model, the voice, and not a sound comes after", async () => {
    const under = await openCascade();
    under.model.answer = () => tokensOf(`${"And one more word. ".repeat(40)}`);
    await takeTurn(under, "tell me more");
    await under.until("onAudio", 10);
    under.upstream.cancel("");
    const audio = under.of("onAudio").length;
    await under.run(3_000);
    expect(under.of("onAudio")).toHaveLength(audio);
    expect(under.model.aborted).toBe(1);
    expect(under.of("onResponseDone")[0]?.slice(1)).toEqual([
      "cancelled",
      { inputTokens: 0, outputTokens: 0 },
      "client_cancelled",
    ]);
  });

  /** Heard until `heardMs`, then asked again. -> the agent's words that the model was told. */
  async function heardWords(hasWordTimes: boolean, heardMs: number): Promise<string | undefined> {
    const under = await openCascade();
    under.voice.hasWordTimes = hasWordTimes;
    under.model.answer = () => tokensOf("We are open today. Come by before eight tonight please.");
    await takeTurn(under, "when do you close");
    await under.until("onResponseDone");
    const itemId = String(under.of("onAudio")[0]?.[1]);
    under.upstream.truncate(itemId, 0, heardMs);
    await takeTurn(under, "what");
    await under.until("onResponseDone", 2);
    const told = under.model.requests[1]?.messages.find(({ role }) => role === "assistant");
    return told?.role === "assistant" ? told.text : undefined;
  }

  // 50 ms a character: the first sentence is 900 ms, the second one's words end at 4, 7, 14, 20 …
  test("S1-31: with word times the model is told the words that were heard, to the word", async () => {
    expect(await heardWords(true, 900 + 14 * 50)).toBe("We are open today. Come by before …");
    expect(await heardWords(true, 900 + 13 * 50)).toBe("We are open today. Come by …");
    // Not one whole word: the model is told of no answer.
    expect(await heardWords(true, 90)).toBeUndefined();
  });

  test("S1-31: without them, by the share of each sentence's audio", async () => {
    expect(await heardWords(false, 900)).toBe("We are open today.");
    expect(await heardWords(false, 900 + 950)).toBe("We are open today. Come by before …");
    expect(await heardWords(false, 60_000)).toBe(
      "We are open today. Come by before eight tonight please.",
    );
  });

  test("cut before a sound the answer never was", async () => {
    const under = await openCascade();
    await takeTurn(under, "when do you close");
    await under.run(200);
    under.upstream.cancel("");
    await takeTurn(under, "today I mean");
    await under.until("onAudio");
    expect(under.model.requests.at(-1)?.messages).toEqual([
      { role: "system", text: "Be brief" },
      { role: "user", text: "when do you close" },
      { role: "user", text: "today I mean" },
    ]);
  });
});
