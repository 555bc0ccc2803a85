// Where a request really comes from: this very machine, or elsewhere, perhaps by way of a proxy
// that stands on this machine.

const FORWARDING_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;
/** The longest text of an IPv6 address, with a zone. */
const ADDRESS_CHARACTERS_MAX = 64;

const HOST_LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/**
 * address: as Bun tells it. A tunnel or proxy names the real sender in one of these headers. A web
 * page whose host name has been pointed at this machine (DNS rebinding) still says its own Host.
 */
export function isFromThisMachine(address: string, headers: Headers): boolean {
  if (!isLoopback(address) || !HOST_LOOPBACK.test(headers.get("host") ?? "")) return false;
  return !FORWARDING_HEADERS.some((name) => headers.has(name));
}

/**
 * The address whose attempts are counted; null for this machine's own programs.
 * Of X-Forwarded-For only the last entry counts, which the operator's own proxy has written, and
 * only when that proxy is on this machine: anybody else could write what they like. It decides
 * about a limit, never about a permission.
 */
export function strangerAddress(address: string, headers: Headers): string | null {
  if (!isLoopback(address)) return address;
  if (isFromThisMachine(address, headers)) return null;
  const forwarded = headers.get("x-forwarded-for")?.split(",").at(-1)?.trim() ?? "";
  const isAddress = forwarded.length > 0 && forwarded.length <= ADDRESS_CHARACTERS_MAX;
  return isAddress ? forwarded : address;
}

function isLoopback(address: string): boolean {
  return address === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address);
}
