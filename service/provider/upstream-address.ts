// Where a Realtime API server is and what we show it when dialling.
// The OpenAI-Beta header selects the old event shapes (protocols.md 1.1): only for that dialect.
import { VoxError } from "../errors.ts";
import type { RealtimeDialect } from "../wire/realtime-dialect.ts";

export type KeyHeader = "auto" | "authorization" | "api-key";

export interface HeaderFacts {
  readonly url: string;
  readonly apiKey: string;
  readonly dialect: RealtimeDialect;
  readonly keyHeader: KeyHeader | undefined;
}

/** The address with `?model=` added; other query fields stay. Throws VoxError `config_invalid`. */
export function realtimeUrl(address: string, model: string): string {
  return withQuery(address, "model", model);
}

/** The address of sessions that only write down; they name their model later. Throws as well. */
export function transcriptionUrl(address: string): string {
  return withQuery(address, "intent", "transcription");
}

function withQuery(address: string, name: string, value: string): string {
  if (!URL.canParse(address)) throw invalid("address is not a URL, must be ws:// or wss://");
  const url = new URL(address);
  if (url.protocol !== "ws:" && url.protocol !== "wss:") {
    throw invalid(`scheme is ${url.protocol}//, must be ws:// or wss://`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid("address holds a user name or password, must be without");
  }
  url.hash = "";
  url.searchParams.set(name, value);
  return url.href;
}

/** A key goes out over TLS, or in clear text to this very machine, and nowhere else. */
export function realtimeHeaders(facts: HeaderFacts): Readonly<Record<string, string>> {
  const { url, apiKey, dialect, keyHeader = "auto" } = facts;
  const { protocol, hostname } = new URL(url);
  const beta: Record<string, string> = dialect === "beta" ? { "openai-beta": "realtime=v1" } : {};
  const isSafe = protocol === "wss:" || isLoopback(hostname);
  if (apiKey === "" || !isSafe) return beta;
  const isOwnHeader = keyHeader === "auto" ? isAzure(hostname) : keyHeader === "api-key";
  const key = isOwnHeader ? { "api-key": apiKey } : { authorization: `Bearer ${apiKey}` };
  return { ...beta, ...key };
}

/**
 * Azure speaks the same protocol under /openai/v1/realtime, and takes its keys in its own header.
 */
function isAzure(host: string): boolean {
  return /\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)$/.test(host);
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

function invalid(what: string): VoxError {
  const message = `Cannot use the upstream: ${what}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false });
}
