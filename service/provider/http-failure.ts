// What an HTTP status, a header or a broken connection means, in our own words (errors.ts). Nothing
// a provider wrote goes into a message but a short code: its texts repeat keys and prompts.
import { VoxError } from "../errors.ts";

const DAY_MS = 86_400_000;
const CODE_FORM = /^[a-z][a-z0-9_.-]{0,63}$/;
/** 429 with one of these will be 429 tomorrow too. */
const CODES_HOPELESS: ReadonlySet<string> = new Set(["insufficient_quota", "billing_hard_limit"]);

export interface HttpRefusal {
  readonly provider: string;
  readonly status: number;
  /** Of the Retry-After header, null when there is none. */
  readonly retryAfter: string | null;
  /** Of the body as far as it was read. */
  readonly body: string;
  readonly wallMs: number;
}

/** A status that is not 2xx as a failure. */
export function failureOfStatus(refusal: HttpRefusal): VoxError {
  const { provider, status, retryAfter, wallMs } = refusal;
  const code = codeOf(refusal.body);
  const detail = code === "" ? "" : ` (${code})`;
  const retryAfterMs = retryAfterMsOf(retryAfter, wallMs);
  const fail = (failure: "engine_rate_limited" | "engine_unavailable", isRetryable: boolean) =>
    new VoxError(`Cannot use ${provider}: it answers ${status}${detail}`, {
      code: failure,
      isRetryable,
      provider,
      ...(retryAfterMs >= 0 && { retryAfterMs }),
    });
  if (status === 429) return fail("engine_rate_limited", !CODES_HOPELESS.has(code));
  if (status >= 500) return fail("engine_unavailable", status !== 501);
  if (status >= 300 && status < 400) {
    const message = `Cannot use ${provider}: it answers ${status}, must answer at its own address`;
    return new VoxError(message, { code: "engine_protocol", isRetryable: false, provider });
  }
  return new VoxError(`Cannot use ${provider}: it answers ${status}${detail}`, {
    code: status === 408 ? "engine_timeout" : "engine_refused",
    isRetryable: status === 408 || status === 425,
    provider,
  });
}

/**
 * The connection could not be made or broke. Of its error only the short code is kept: Bun's holds
 * the whole address, which may hold a key.
 */
export function failureOfConnection(provider: string, error: unknown): VoxError {
  const cause = String(fieldOf(error, "code") ?? "");
  const message = `Cannot use ${provider}: there is no connection, or it broke`;
  return new VoxError(message, { code: "engine_unavailable", isRetryable: true, provider, cause });
}

/** What came is not what its documentation says. `what`: "answer is text/html, must be …". */
export function protocolFailure(provider: string, what: string, cause?: unknown): VoxError {
  const message = `Cannot use ${provider}: ${what}`;
  return new VoxError(message, { code: "engine_protocol", isRetryable: false, provider, cause });
}

/** RFC 9110 10.2.3: seconds, or a date. -> ms from now, at most a day; -1 for none or nonsense. */
export function retryAfterMsOf(header: string | null, wallMs: number): number {
  const text = header?.trim() ?? "";
  if (/^\d{1,9}(\.\d+)?$/.test(text)) return Math.min(Number(text) * 1000, DAY_MS);
  // A date has a weekday; Date.parse would take a lone "12" for a month.
  if (!/^[A-Z][a-z]{2,8}, /.test(text)) return -1;
  const atMs = Date.parse(text);
  if (Number.isNaN(atMs)) return -1;
  return Math.min(Math.max(0, atMs - wallMs), DAY_MS);
}

/** `error.code` or `error.type` of a body as OpenAI and its likes write it; "" for anything else. */
function codeOf(body: string): string {
  try {
    const value: unknown = JSON.parse(body);
    const error = fieldOf(value, "error");
    for (const found of [fieldOf(error, "code"), fieldOf(error, "type"), fieldOf(value, "code")]) {
      if (typeof found === "string" && CODE_FORM.test(found)) return found;
    }
  } catch {
    // Not JSON: there is no code in it.
  }
  return "";
}

function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}
