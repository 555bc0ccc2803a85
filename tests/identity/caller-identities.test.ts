// Goal: a caller is known by what the operator's side vouches for and by nothing else (T2, RT-13).
// Method: tokens made with jose as a backend would, then every way of making a wrong one; the
// expected key is computed here by the definition of HMAC-SHA256.
import { describe, expect, test } from "bun:test";
import { createHmac } from "node:crypto";
import { base64url, exportJWK, exportSPKI, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import {
  createCallerIdentities,
  type IdentitySettings,
} from "../../service/identity/caller-identities.ts";
import { IDENTITY_MS } from "../../service/limits.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const SECRET = "a secret of at least thirty-two characters";
const PEPPER = "a pepper of at least thirty-two characters";
const SETTINGS: IdentitySettings = {
  pepper: PEPPER,
  jwtSecret: SECRET,
  jwtPublicKey: "",
  issuer: "https://backend.example.com",
  audience: "voxbridge",
  tokenAgeSecondsMax: 300,
  phone: "attested",
};
const CLOCK = createSteppedClock();
const NOW = Math.floor(CLOCK.wallMs() / 1_000);
const CLAIMS: JWTPayload = {
  iss: SETTINGS.issuer,
  aud: SETTINGS.audience,
  sub: "ann",
  iat: NOW,
  exp: NOW + 60,
};

function identities(settings: Partial<IdentitySettings> = {}) {
  const metrics = createMetricsRegistry();
  const parts = { settings: { ...SETTINGS, ...settings }, clock: CLOCK, metrics };
  return { metrics, made: createCallerIdentities(parts) };
}

function token(claims: JWTPayload, header: Record<string, unknown> = {}, secret = SECRET) {
  const signed = new SignJWT(claims).setProtectedHeader({ alg: "HS256", ...header });
  return signed.sign(new TextEncoder().encode(secret));
}

function hmac(text: string): string {
  return createHmac("sha256", PEPPER).update(text).digest("hex");
}

const unsigned = (header: object, claims: object = CLAIMS) =>
  [header, claims].map((part) => base64url.encode(JSON.stringify(part))).join(".");

describe("createCallerIdentities()", () => {
  test("RT-13: a good token's subject is known, under the HMAC of it", async () => {
    const { made, metrics } = identities();
    const verdict = await (await made).identify(await token(CLAIMS));
    expect(verdict).toEqual({ kind: "known", callerKey: hmac("sub\u0000ann") });
    expect(metrics.print()).toContain('voxbridge_caller_identity_total{result="token"} 1');
  });

  test("Ed25519 tokens are checked with the public key, written with line ends or \\n", async () => {
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const pem = await exportSPKI(publicKey);
    const signed = await new SignJWT(CLAIMS).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey);
    for (const jwtPublicKey of [pem, pem.replaceAll("\n", "\\n")]) {
      const { made } = identities({ jwtSecret: "", jwtPublicKey });
      expect((await (await made).identify(signed)).kind).toBe("known");
    }
    // The public key as an HMAC secret: the oldest trick there is.
    const { made } = identities({ jwtSecret: "", jwtPublicKey: pem });
    const swapped = await token(CLAIMS, {}, pem);
    expect(await (await made).identify(swapped)).toMatchObject({ kind: "refused" });
  });

  test("no token: anonymous, and nothing is refused", async () => {
    const { made } = identities();
    expect(await (await made).identify(undefined)).toEqual({ kind: "anonymous" });
    expect(await (await made).identify("")).toEqual({ kind: "anonymous" });
  });

  test("T2: every wrong token is refused with a reason, and counted by it", async () => {
    const { made, metrics } = identities();
    const { identify } = await made;
    const { publicKey, privateKey } = await generateKeyPair("EdDSA", { extractable: true });
    const jwk = await exportJWK(publicKey);
    const good = await token(CLAIMS);
    const without = (claim: string) => {
      const { [claim]: _, ...claims } = CLAIMS;
      return token(claims);
    };
    const wrong: readonly (readonly [string, string | Promise<string>])[] = [
      ["algorithm", `${unsigned({ alg: "none" })}.`],
      ["algorithm", `${unsigned({ alg: "None", typ: "JWT" })}.`],
      ["algorithm", new SignJWT(CLAIMS).setProtectedHeader({ alg: "EdDSA" }).sign(privateKey)],
      [
        "algorithm",
        new SignJWT(CLAIMS)
          .setProtectedHeader({ alg: "HS512" })
          .sign(new TextEncoder().encode(SECRET.repeat(2))),
      ],
      ["signature", token(CLAIMS, {}, "another secret of thirty-two characters")],
      ["signature", `${good.slice(0, -8)}AAAAAAAA`],
      [
        "signature",
        unsigned({ alg: "HS256" }, { ...CLAIMS, sub: "bob" }) + good.slice(good.lastIndexOf(".")),
      ],
      ["expired", token({ ...CLAIMS, exp: NOW - 61 })],
      ["expired", token({ ...CLAIMS, iat: NOW - 400, exp: NOW + 9_999 })],
      ["claim", token({ ...CLAIMS, iat: NOW + 400, exp: NOW + 9_999 })],
      ["claim", token({ ...CLAIMS, nbf: NOW + 400 })],
      ["claim", token({ ...CLAIMS, iss: "https://evil.example.com" })],
      ["claim", token({ ...CLAIMS, aud: "another service" })],
      ["claim", token({ ...CLAIMS, sub: "" })],
      ["claim", token({ ...CLAIMS, sub: "s".repeat(257) })],
      ...["iss", "aud", "sub", "exp", "iat"].map((claim) => ["claim", without(claim)] as const),
      ["header", token(CLAIMS, { jku: "https://evil.example.com/keys" })],
      ["header", token(CLAIMS, { jwk })],
      ["header", token(CLAIMS, { x5u: "https://evil.example.com/cert" })],
      ["header", token(CLAIMS, { typ: "at+jwt" })],
      ["malformed", "ann"],
      ["malformed", "a.b.c"],
      ["malformed", "x".repeat(4_000)],
      ["malformed", `${good}.${good}`],
    ];
    const counts = new Map<string, number>();
    for (const [fault, text] of wrong) {
      const verdict = await identify(await text);
      expect(verdict.kind, `${fault}: ${await text}`).toBe("refused");
      if (verdict.kind !== "refused") continue;
      expect(verdict.message).toStartWith("Cannot use caller_token: ");
      expect(verdict.message).not.toMatch(/\bann\b/);
      counts.set(fault, (counts.get(fault) ?? 0) + 1);
      const line = `voxbridge_caller_identity_total{result="${fault}"} ${counts.get(fault)}\n`;
      expect(metrics.print(), `${fault}: ${await text}`).toContain(line);
    }
    expect(metrics.print()).toContain('result="token"} 0');
  });

  test("two machines' clocks may differ by a minute", async () => {
    const { made } = identities();
    const late = await token({ ...CLAIMS, iat: NOW - 90, exp: NOW - 30 });
    const early = await token({ ...CLAIMS, iat: NOW + 30, exp: NOW + 90 });
    expect((await (await made).identify(late)).kind).toBe("known");
    expect((await (await made).identify(early)).kind).toBe("known");
  });

  test("a check that takes too long found nobody", async () => {
    const clock = createSteppedClock();
    const metrics = createMetricsRegistry();
    const { identify } = await createCallerIdentities({ settings: SETTINGS, clock, metrics });
    const verdict = identify(await token(CLAIMS));
    clock.advance(IDENTITY_MS);
    expect((await verdict).kind).toBe("refused");
    expect(metrics.print()).toContain('result="late"} 1');
    expect(clock.pendingTimers()).toBe(0);
  });

  test("without a key, or without a pepper, a token names nobody", async () => {
    for (const settings of [{ jwtSecret: "" }, { pepper: "" }]) {
      const { made, metrics } = identities(settings);
      const verdict = await (await made).identify(await token(CLAIMS));
      expect(verdict).toMatchObject({ kind: "refused" });
      expect(metrics.print()).toContain('result="unconfigured"} 1');
    }
  });

  test("a public key that is none refuses to start", async () => {
    const failure = await identities({ jwtSecret: "", jwtPublicKey: "no key" }).made.catch(
      (error: unknown) => error,
    );
    expect(failure).toMatchObject({ code: "config_invalid" });
  });

  test("a number names a caller when its carrier vouches for it, or when any number may", async () => {
    const attested = await identities().made;
    const key = hmac("tel\u0000+15550100123");
    expect(attested.phoneKey("+15550100123", "TN-Validation-Passed-A")).toBe(key);
    expect(attested.phoneKey("+15550100123", "TN-Validation-Passed-B")).toBe("");
    expect(attested.phoneKey("+15550100123", "")).toBe("");
    const any = await identities({ phone: "any" }).made;
    expect(any.phoneKey("+15550100123", "")).toBe(key);
    for (const number of [
      "",
      "anonymous",
      "+266696687",
      "15550100123",
      "+1555010012\n3",
      "+0123456",
    ]) {
      expect(any.phoneKey(number, "TN-Validation-Passed-A")).toBe("");
    }
    const off = await identities({ phone: "off" }).made;
    expect(off.phoneKey("+15550100123", "TN-Validation-Passed-A")).toBe("");
  });

  test("the operator names the same caller; a subject that looks like a number is another", async () => {
    const made = await identities().made;
    expect(made.keyOf("sub:ann")).toBe(hmac("sub\u0000ann"));
    expect(made.keyOf("tel:+15550100123")).toBe(hmac("tel\u0000+15550100123"));
    expect(made.keyOf("sub:+15550100123")).not.toBe(made.keyOf("tel:+15550100123"));
    for (const id of ["", "ann", "sub:", "tel:", "tel:ann", "SUB:ann", hmac("sub\u0000ann")]) {
      expect(made.keyOf(id)).toBe("");
    }
  });
});
