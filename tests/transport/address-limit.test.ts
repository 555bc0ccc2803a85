// Attempts per address over sliding ten seconds, by a clock that the test holds.
import { describe, expect, test } from "bun:test";
import { ADDRESSES_MAX } from "../../service/limits.ts";
import { addressGroup, createAddressLimit } from "../../service/transport/address-limit.ts";

describe("createAddressLimit()", () => {
  test("T18: allows the limit, refuses more, and forgives as the window slides", () => {
    const limit = createAddressLimit(4);
    const take = (nowMs: number) => limit.take("203.0.113.1", nowMs);
    expect([0, 1, 2, 3].map(take)).toEqual([true, true, true, true]);
    expect(take(4)).toBe(false);
    expect(limit.take("203.0.113.2", 4)).toBe(true);
    // At 15 s half of the five before still count: 2 and the new one.
    expect(take(15_000)).toBe(true);
    expect(take(15_000)).toBe(true);
    expect(take(15_000)).toBe(false);
    expect(take(60_000)).toBe(true);
  });

  test("keeps a bounded number of addresses; the others share one count", () => {
    const limit = createAddressLimit(2);
    for (let count = 0; count < ADDRESSES_MAX; count += 1) limit.take(`10.${count}`, 0);
    expect(limit.take("a", 0)).toBe(true);
    expect(limit.take("b", 0)).toBe(true);
    expect(limit.take("c", 0)).toBe(false);
    expect(limit.take("10.0", 0)).toBe(true);
  });

  test("addressGroup() counts one IPv6 customer as one", () => {
    expect(addressGroup("203.0.113.1")).toBe("203.0.113.1");
    expect(addressGroup("::ffff:203.0.113.1")).toBe("203.0.113.1");
    expect(addressGroup("2001:db8:1:2:3:4:5:6")).toBe("2001:db8:1:2");
    expect(addressGroup("2001:db8:1:2::6")).toBe("2001:db8:1:2");
    expect(addressGroup("2001:db8::6")).toBe("2001:db8:0:0");
    expect(addressGroup("::1")).toBe("0:0:0:0");
  });
});
