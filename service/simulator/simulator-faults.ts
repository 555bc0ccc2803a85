// What can be made to go wrong with a session, for tests of the other side.

/** Counts are events sent since the session opened; a fault strikes once, at its count. */
export type SessionFault =
  /** The connection is cut without a goodbye. */
  | { readonly kind: "drop"; readonly afterEvents: number }
  /** Nothing is read or sent any more; the connection stays open and pings stay unanswered. */
  | { readonly kind: "stall"; readonly afterEvents: number }
  /** `text` is sent as it is: not JSON, an unknown event, anything. */
  | { readonly kind: "garbage"; readonly afterEvents: number; readonly text: string }
  /** A well-formed event of `byteCount` bytes. */
  | { readonly kind: "oversized"; readonly afterEvents: number; readonly byteCount: number }
  /** The connection is closed with `code`. */
  | { readonly kind: "close"; readonly afterEvents: number; readonly code: number };

/** A known event type with padding, so that only its size is wrong. */
export function oversizedEvent(byteCount: number): string {
  const head = '{"type":"rate_limits.updated","event_id":"event_big","padding":"';
  const tail = '"}';
  return head + "x".repeat(Math.max(0, byteCount - head.length - tail.length)) + tail;
}
