// The provider owned the turns, had committed one and was about to answer it when the service took
// the turns over, while the caller spoke. The provider's answer came then, to nobody's request, and
// was played over the caller. Found by the simulator, on a seed that a later change reshuffled.
import { describe, expect, test } from "bun:test";
import { ResponseSequence } from "../../service/conversation/response-sequence.ts";
import { RecordedEffects } from "../conversation/recorded-effects.ts";

describe("an answer that the provider gives by itself", () => {
  test("is stopped when the turns are not its own any more and the caller speaks", () => {
    const { effects, sequence } = aSequence();
    sequence.setProviderOwned(false);
    expect(sequence.onCreated("r1", "")).toBe(false);
    expect(sequence.accepts("r1")).toBe(false);
    expect(effects.log).toEqual(["cancel r1"]);
    sequence.setHeld(false);
    sequence.ask({ asker: "turn", turnId: 1, instructions: "", deadlineMs: 10_000 });
    expect(effects.log).toEqual(["cancel r1", "respond turn:1"]);
  });

  test("is stopped too while the one before it is being stopped", () => {
    const { effects, sequence } = aSequence();
    sequence.setHeld(false);
    sequence.onCreated("r1", "");
    sequence.setProviderOwned(false);
    sequence.cancel();
    sequence.setHeld(true);
    expect(sequence.onCreated("r2", "")).toBe(false);
    expect(effects.log).toEqual(["cancel r1", "cancel r2"]);
    sequence.onDone("r2");
    expect(sequence.state()).toBe("idle");
  });

  test("is spoken while its turns are its own, or nobody speaks", () => {
    const { sequence } = aSequence();
    expect(sequence.onCreated("r1", "")).toBe(true);
    sequence.onDone("r1");
    sequence.setProviderOwned(false);
    sequence.setHeld(false);
    expect(sequence.onCreated("r2", "")).toBe(true);
  });
});

/** The caller speaks; the provider owns the turns. */
function aSequence() {
  const effects = new RecordedEffects();
  const sequence = new ResponseSequence(effects);
  sequence.setProviderOwned(true);
  sequence.setTurn(1);
  sequence.setHeld(true);
  return { effects, sequence };
}
