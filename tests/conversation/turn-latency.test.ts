// The arithmetic of one turn's latency: everything counts from the true end of speech.
import { describe, expect, test } from "bun:test";
import { TurnLatency } from "../../service/conversation/turn-latency.ts";

describe("TurnLatency", () => {
  test("S1-60, S1-61, S1-62: splits perceived latency into endpoint, commit and model", () => {
    const latency = new TurnLatency();
    // Decided at 10,000 ms with 300 ms of silence: speech truly ended at 9,700.
    latency.onTurnDecided(1, 10_000, 300);
    latency.onCommitted(10_090);
    latency.onFirstAudio(1, 10_540);
    expect(latency.onFirstSent(1, 10_545)).toEqual({
      kind: "turn_latency",
      turnId: 1,
      endpointMs: 300,
      commitMs: 90,
      modelMs: 450,
      perceivedMs: 845,
    });
  });

  test("is told once per turn, and not of another turn's audio", () => {
    const latency = new TurnLatency();
    latency.onTurnDecided(2, 1_000, 250);
    expect(latency.onFirstSent(1, 1_100)).toBeNull();
    expect(latency.onFirstSent(0, 1_100)).toBeNull();
    expect(latency.onFirstSent(2, 1_200)).not.toBeNull();
    expect(latency.onFirstSent(2, 1_300)).toBeNull();
  });

  test("only the first acknowledgement and the first audio count", () => {
    const latency = new TurnLatency();
    latency.onTurnDecided(1, 1_000, 200);
    latency.onCommitted(1_050);
    latency.onCommitted(1_500);
    latency.onFirstAudio(1, 1_400);
    latency.onFirstAudio(1, 1_900);
    expect(latency.onFirstSent(1, 1_400)).toMatchObject({ commitMs: 50, modelMs: 350 });
  });

  test("without an acknowledgement the model is measured from the decision", () => {
    const latency = new TurnLatency();
    latency.onTurnDecided(1, 1_000, 200);
    latency.onFirstAudio(1, 1_400);
    expect(latency.onFirstSent(1, 1_410)).toMatchObject({ commitMs: 0, modelMs: 400 });
  });

  test("S1-71: what an answer waited for its turn to be sure is told apart, and only that", () => {
    const latency = new TurnLatency();
    latency.onTurnDecided(1, 1_000, 200);
    latency.onCommitted(1_050);
    latency.onFirstAudio(1, 1_100);
    latency.onConfirmed(1_280);
    expect(latency.onFirstSent(1, 1_285)).toMatchObject({ modelMs: 50, heldMs: 180 });
    latency.onTurnDecided(2, 2_000, 200);
    latency.onConfirmed(2_280);
    latency.onFirstAudio(2, 2_500);
    expect(latency.onFirstSent(2, 2_505)).not.toHaveProperty("heldMs");
  });

  test("an acknowledgement before any turn is nothing", () => {
    const latency = new TurnLatency();
    latency.onCommitted(5);
    latency.onTurnDecided(1, 1_000, 200);
    latency.onFirstAudio(1, 1_100);
    expect(latency.onFirstSent(1, 1_100)).toMatchObject({ commitMs: 0 });
  });
});
