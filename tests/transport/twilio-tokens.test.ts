// Media stream tokens: bound to a call, good for a minute and once, forged ones refused. The memory
// of used ones is bounded and fails closed.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { TWILIO_TOKENS_MAX } from "../../service/limits.ts";
import { createTwilioTokens, isCallSid } from "../../service/transport/twilio-tokens.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

function newTokens(authTokens: readonly string[] = ["secret"]) {
  const clock = createSteppedClock();
  return {
    clock,
    tokens: createTwilioTokens({ authTokens, clock, random: createSeededRandom(5) }),
  };
}

describe("createTwilioTokens()", () => {
  test("T6: a token names its call, and is good once", () => {
    const { tokens } = newTokens();
    const { token, pass } = tokens.mint("CA1", "");
    expect(tokens.check(token)).toEqual(pass);
    expect(pass.callSid).toBe("CA1");
    expect(tokens.use(pass)).toBe(true);
    expect(tokens.use(pass)).toBe(false);
    expect(tokens.check(token)).toBe(null);
  });

  test("RT-13: a token carries who the webhook said is calling, signed like the rest", () => {
    const { tokens } = newTokens();
    const callerKey = "0123456789abcdef".repeat(4);
    const { token, pass } = tokens.mint("CA1", callerKey);
    expect(tokens.check(token)).toEqual({ id: pass.id, callSid: "CA1", callerKey });
    expect(tokens.check(token.replace(callerKey, "f".repeat(64)))).toBe(null);
    expect(tokens.check(token.replace(`.${callerKey}`, ""))).toBe(null);
  });

  test("T6: a token is good for 60 s and is not forgotten as used before that", () => {
    const { clock, tokens } = newTokens();
    const early = tokens.mint("CA1", "");
    const unused = tokens.mint("CA2", "");
    tokens.use(early.pass);
    clock.advance(59_000);
    expect(tokens.check(unused.token)).toEqual(unused.pass);
    expect(tokens.check(early.token)).toBe(null);
    expect(tokens.use(early.pass)).toBe(false);
    clock.advance(1_000);
    expect(tokens.check(unused.token)).toBe(null);
    clock.advance(10_000);
    expect(tokens.check(early.token)).toBe(null);
  });

  test("T6: a token of another key, changed anywhere or made up is refused", () => {
    const { tokens } = newTokens();
    const { token } = tokens.mint("CA1", "");
    expect(newTokens(["other"]).tokens.check(token)).toBe(null);
    const change = fc.tuple(fc.nat(token.length - 1), fc.string({ minLength: 1, maxLength: 1 }));
    fc.assert(
      fc.property(change, ([at, piece]) => {
        const changed = token.slice(0, at) + piece + token.slice(at + 1);
        // The last of 43 base64url characters holds two bits that decode to nothing.
        fc.pre(changed !== token && at < token.length - 1);
        expect(tokens.check(changed)).toBe(null);
      }),
    );
    fc.assert(fc.property(fc.string({ maxLength: 200 }), (text) => tokens.check(text) === null));
  });

  test("while auth tokens are rotated, the first signs and both are taken", () => {
    const before = newTokens(["old"]).tokens.mint("CA1", "");
    const { tokens } = newTokens(["new", "old"]);
    expect(tokens.check(before.token)).toEqual(before.pass);
    expect(newTokens(["new"]).tokens.check(tokens.mint("CA2", "").token)?.callSid).toBe("CA2");
  });

  test("refuses rather than forgets when too many have been used in one minute", () => {
    const { clock, tokens } = newTokens();
    for (let count = 0; count < TWILIO_TOKENS_MAX; count += 1) {
      tokens.use({ id: `${count}`, callSid: "CA1", callerKey: "" });
    }
    expect(tokens.use({ id: "one more", callSid: "CA1", callerKey: "" })).toBe(false);
    clock.advance(61_000);
    expect(tokens.use({ id: "one more", callSid: "CA1", callerKey: "" })).toBe(true);
  });

  test("isCallSid() takes Twilio's and others' ids, nothing that could break the path", () => {
    for (const good of [`CA${"0f".repeat(16)}`, "8b3f0a52-1f7e-4a83-9f0e-0d5d1b6e2c11"]) {
      expect(isCallSid(good)).toBe(true);
    }
    for (const bad of ["", "a.b", "a/b", "a b", "x".repeat(65), '"><x']) {
      expect(isCallSid(bad)).toBe(false);
    }
  });
});
