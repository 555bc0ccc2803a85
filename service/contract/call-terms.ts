// Words that transports, lanes and upstreams share (architecture: vocabulary).

export type LaneName = "fast" | "big";

/** Who decides that a turn has begun and ended; `none` is push to talk. */
export type TurnDetection = "local" | "server_vad" | "semantic_vad" | "none" | "hybrid";

/** Why a call ended; the wire's Ended.reason. */
export type EndReason =
  | "caller_ended"
  | "caller_gone"
  | "agent_ended"
  | "limit_reached"
  | "upstream_lost"
  | "drained"
  | "refused"
  | "error";

/** Close codes of the caller's socket (docs/protocol.md). */
export const CLOSE = {
  END: 1000,
  DRAINED: 1001,
  WRONG_KIND: 1003,
  UNDECODABLE: 1007,
  ORDER_BROKEN: 1008,
  TOO_BIG: 1009,
  OUR_BUG: 1011,
  START_REFUSED: 4400,
  TOO_QUIET: 4408,
  READS_TOO_SLOWLY: 4413,
  TOO_FAST: 4429,
  UPSTREAM_LOST: 4502,
} as const;

export type CloseCode = (typeof CLOSE)[keyof typeof CLOSE];

/** How the socket closes after an end that the conversation came to; others close with END. */
export const CLOSE_OF_END: Readonly<Partial<Record<EndReason, CloseCode>>> = {
  drained: CLOSE.DRAINED,
  upstream_lost: CLOSE.UPSTREAM_LOST,
};
