// What a transcription session's troubles are called (service/errors.ts), in fixed texts, numbers and
// the server's code: never its words.
import type { UpstreamClosure } from "../contract/upstream.ts";
import { type ProviderFailureCode, VoxError } from "../errors.ts";

const STATUS_TOO_MANY = 429;
const CODES_OF_REFUSAL = /^(?:invalid_|unknown_parameter|missing_required_parameter|unsupported_)/;

export function engineFailure(
  provider: string,
  code: ProviderFailureCode,
  message: string,
): VoxError {
  return new VoxError(message, { code, isRetryable: code !== "engine_refused", provider });
}

/** Of a session that is gone. */
export function failureOfClosure(provider: string, closure: UpstreamClosure): VoxError {
  return engineFailure(provider, codeOfClosure(closure), closure.message);
}

/** Of an error event: the session goes on. */
export function failureOfCode(provider: string, code: string): VoxError {
  const message = `Cannot transcribe: the session answers ${code}`;
  if (code === "rate_limit_exceeded")
    return engineFailure(provider, "engine_rate_limited", message);
  const isRefusal = CODES_OF_REFUSAL.test(code);
  return engineFailure(provider, isRefusal ? "engine_refused" : "engine_unavailable", message);
}

function codeOfClosure({ reason, status, isFatal }: UpstreamClosure): ProviderFailureCode {
  if (status === STATUS_TOO_MANY) return "engine_rate_limited";
  if (reason === "refused" && isFatal) return "engine_refused";
  if (reason === "timeout") return "engine_timeout";
  return reason === "protocol" ? "engine_protocol" : "engine_unavailable";
}
