// How Twilio reaches a service: the signed webhook, the TwiML that comes back, the signed upgrade.
// Without an auth token there is nothing to sign and the service's plain path is dialled.
// Source: Twilio "Security: validating requests" (X-Twilio-Signature), TwiML <Connect><Stream>.
import { createHmac } from "node:crypto";

export interface TwilioDialOptions {
  /** Where the service listens, such as http://127.0.0.1:8080. */
  readonly serviceUrl: string;
  readonly callSid: string;
  readonly accountSid: string;
  /** Both or none. */
  readonly signing: { readonly authToken: string; readonly publicUrl: string } | undefined;
}

export interface TwilioRoute {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly customParameters: Readonly<Record<string, string>>;
}

const WEBHOOK_PATH = "/twilio/voice";
const PLAIN_MEDIA_PATH = "/twilio/media";
const WEBHOOK_TIMEOUT_MS = 10_000;

/** Asks the webhook where the audio goes. Throws an Error that says what the service answered. */
export async function dialTwilio(options: TwilioDialOptions): Promise<TwilioRoute> {
  const { serviceUrl, callSid, accountSid, signing } = options;
  if (signing === undefined) {
    const url = toSocketUrl(new URL(PLAIN_MEDIA_PATH, serviceUrl));
    return { url, headers: {}, customParameters: {} };
  }
  const { authToken, publicUrl } = signing;
  const form = {
    AccountSid: accountSid,
    CallSid: callSid,
    From: "+15005550006",
    To: "+15005550001",
  };
  const response = await fetch(new URL(WEBHOOK_PATH, serviceUrl), {
    method: "POST",
    headers: {
      "X-Twilio-Signature": signTwilio(authToken, new URL(WEBHOOK_PATH, publicUrl).href, form),
      "Content-Type": "application/x-www-form-urlencoded",
    },
    body: new URLSearchParams(form).toString(),
    signal: AbortSignal.timeout(WEBHOOK_TIMEOUT_MS),
  });
  const text = await response.text();
  if (!response.ok) {
    throw new Error(`Cannot call through the webhook: it answered ${response.status} ${text}`);
  }
  const stream = readTwiml(text);
  if (stream === null) throw new Error(`Cannot call through the webhook: it answered ${text}`);
  // The public address leads to the service through a proxy that is not here: same path, dialled
  // directly, signed for the address that the TwiML names.
  const local = new URL(new URL(stream.url).pathname, serviceUrl);
  return {
    url: toSocketUrl(local),
    headers: { "X-Twilio-Signature": signTwilio(authToken, stream.url, {}) },
    customParameters: stream.parameters,
  };
}

/** base64(HMAC-SHA1(token, url + each key + value, sorted by key)). */
export function signTwilio(
  authToken: string,
  url: string,
  parameters: Readonly<Record<string, string>>,
): string {
  const pairs = Object.keys(parameters).sort();
  const text = url + pairs.map((key) => key + (parameters[key] ?? "")).join("");
  return createHmac("sha1", authToken).update(text).digest("base64");
}

/** The stream's URL and parameters, or null when the answer holds no <Connect><Stream>. */
export function readTwiml(
  text: string,
): { readonly url: string; readonly parameters: Record<string, string> } | null {
  const stream = /<Connect>\s*<Stream\b[^>]*?\burl="([^"]*)"/.exec(text);
  if (stream?.[1] === undefined) return null;
  const parameters: Record<string, string> = {};
  for (const [, name, value] of text.matchAll(/<Parameter name="([^"]*)" value="([^"]*)"/g)) {
    if (name !== undefined && value !== undefined)
      parameters[unescapeXml(name)] = unescapeXml(value);
  }
  return { url: unescapeXml(stream[1]), parameters };
}

function unescapeXml(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

function toSocketUrl(url: URL): string {
  return url.href.replace(/^http/, "ws");
}
