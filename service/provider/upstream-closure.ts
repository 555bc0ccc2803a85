// Why an upstream is gone, in fixed texts and numbers: neither a key nor a peer's words get in.
// Source: protocols.md 1.5; Bun 1.4.5 tells the status of a refused dial in the error's text only.
import type { UpstreamClosure } from "../contract/upstream.ts";

/** Statuses below 500 that another dial may change; the rest of them will be the same again. */
const STATUS_RETRYABLE: ReadonlySet<number> = new Set([408, 425, 429]);
const STATUS_SERVER_ERROR = 500;

/** Error codes after which the provider ends the session: the account or the model is at fault. */
const CODES_REFUSING: ReadonlySet<string> = new Set([
  "invalid_api_key",
  "missing_api_key",
  "insufficient_quota",
  "billing_hard_limit_reached",
  "model_not_found",
  "invalid_model",
  "beta_api_shape_disabled",
]);

const CODE_EXPIRED = "session_expired";
const CLOSE_GOING_AWAY = 1001;
const STATUS_PATTERN = /Expected 101 status code: (\d{3})/;

export const CLOSED_BY_US: UpstreamClosure = {
  reason: "closed_by_us",
  isFatal: false,
  message: "Closed by this side",
};

/** The dial failed: refused with a status, or nobody answered. */
export function closureOfFailedDial(errorText: string): UpstreamClosure {
  const status = Number(STATUS_PATTERN.exec(errorText)?.[1] ?? 0);
  if (status === 0) {
    return { reason: "lost", isFatal: false, message: "Cannot reach the upstream: no connection" };
  }
  return {
    reason: "refused",
    isFatal: status < STATUS_SERVER_ERROR && !STATUS_RETRYABLE.has(status),
    status,
    message: `Cannot open the upstream: status is ${status}, must be 101`,
  };
}

/** The open socket was closed by the other side. */
export function closureOfClose(code: number): UpstreamClosure {
  if (code === CLOSE_GOING_AWAY) {
    return {
      reason: "expired",
      isFatal: false,
      message: "The upstream session is over: code is 1001",
    };
  }
  return { reason: "lost", isFatal: false, message: `The upstream is lost: close code is ${code}` };
}

/** The closure that an error event announces; undefined when the session goes on. */
export function closureOfError(code: string): UpstreamClosure | undefined {
  if (code === CODE_EXPIRED) {
    return {
      reason: "expired",
      isFatal: false,
      message: "The upstream session reached its maximum",
    };
  }
  if (!CODES_REFUSING.has(code)) return undefined;
  return { reason: "refused", isFatal: true, message: `The upstream refused the session: ${code}` };
}

export function closureOfTimeout(waitedFor: string, timeoutMs: number): UpstreamClosure {
  const message = `Cannot open the upstream: no ${waitedFor} in ${timeoutMs} ms`;
  return { reason: "timeout", isFatal: false, message };
}

export function closureOfProtocol(message: string): UpstreamClosure {
  return { reason: "protocol", isFatal: true, message };
}

/** Longest piece of a provider's message that is passed on. */
const PEER_MESSAGE_CHARACTERS_MAX = 300;
/** Providers repeat a wrong key in their message; keys of any account are cut out. */
const KEY_PATTERN = /\b(?:sk|ek|rk)[-_][A-Za-z0-9*_-]{6,}/g;

/** A provider's message without keys, short enough to log. */
export function withoutKeys(message: string, apiKey: string): string {
  const known = apiKey === "" ? message : message.replaceAll(apiKey, "[key]");
  return known.replace(KEY_PATTERN, "[key]").slice(0, PEER_MESSAGE_CHARACTERS_MAX);
}
