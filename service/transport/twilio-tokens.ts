// The last part of a media stream's path: a pass for one call, minted by a webhook whose signature
// was right. The upgrade's own signature is the same for every request to one URL, so a captured
// one could be replayed for ever; with the pass in the path it is good for one minute, once, and
// only for the call it names (threat T6).
//
//   <32 hex, random> . <CallSid> . <expiry, seconds since 1970> [. <caller key, 64 hex>]
//     . <base64url HMAC-SHA256 of these>
//
// The caller key is the hash under which the webhook's number is remembered: the number itself has
// no place in an address, which ends up in logs.
//
// Expiry is wall time although decisions keep that for logs: the pass may be checked by another
// machine than the one that minted it, and machines share no other clock.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Clock, Random } from "../contract/clock.ts";
import { TWILIO_TOKENS_MAX, TWILIO_TOKEN_TTL_MS } from "../limits.ts";

export interface TwilioPass {
  /** Names the call in CallOpener.prepare and open. */
  readonly id: string;
  readonly callSid: string;
  /** Who the signed webhook said is calling; "" for nobody known. */
  readonly callerKey: string;
}

export interface TwilioTokens {
  /** -> the path part and what it stands for. `callSid` must pass isCallSid. */
  mint(callSid: string, callerKey: string): { readonly token: string; readonly pass: TwilioPass };
  /** Looks at a token without using it up. -> null: forged, expired or used. */
  check(token: string): TwilioPass | null;
  /** Uses it up. -> false when it was used already, or when too many are remembered. */
  use(pass: TwilioPass): boolean;
}

interface TokensOptions {
  /** The first signs; any of them is accepted. At least one. */
  readonly authTokens: readonly string[];
  readonly clock: Clock;
  readonly random: Random;
}

const TOKEN =
  /^(([0-9a-f]{32})\.([A-Za-z0-9-]{1,64})\.(\d{1,12})(?:\.([0-9a-f]{64}))?)\.([A-Za-z0-9_-]{43})$/;
const CALL_SID = /^[A-Za-z0-9-]{1,64}$/;
const KEY_PURPOSE = "voxbridge twilio media stream 1";

/** Is this a CallSid as platforms write them (Twilio: CA and 32 hex; others: a UUID)? */
export function isCallSid(text: string): boolean {
  return CALL_SID.test(text);
}

export function createTwilioTokens({ authTokens, clock, random }: TokensOptions): TwilioTokens {
  // A key of its own, so that a token never is a valid signature of something else.
  const keys = authTokens.map((authToken) => hmac(authToken, KEY_PURPOSE));
  /** Ids used, to their expiry, oldest first. */
  const used = new Map<string, number>();

  const forgetExpired = (nowMs: number): void => {
    for (const [id, expiresMs] of used) {
      if (expiresMs > nowMs) return;
      used.delete(id);
    }
  };

  return {
    mint(callSid, callerKey) {
      const [key] = keys;
      if (key === undefined) throw new RangeError("Cannot mint token: there is no auth token");
      const id = random.hex(16);
      const expiresSeconds = Math.ceil((clock.wallMs() + TWILIO_TOKEN_TTL_MS) / 1_000);
      const named = callerKey === "" ? "" : `.${callerKey}`;
      const body = `${id}.${callSid}.${expiresSeconds}${named}`;
      const token = `${body}.${hmac(key, body).toString("base64url")}`;
      return { token, pass: { id, callSid, callerKey } };
    },
    check(token) {
      const [, body = "", id = "", callSid = "", expires = "", callerKey = "", mac = ""] =
        TOKEN.exec(token) ?? [];
      const given = Buffer.from(mac, "base64url");
      let isOurs = false;
      for (const key of keys) {
        const wanted = hmac(key, body);
        if (given.length === wanted.length && timingSafeEqual(given, wanted)) isOurs = true;
      }
      if (!isOurs || Number(expires) * 1_000 <= clock.wallMs() || used.has(id)) return null;
      return { id, callSid, callerKey };
    },
    use({ id }) {
      const nowMs = clock.wallMs();
      forgetExpired(nowMs);
      if (used.has(id) || used.size >= TWILIO_TOKENS_MAX) return false;
      // Not the token's own expiry but the longest it can have: insertion order is expiry order.
      used.set(id, nowMs + TWILIO_TOKEN_TTL_MS + 1_000);
      return true;
    },
  };
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}
