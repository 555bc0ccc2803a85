// Does a request come from this very machine, and not through a proxy that stands on it?

const FORWARDING_HEADERS = ["forwarded", "x-forwarded-for", "x-real-ip", "via"] as const;

/** address: as Bun tells it. A tunnel or proxy names the real sender in one of these headers. */
export function isFromThisMachine(address: string, headers: Headers): boolean {
  const isLoopback = address === "::1" || /^(::ffff:)?127(\.\d{1,3}){3}$/.test(address);
  return isLoopback && !FORWARDING_HEADERS.some((name) => headers.has(name));
}
