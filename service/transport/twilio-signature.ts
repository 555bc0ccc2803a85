// X-Twilio-Signature: does this request come from the owner of the auth token?
// base64(HMAC-SHA1(auth token, URL + every parameter's name and value, sorted by name)), over the
// URL as Twilio calls it, which is the configured public URL, never the Host header (threat T4).
// On the upgrade of a media stream there are no parameters and the scheme is wss (threat T5).
// Source: Twilio's request validation rules; the vector in tests/transport is theirs.
import { createHmac, timingSafeEqual } from "node:crypto";

/** Names to their values; a name may come several times. */
export type SignedParameters = ReadonlyMap<string, readonly string[]>;

export const NO_PARAMETERS: SignedParameters = new Map();

interface SignedRequest {
  readonly url: string;
  readonly parameters: SignedParameters;
  /** The header as it came; null: missing. */
  readonly signature: string | null;
}

/** True when the signature fits one of the tokens (two while an operator rotates them). */
export function isSignedByTwilio(authTokens: readonly string[], request: SignedRequest): boolean {
  const { url, parameters, signature } = request;
  if (signature === null) return false;
  const given = Buffer.from(signature);
  let isSigned = false;
  for (const authToken of authTokens) {
    for (const variant of urlVariants(url)) {
      const wanted = Buffer.from(twilioSignature(authToken, variant, parameters));
      // The length is public (28 characters of base64), the rest is compared in constant time.
      if (given.length === wanted.length && timingSafeEqual(given, wanted)) isSigned = true;
    }
  }
  return isSigned;
}

/** The signature Twilio would send. */
export function twilioSignature(
  authToken: string,
  url: string,
  parameters: SignedParameters,
): string {
  let text = url;
  for (const name of [...parameters.keys()].sort()) {
    for (const value of [...new Set(parameters.get(name))].sort()) text += name + value;
  }
  return createHmac("sha1", authToken).update(text).digest("base64");
}

/** Twilio signs with or without the port, depending on product and age; all are the same place. */
function urlVariants(url: string): readonly string[] {
  const parts = /^(\w+:\/\/)([^/?]+?)(?::\d+)?([/?].*)?$/.exec(url);
  if (parts === null) return [url];
  const [, scheme = "", host = "", rest = ""] = parts;
  const portDefault = scheme === "https://" || scheme === "wss://" ? 443 : 80;
  const bare = `${scheme}${host}${rest}`;
  const variants = new Set([url, bare, `${scheme}${host}:${portDefault}${rest}`]);
  // Twilio's Node library writes :80 behind wss hosts.
  if (scheme === "wss://") variants.add(`${scheme}${host}:80${rest}`);
  return [...variants];
}
