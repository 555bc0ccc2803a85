// Where a provider is reached, checked once: http or https, no user name in it, and never a key in
// clear text to another machine.
import { VoxError } from "../errors.ts";

/** -> the address without the slash at its end. Throws VoxError `config_invalid`. */
export function providerAddress(provider: string, address: string, hasKey: boolean): URL {
  if (!URL.canParse(address)) throw invalid(provider, "is no URL, must be http:// or https://");
  const url = new URL(address);
  if (url.protocol !== "http:" && url.protocol !== "https:") {
    throw invalid(provider, `begins with ${url.protocol}, must begin with http: or https:`);
  }
  if (url.username !== "" || url.password !== "") {
    throw invalid(provider, "holds a user name or password, must be without");
  }
  if (hasKey && url.protocol === "http:" && !isThisMachine(url.hostname)) {
    throw invalid(provider, "is plain http to another machine, must be https when there is a key");
  }
  url.pathname = url.pathname.replace(/\/+$/, "");
  url.hash = "";
  return url;
}

/** The address of one request below it; parameters of the base stay (Azure's api-version). */
export function requestAddress(
  base: URL,
  path: string,
  query: Readonly<Record<string, string>>,
): string {
  const url = new URL(base);
  url.pathname = `${base.pathname.replace(/\/+$/, "")}${path}`;
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

function isThisMachine(hostname: string): boolean {
  const name = hostname.replace(/^\[|\]$/g, "");
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

function invalid(provider: string, what: string): VoxError {
  const message = `Cannot use ${provider}: its address ${what}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false, provider });
}
