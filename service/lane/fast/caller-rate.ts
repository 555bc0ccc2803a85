// What the caller's side is told counts samples at its own rate, not at the upstream's.
import type { CallNotice } from "../../contract/transport.ts";

/** callerScale: caller samples per upstream sample. Only receipts count samples. */
export function atCallerRate(notice: CallNotice, callerScale: number): CallNotice {
  if (notice.kind !== "receipt") return notice;
  return { ...notice, heardSamples: Math.floor(notice.heardSamples * callerScale) };
}
