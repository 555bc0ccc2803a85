// A thinker's answer waited behind a response that was being spoken. Then a thinker of an older turn
// answered too: its ask took the place of the wanted one and was dropped as stale itself, so that
// nobody was answered. Found by the simulator (seed 233 of its first version with thinkers).
import { expect, test } from "bun:test";
import { ResponseSequence } from "../../service/conversation/response-sequence.ts";
import { RecordedEffects } from "../conversation/recorded-effects.ts";

test("an answer that is stale takes no place from one that waits", () => {
  const effects = new RecordedEffects();
  const sequence = new ResponseSequence(effects);
  const ask = { instructions: "", deadlineMs: 10_000 };
  sequence.setTurn(2);
  sequence.ask({ ...ask, asker: "turn", turnId: 2 });
  sequence.onCreated("r1", effects.tag());
  sequence.ask({ ...ask, asker: "tool", turnId: 2 });
  sequence.ask({ ...ask, asker: "tool", turnId: 1 });
  sequence.onDone("r1");
  expect(effects.log).toEqual(["respond turn:2", "respond tool:2"]);
});
