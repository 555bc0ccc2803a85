// One interruption of the agent, start to end, in one synchronous call (S0-07, S0-10, S1-31, D-22):
//
//   clear the far end  ->  cancel the response  ->  truncate what was heard in part, delete what was not
//
// Station: called by the conversation for barge-in, for the provider's speech_started, and for an
// explicit Interrupt. Nothing waits; the numbers come from the ledger alone (decision 10).
import type { CallEffects } from "../contract/call-effects.ts";
import type { LedgerItem, PlayoutLedger } from "./playout-ledger.ts";
import type { ResponseSequence } from "./response-sequence.ts";

export interface Interrupted {
  /** Something had been sent or queued that the caller had not heard to its end. */
  readonly wasAudible: boolean;
  /** The item that was being heard, 0 for none. */
  readonly item: number;
  readonly heardMs: number;
}

const NOTHING: Interrupted = { wasAudible: false, item: 0, heardMs: 0 };

/** Cuts the agent off. onCleared: the generation grows, just before the clear. -> what was cut. */
export function interrupt(
  ledger: PlayoutLedger,
  sequence: ResponseSequence,
  effects: CallEffects,
  nowMs: number,
  onCleared: () => void,
): Interrupted {
  const cutItems = clearFarEnd(ledger, effects, nowMs, onCleared);
  sequence.cancel();
  if (cutItems.length === 0) return NOTHING;

  let heardItem = 0;
  let heardMsOfItem = 0;
  for (const item of cutItems) {
    const heardMs = ledger.heardMs(item, nowMs);
    // A recording of the operator's: the provider knows nothing of it.
    const isProviders = item.responseId !== "";
    if (heardMs === 0) {
      if (!isProviders) continue;
      effects.deleteItem(item.itemId);
      effects.count("item_deleted");
      continue;
    }
    heardItem = item.number;
    heardMsOfItem = heardMs;
    if (isProviders) {
      effects.truncateItem(item.itemId, item.contentIndex, heardMs);
      effects.count("truncated");
    }
    effects.notice({
      kind: "receipt",
      item: item.number,
      heardSamples: item.cutHeardSamples,
      heardMs,
      isEstimated: ledger.isEstimated(item),
      isComplete: false,
    });
  }
  return { wasAudible: true, item: heardItem, heardMs: heardMsOfItem };
}

/**
 * The far end is told to clear, with everything before it; nothing on the way takes memory (S0-10).
 * -> what was cut, in a list that the next cut uses again.
 */
function clearFarEnd(
  ledger: PlayoutLedger,
  effects: CallEffects,
  nowMs: number,
  onCleared: () => void,
): readonly LedgerItem[] {
  const cutItems = ledger.cut(nowMs);
  if (cutItems.length > 0) {
    onCleared();
    effects.clearPlayback();
  }
  return cutItems;
}
