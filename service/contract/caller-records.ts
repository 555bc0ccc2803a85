// What the service keeps of one caller, in the operator's hands: to be given out, to be deleted.
// An id is written as the operator knows it: `sub:` and a token's subject, or `tel:` and a number.
import type { CallerRecord } from "./caller-context.ts";

export interface CallerRecords {
  /** Is it written as an id that this service can know? */
  isVouchedId(text: string): boolean;
  /** -> null when nothing is kept. Rejects with VoxError `store_unavailable`. */
  export(vouchedId: string): Promise<CallerRecord | null>;
  /** Nothing is kept afterwards. Rejects with VoxError `store_unavailable`: ask again then. */
  erase(vouchedId: string): Promise<void>;
}
