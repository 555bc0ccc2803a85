// The name under which a caller is remembered: an HMAC of the vouched id, so that a stolen store
// names nobody, and nobody without the pepper can look whether somebody is in it (RT-13).
// Phone numbers are few enough to try them all against a plain hash; the pepper prevents that.
import { createHmac } from "node:crypto";

/** Subjects of tokens and phone numbers never meet, whatever they look like. */
export type VouchedKind = "sub" | "tel";

/** As E.164 writes numbers; what hides its number ("anonymous", "+266696687") is nobody. */
const PHONE_NUMBER = /^\+[1-9]\d{6,14}$/;
const WITHHELD_NUMBERS: ReadonlySet<string> = new Set([
  "+266696687", // ANONYMOUS on a keypad, as Twilio passes a withheld number on
  "+7378742833", // RESTRICTED
  "+2562533", // BLOCKED
  "+8656696", // UNKNOWN
  "+86282452253", // UNAVAILABLE
]);
const SUBJECT_CHARACTERS_MAX = 256;

/** -> 64 hex characters. */
export function callerKeyOf(pepper: string, kind: VouchedKind, id: string): string {
  return createHmac("sha256", pepper).update(`${kind}\u0000${id}`).digest("hex");
}

export function isPhoneNumber(text: string): boolean {
  return PHONE_NUMBER.test(text) && !WITHHELD_NUMBERS.has(text);
}

export function isSubject(text: string): boolean {
  return text.length > 0 && text.length <= SUBJECT_CHARACTERS_MAX;
}

/** `sub:ALICE`, `tel:+15550100` -> its key; "" when it is neither. */
export function keyOfVouchedId(pepper: string, vouchedId: string): string {
  const kind = vouchedId.slice(0, 4);
  const id = vouchedId.slice(4);
  if (kind === "sub:" && isSubject(id)) return callerKeyOf(pepper, "sub", id);
  if (kind === "tel:" && isPhoneNumber(id)) return callerKeyOf(pepper, "tel", id);
  return "";
}
