// Goal: the breaker counts right, rests, and lets exactly one probe through.
// Method: the stepped clock; no provider at all.
import { describe, expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { CircuitBreaker } from "../../service/provider/circuit-breaker.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const DOWN = new VoxError("Cannot use it: it is down", {
  code: "engine_unavailable",
  isRetryable: true,
});

function setUp(failuresMax = 3) {
  const clock = createSteppedClock();
  const states: string[] = [];
  const breaker = new CircuitBreaker({ failuresMax, restMs: 1_000 }, clock, (state) =>
    states.push(state),
  );
  const fail = (count: number) => {
    for (let index = 0; index < count; index += 1) breaker.enter()?.fail(DOWN);
  };
  return { clock, states, breaker, fail };
}

describe("CircuitBreaker", () => {
  test("D-17 S2-88: trips at the failuresMax-th failure in a row, neither sooner nor later", () => {
    const { breaker, fail } = setUp(3);
    fail(2);
    expect(breaker.state()).toBe("closed");
    expect(breaker.enter()).not.toBeNull();
    fail(1);
    expect(breaker.state()).toBe("resting");
    expect(breaker.enter()).toBeNull();
  });

  test("S2-88: a success between failures starts the count anew", () => {
    const { breaker, fail } = setUp(3);
    fail(2);
    breaker.enter()?.succeed();
    fail(2);
    expect(breaker.state()).toBe("closed");
    fail(1);
    expect(breaker.state()).toBe("resting");
  });

  test("D-17: after the rest one probe is let in and nobody else until it is decided", () => {
    const { breaker, clock, fail, states } = setUp();
    fail(3);
    clock.advance(999);
    expect(breaker.enter()).toBeNull();
    expect(breaker.restMs()).toBe(1);
    clock.advance(1);
    const probe = breaker.enter();
    expect(probe).not.toBeNull();
    expect(breaker.enter()).toBeNull();
    probe?.succeed();
    expect(breaker.enter()).not.toBeNull();
    expect(states).toEqual(["resting", "probing", "closed"]);
  });

  test("D-17: a probe that fails rests the provider again for the whole time, alone", () => {
    const { breaker, clock, fail } = setUp();
    fail(3);
    clock.advance(1_000);
    breaker.enter()?.fail(DOWN);
    expect(breaker.state()).toBe("resting");
    clock.advance(999);
    expect(breaker.enter()).toBeNull();
    clock.advance(1);
    expect(breaker.enter()).not.toBeNull();
  });

  test("after a probe went well, failuresMax failures are borne again", () => {
    const { breaker, clock, fail } = setUp(3);
    fail(3);
    clock.advance(1_000);
    breaker.enter()?.succeed();
    fail(2);
    expect(breaker.state()).toBe("closed");
  });

  test("a probe nobody waits for any more leaves the place to the next one", () => {
    const { breaker, clock, fail } = setUp();
    fail(3);
    clock.advance(1_000);
    breaker.enter()?.abandon();
    expect(breaker.enter()).not.toBeNull();
  });

  test("who was let in before the trip does not judge the probe", () => {
    const { breaker, clock, fail } = setUp();
    const early = breaker.enter();
    const other = breaker.enter();
    fail(3);
    early?.succeed();
    expect(breaker.state()).toBe("resting");
    clock.advance(1_000);
    const probe = breaker.enter();
    other?.fail(DOWN);
    expect(breaker.state()).toBe("probing");
    probe?.succeed();
    expect(breaker.state()).toBe("closed");
  });

  test("a pass counts once", () => {
    const { breaker } = setUp(2);
    const pass = breaker.enter();
    pass?.fail(DOWN);
    pass?.fail(DOWN);
    expect(breaker.state()).toBe("closed");
  });

  test("a provider that names a longer rest gets it, up to five minutes", () => {
    const { breaker, clock } = setUp(1);
    const limited = (retryAfterMs: number) =>
      new VoxError("Cannot use it: it answers 429", {
        code: "engine_rate_limited",
        isRetryable: true,
        retryAfterMs,
      });
    breaker.enter()?.fail(limited(20_000));
    expect(breaker.restMs()).toBe(20_000);
    clock.advance(20_000);
    breaker.enter()?.fail(limited(86_400_000));
    expect(breaker.restMs()).toBe(300_000);
  });
});
