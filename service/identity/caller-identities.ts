// Which caller is on the line: by a token of the operator's backend, or by the number that a signed
// webhook named. Nothing else counts (S1-34, RT-13).
// Station: asked when a call opens, beside it; and by the operator's API, which names callers too.
// Limits: IDENTITY_MS for one answer.
import type { CallerIdentities, CallerVerdict } from "../contract/caller-identity.ts";
import type { Clock } from "../contract/clock.ts";
import type { Counter, Metrics } from "../contract/metrics.ts";
import { IDENTITY_MS } from "../limits.ts";
import { callerKeyOf, isPhoneNumber, keyOfVouchedId } from "./caller-key.ts";
import {
  type CallerTokenSettings,
  type CheckToken,
  createTokenCheck,
  TOKEN_FAULTS,
  type TokenVerdict,
} from "./caller-token.ts";

export interface IdentitySettings extends CallerTokenSettings {
  /** Keys the HMAC of every id; "": nobody is known. */
  readonly pepper: string;
  /** Which numbers of a signed webhook name a caller; a number can be forged unless attested. */
  readonly phone: "off" | "attested" | "any";
}

/** Twilio's word for: the caller's own carrier vouches for this number (STIR/SHAKEN, level A). */
const ATTESTED = "TN-Validation-Passed-A";
const LATE: TokenVerdict = {
  fault: "late",
  message: "Cannot use caller_token: checking it took too long",
};

interface IdentityParts {
  readonly settings: IdentitySettings;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Errors: VoxError config_invalid for a key that is none. */
export async function createCallerIdentities(parts: IdentityParts): Promise<CallerIdentities> {
  const { settings, clock, metrics } = parts;
  const { pepper } = settings;
  const check = pepper === "" ? null : await createTokenCheck(settings, clock);
  const counts = identityCounts(metrics);
  const count = (result: string) => counts.get(result)?.add(1);

  return {
    async identify(callerToken): Promise<CallerVerdict> {
      if (callerToken === undefined || callerToken === "") {
        count("anonymous");
        return { kind: "anonymous" };
      }
      const verdict = await verdictOf(check, callerToken, clock);
      if ("fault" in verdict) {
        count(verdict.fault);
        return { kind: "refused", message: verdict.message };
      }
      count("token");
      return { kind: "known", callerKey: callerKeyOf(pepper, "sub", verdict.subject) };
    },
    phoneKey(number, attestation) {
      if (pepper === "" || settings.phone === "off" || !isPhoneNumber(number)) return "";
      if (settings.phone === "attested" && attestation !== ATTESTED) {
        count("unattested");
        return "";
      }
      count("phone");
      return callerKeyOf(pepper, "tel", number);
    },
    keyOf: (vouchedId) => (pepper === "" ? "" : keyOfVouchedId(pepper, vouchedId)),
  };
}

function verdictOf(check: CheckToken | null, token: string, clock: Clock): Promise<TokenVerdict> {
  if (check === null) {
    const message = "Cannot use caller_token: this service has no key to check it";
    return Promise.resolve({ fault: "unconfigured", message });
  }
  return new Promise((resolve) => {
    const timer = clock.setTimer(IDENTITY_MS, () => resolve(LATE));
    check(token).then(
      (verdict) => {
        clock.clearTimer(timer);
        resolve(verdict);
      },
      () => {
        // createTokenCheck answers every failure; this is for what it could not foresee.
        clock.clearTimer(timer);
        resolve({ fault: "malformed", message: "Cannot use caller_token: it cannot be checked" });
      },
    );
  });
}

function identityCounts(metrics: Metrics): ReadonlyMap<string, Counter> {
  const results = ["token", "phone", "unattested", "anonymous", ...TOKEN_FAULTS];
  return new Map(
    results.map((result) => [
      result,
      metrics.counter("voxbridge_caller_identity_total", "Callers by how they were known", {
        result,
      }),
    ]),
  );
}
