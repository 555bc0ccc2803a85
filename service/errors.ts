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
  | "engine_unavailable";

interface VoxErrorOptions {
  readonly code: VoxErrorCode;
  /** True when the same act may succeed later without a change of configuration. */
  readonly isRetryable: boolean;
  readonly cause?: unknown;
}

/** An operating failure: something outside us did not work. Thrown only at edges. */
export class VoxError extends Error {
  override readonly name = "VoxError";
  readonly code: VoxErrorCode;
  readonly isRetryable: boolean;

  /** `message`: "Cannot <act>: <what> is <value unit>, must be <wanted>". */
  constructor(message: string, options: VoxErrorOptions) {
    super(message, { cause: options.cause });
    this.code = options.code;
    this.isRetryable = options.isRetryable;
  }
}
