// How often one address may knock: attempts over the last ten seconds, counted in two halves of
// time so that nothing is kept per attempt (threat T18). Bounded: past ADDRESSES_MAX addresses the
// further ones share one count, which under attack refuses strangers before it eats memory.
import { ADDRESSES_MAX, UPGRADES_WINDOW_MS } from "../limits.ts";

export interface AddressLimit {
  /** Counts one attempt. -> false when it is over the limit. */
  take(address: string, nowMs: number): boolean;
}

const OVERFLOW_KEY = "others";

/** attemptsMax: attempts of one address in UPGRADES_WINDOW_MS. */
export function createAddressLimit(attemptsMax: number): AddressLimit {
  let counts = new Map<string, number>();
  let countsBefore = new Map<string, number>();
  let windowStartMs = 0;
  return {
    take(address, nowMs) {
      const windows = Math.floor((nowMs - windowStartMs) / UPGRADES_WINDOW_MS);
      if (windows > 0) {
        countsBefore = windows === 1 ? counts : new Map();
        counts = new Map();
        windowStartMs += windows * UPGRADES_WINDOW_MS;
      }
      const group = addressGroup(address);
      const key = counts.has(group) || counts.size < ADDRESSES_MAX ? group : OVERFLOW_KEY;
      const count = (counts.get(key) ?? 0) + 1;
      counts.set(key, count);
      // The window slides: of the one before, as much counts as still lies in the last 10 s.
      const shareBefore = 1 - (nowMs - windowStartMs) / UPGRADES_WINDOW_MS;
      return count + Math.floor((countsBefore.get(key) ?? 0) * shareBefore) <= attemptsMax;
    },
  };
}

/** One IPv6 customer owns a /64, so it counts as one; a mapped IPv4 address is that address. */
export function addressGroup(address: string): string {
  if (!address.includes(":")) return address;
  const mapped = /^::ffff:(\d{1,3}(?:\.\d{1,3}){3})$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  const [head = "", tail] = address.split("::", 2);
  const headGroups = head === "" ? [] : head.split(":");
  if (tail === undefined) return headGroups.slice(0, 4).join(":");
  const tailGroups = tail === "" ? [] : tail.split(":");
  const zeros = Math.max(8 - headGroups.length - tailGroups.length, 0);
  const groups = [...headGroups, ...new Array<string>(zeros).fill("0"), ...tailGroups];
  return groups.slice(0, 4).join(":");
}
