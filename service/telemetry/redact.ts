// What never leaves the process in a log line (T23, I12): values of fields whose name says secret,
// and pieces of any text that look like a key, a token, a phone number or a card number.
// The rules are a net under the real rule, which is not to log such things at all.

const HIDDEN = "[hidden]";

/** Field names, lower case without separators, that hide a text whatever it holds. */
const SECRET_NAMES = [
  "apikey",
  "authorization",
  "authtoken",
  "cookie",
  "credential",
  "instructions",
  "jwt",
  "password",
  "payload",
  "secret",
  "signature",
  "token",
  "transcript",
] as const;

const SECRET_PATTERNS: readonly RegExp[] = [
  /\bsk-[A-Za-z0-9_-]{8,}/g, // OpenAI keys
  /\bek_[A-Za-z0-9]{8,}/g, // ephemeral realtime keys
  /\b(?:AC|SK)[0-9a-f]{32}\b/g, // Twilio account and key ids
  /\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*/g, // JSON web tokens
  /\bBearer\s+[\w.~+/=-]{8,}/gi,
];

const PHONE_NUMBER = /\+[1-9]\d{7,14}\b/g;
const CARD_NUMBER = /\b\d(?:[ -]?\d){12,18}\b/g;

/** True when a text in a field of this name is hidden whole. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z]/g, "");
  return SECRET_NAMES.some((secret) => plain.endsWith(secret) || plain === `${secret}s`);
}

/** The text without keys and tokens. */
export function hideSecrets(text: string): string {
  return SECRET_PATTERNS.reduce((rest, pattern) => rest.replace(pattern, HIDDEN), text);
}

/** The text without phone numbers (E.164) and card numbers (13 to 19 digits with a Luhn check). */
export function hidePersonalData(text: string): string {
  return text
    .replace(PHONE_NUMBER, HIDDEN)
    .replace(CARD_NUMBER, (digits) => (hasLuhnCheck(digits) ? HIDDEN : digits));
}

/** ISO/IEC 7812-1: from the right every second digit doubled, the digit sum a multiple of ten. */
function hasLuhnCheck(text: string): boolean {
  const digits = [...text].filter((letter) => letter >= "0" && letter <= "9").reverse();
  const sum = digits.reduce((total, letter, index) => {
    const value = Number(letter) * (index % 2 === 0 ? 1 : 2);
    return total + (value > 9 ? value - 9 : value);
  }, 0);
  return sum % 10 === 0;
}

export const HIDDEN_TEXT = HIDDEN;
