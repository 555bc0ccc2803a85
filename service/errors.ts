// The closed list of operating failures (decision 18). A peer's bad input is never one of these:
// that is counted and answered with a close code (limits and codes: docs/protocol.md).

export type VoxErrorCode =
  | "config_invalid"
  | "core_load_failed"
  | "model_load_failed"
  | "slots_exhausted"
  | "upstream_refused"
  | "upstream_timeout"
  | "upstream_lost"
  | "upstream_protocol"
  | "store_unavailable"
  | ProviderFailureCode;

/**
 * What can go wrong with a model or tool reached over a network or as a program of its own:
 * speech-to-text, language model, text-to-speech, a thinker's data source. One closed list for all
 * (S2-87), so that breaker, fallback chain, metrics and the spoken apology need to know no engine.
 */
export type ProviderFailureCode =
  /** No connection, or it broke; the program is not installed; it failed by itself (5xx). */
  | "engine_unavailable"
  /** It did not answer within its deadline. */
  | "engine_timeout"
  /** 429; retryAfterMs says when to come back. */
  | "engine_rate_limited"
  /** Bad key, unknown model, a request that it does not take. */
  | "engine_refused"
  /** What it said is not what its documentation says: content type, garbage, too much. */
  | "engine_protocol"
  /** Our breaker is open: it was not asked. */
  | "engine_resting"
  | "unsupported_language"
  | "voice_not_found"
  | "queue_full"
  /** Nobody wants the answer any more: the signal given to it was aborted. */
  | "cancelled";

interface VoxErrorOptions {
  readonly code: VoxErrorCode;
  /** True when the same act may succeed later without a change of configuration. */
  readonly isRetryable: boolean;
  readonly cause?: unknown;
  /** Which engine, as configured; never an address with a key. */
  readonly provider?: string;
  /** When to come back; undefined when it did not say. */
  readonly retryAfterMs?: number;
}

/** An operating failure: something outside us did not work. Thrown only at edges. */
export class VoxError extends Error {
  override readonly name = "VoxError";
  readonly code: VoxErrorCode;
  readonly isRetryable: boolean;
  /** "" when it is no provider's. */
  readonly provider: string;
  /** -1 when unknown. */
  readonly retryAfterMs: number;

  /** `message`: "Cannot <act>: <what> is <value unit>, must be <wanted>". */
  constructor(message: string, options: VoxErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.isRetryable = options.isRetryable;
    this.provider = options.provider ?? "";
    this.retryAfterMs = options.retryAfterMs ?? -1;
  }
}
