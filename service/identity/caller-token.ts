// A caller token, checked: a JWT that the operator's backend made for this caller (T2).
// Station: beside the opening of a call; nothing that is heard waits for it.
// One algorithm, chosen by the configuration and never by the token; keys come from the
// configuration and never from the token's header; issuer, audience, subject and an end are
// required, and a token is good for tokenAgeSecondsMax at most, whatever end it names.
// Source: RFC 7519, RFC 8725 (best current practices); jose does the cryptography (decision 0045).
import { errors, importSPKI, jwtVerify } from "jose";
import type { Clock } from "../contract/clock.ts";
import { VoxError } from "../errors.ts";
import { isSubject } from "./caller-key.ts";

export interface CallerTokenSettings {
  /** HS256's key, or "". */
  readonly jwtSecret: string;
  /** Ed25519's public key as PEM (SPKI), or "". */
  readonly jwtPublicKey: string;
  readonly issuer: string;
  readonly audience: string;
  readonly tokenAgeSecondsMax: number;
}

/** Why a token is not good; the labels of a counter. */
export const TOKEN_FAULTS = [
  "malformed",
  "header",
  "algorithm",
  "signature",
  "expired",
  "claim",
  "late",
  "unconfigured",
] as const;

export type TokenFault = (typeof TOKEN_FAULTS)[number];

export type TokenVerdict =
  | { readonly subject: string }
  | { readonly fault: TokenFault; readonly message: string };

export type CheckToken = (token: string) => Promise<TokenVerdict>;

/** Two machines' clocks may differ by this. */
const CLOCK_TOLERANCE_SECONDS = 60;
/** Headers that would have the token name its own key, or ask for what we do not know. */
const HEADERS_REFUSED = ["jku", "jwk", "x5u", "x5c", "crit", "b64"];

/**
 * -> null when no key is configured.
 * Errors: VoxError config_invalid for a public key that is none.
 */
export async function createTokenCheck(
  settings: CallerTokenSettings,
  clock: Clock,
): Promise<CheckToken | null> {
  const { jwtSecret, jwtPublicKey } = settings;
  if (jwtSecret === "" && jwtPublicKey === "") return null;
  const isShared = jwtSecret !== "";
  const key = isShared ? new TextEncoder().encode(jwtSecret) : await publicKeyOf(jwtPublicKey);
  const algorithms = isShared ? ["HS256"] : ["EdDSA", "Ed25519"];
  return async (token) => {
    try {
      const { payload, protectedHeader } = await jwtVerify(token, key, {
        algorithms,
        issuer: settings.issuer,
        audience: settings.audience,
        requiredClaims: ["iss", "aud", "sub", "exp", "iat"],
        maxTokenAge: settings.tokenAgeSecondsMax,
        clockTolerance: CLOCK_TOLERANCE_SECONDS,
        currentDate: new Date(clock.wallMs()),
      });
      const named = HEADERS_REFUSED.find((name) => Object.hasOwn(protectedHeader, name));
      if (named !== undefined) {
        return refused("header", `its header has ${named}, must name no key of its own`);
      }
      const { typ = "JWT" } = protectedHeader;
      if (typ.toUpperCase() !== "JWT") return refused("header", "its typ must be JWT or left out");
      const { sub = "" } = payload;
      if (isSubject(sub)) return { subject: sub };
      return refused("claim", "its sub must have 1 to 256 characters");
    } catch (error) {
      return faultOf(error, algorithms);
    }
  };
}

async function publicKeyOf(pem: string) {
  try {
    // An environment variable often holds a PEM with \n in it instead of line ends.
    return await importSPKI(pem.replaceAll("\\n", "\n").trim(), "EdDSA");
  } catch (cause) {
    throw new VoxError(
      "Cannot use identity.jwtPublicKey: it is no key, must be an Ed25519 public key as PEM (SPKI)",
      { code: "config_invalid", isRetryable: false, cause },
    );
  }
}

function faultOf(error: unknown, algorithms: readonly string[]): TokenVerdict {
  if (error instanceof errors.JOSEAlgNotAllowed) {
    return refused("algorithm", `its algorithm must be ${algorithms.join(" or ")}`);
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) {
    return refused("signature", "its signature is wrong, must be made with the configured key");
  }
  if (error instanceof errors.JWTExpired) {
    return refused("expired", "it is too old, must be made for this call");
  }
  if (error instanceof errors.JWTClaimValidationFailed) {
    const claim = /^[a-z]{1,8}$/.test(error.claim) ? error.claim : "claim";
    return refused("claim", `its ${claim} is missing or not what is configured`);
  }
  return refused("malformed", "it is no signed JWT");
}

function refused(fault: TokenFault, what: string): TokenVerdict {
  return { fault, message: `Cannot use caller_token: ${what}` };
}
