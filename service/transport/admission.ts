// Who may open a call, decided before the upgrade, so that a stranger costs no session and no dial
// to a provider (threats T1, T3, T8, T18, T24). Every refusal says what to do.
//
// Keys come in the Authorization header only: a query string ends up in logs. Both sides are hashed
// before the constant-time comparison, so neither length nor prefix shows in the time it takes.
import { createHash, timingSafeEqual } from "node:crypto";
import type { Clock } from "../contract/clock.ts";
import type { CallOpener, CallRefusal } from "../contract/transport.ts";
import { RETRY_AFTER_SECONDS } from "../limits.ts";
import { createAddressLimit } from "./address-limit.ts";
import { strangerAddress } from "./loopback.ts";
import type { RefusalStatus } from "./traffic.ts";

/** Why a request is answered without an upgrade. */
export interface Refusal {
  readonly status: RefusalStatus;
  /** Stable name for programs. */
  readonly code: string;
  /** What was wrong and what to do. */
  readonly message: string;
  readonly hasRetryAfter: boolean;
}

export interface AdmissionSettings {
  /** Keys of callers; none: no key is asked for. */
  readonly apiKeys: readonly string[];
  /** Origins whose web pages may connect, such as https://console.example.com. */
  readonly origins: readonly string[];
  readonly upgradesPerAddress: number;
}

export interface Admission {
  /** May this address try once more? Counts the attempt, unless it is this machine's own. */
  checkAddress(address: string, headers: Headers): Refusal | null;
  /** A browser says where its page comes from; programs say nothing and pass. */
  checkOrigin(origin: string | null): Refusal | null;
  /** -> the fingerprint of the key, "" where no keys are configured. */
  checkKey(authorization: string | null): Refusal | string;
  /** Is there room for one more call of this key? */
  checkRoom(keyId: string): Refusal | null;
}

interface AdmissionOptions {
  readonly settings: AdmissionSettings;
  readonly opener: CallOpener;
  readonly clock: Clock;
  readonly isDraining: () => boolean;
}

const BEARER = /^Bearer +([\x21-\x7e]{1,512}) *$/i;
const FINGERPRINT_HEX = 8;

export function createAdmission(options: AdmissionOptions): Admission {
  const { settings, opener, clock, isDraining } = options;
  const addresses = createAddressLimit(settings.upgradesPerAddress);
  const origins = new Set(settings.origins);
  const keyHashes = settings.apiKeys.map(hashOf);

  return {
    checkAddress(address, headers) {
      const stranger = strangerAddress(address, headers);
      if (stranger === null || addresses.take(stranger, clock.nowMs())) return null;
      const message = "Too many connections from this address; wait ten seconds";
      return { status: 429, code: "address_limit", message, hasRetryAfter: true };
    },
    checkOrigin(origin) {
      if (origin === null || origins.has(origin)) return null;
      const message = "Web pages of this origin may not connect; the operator can allow it";
      return { status: 403, code: "origin_refused", message, hasRetryAfter: false };
    },
    checkKey(authorization) {
      if (keyHashes.length === 0) return "";
      const key = BEARER.exec(authorization ?? "")?.[1];
      const hash = hashOf(key ?? "");
      let isKnown = false;
      // Every key is compared, so that the time does not tell which one was near.
      for (const keyHash of keyHashes) if (timingSafeEqual(keyHash, hash)) isKnown = true;
      if (key !== undefined && isKnown) return hash.toString("hex").slice(0, FINGERPRINT_HEX);
      const message = "Send a valid key in the header `Authorization: Bearer KEY`";
      return { status: 401, code: "key_refused", message, hasRetryAfter: false };
    },
    checkRoom(keyId) {
      if (isDraining()) return refusalOf("draining");
      const refused = opener.admission(keyId);
      return refused === null ? null : refusalOf(refused);
    },
  };
}

/** A refusal as the HTTP answer: JSON for programs, a sentence in it for people. */
export function refusalResponse(refusal: Refusal): Response {
  const { status, code, message } = refusal;
  const headers: Record<string, string> = {};
  if (refusal.hasRetryAfter) headers["Retry-After"] = `${RETRY_AFTER_SECONDS}`;
  if (status === 401) headers["WWW-Authenticate"] = "Bearer";
  if (status === 426) headers["Upgrade"] = "websocket";
  return Response.json({ error: { code, message } }, { status, headers });
}

function refusalOf(refused: CallRefusal): Refusal {
  switch (refused) {
    case "draining":
      return {
        status: 503,
        code: refused,
        message: "The service is stopping; try again, another one may answer",
        hasRetryAfter: true,
      };
    case "key_limit":
      return {
        status: 429,
        code: refused,
        message: "This key has as many calls as it may have; end one first",
        hasRetryAfter: true,
      };
    case "internal":
    case "start_refused":
      return {
        status: 500,
        code: refused,
        message: "The service cannot open a call",
        hasRetryAfter: false,
      };
    case "full":
      return {
        status: 503,
        code: refused,
        message: "Every line is taken; try again in a moment",
        hasRetryAfter: true,
      };
  }
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
