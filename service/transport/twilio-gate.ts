// Twilio's door as a whole: which requests are Twilio's, and which media stream belongs to which
// webhook. Shared by the webhook (service/http) and the upgrade (listener.ts).
import type { Clock, Random } from "../contract/clock.ts";
import { NO_PARAMETERS, type SignedParameters, isSignedByTwilio } from "./twilio-signature.ts";
import { type TwilioTokens, createTwilioTokens } from "./twilio-tokens.ts";

export const TWILIO_MEDIA_PATH = "/twilio/media";
export const TWILIO_STATUS_PATH = "/twilio/status";

export interface TwilioSettings {
  /** One, or two while they are rotated; the first signs our own tokens. None: no Twilio. */
  readonly twilioAuthTokens: readonly string[];
  /** How Twilio reaches the service, without a slash at the end. */
  readonly publicUrl: string;
}

export interface TwilioGate {
  readonly tokens: TwilioTokens;
  /** The address of the media stream with this token, as it stands in the TwiML. */
  streamUrl(token: string): string;
  /** Where Twilio reports about the stream. */
  readonly statusUrl: string;
  /** Is a webhook Twilio's? pathAndQuery: as requested. */
  isSignedWebhook(
    pathAndQuery: string,
    parameters: SignedParameters,
    signature: string | null,
  ): boolean;
  /** Is an upgrade Twilio's? */
  isSignedUpgrade(pathAndQuery: string, signature: string | null): boolean;
}

/** -> null when no auth token is configured: then only the plain path exists, for loopback. */
export function createTwilioGate(
  settings: TwilioSettings,
  clock: Clock,
  random: Random,
): TwilioGate | null {
  const { twilioAuthTokens: authTokens, publicUrl } = settings;
  if (authTokens.length === 0) return null;
  // Twilio opens media streams over TLS only and signs the wss form of the URL.
  const socketUrl = publicUrl.replace(/^https?:/, "wss:");
  return {
    tokens: createTwilioTokens({ authTokens, clock, random }),
    streamUrl: (token) => `${socketUrl}${TWILIO_MEDIA_PATH}/${token}`,
    statusUrl: `${publicUrl}${TWILIO_STATUS_PATH}`,
    isSignedWebhook: (pathAndQuery, parameters, signature) =>
      isSignedByTwilio(authTokens, { url: publicUrl + pathAndQuery, parameters, signature }),
    isSignedUpgrade: (pathAndQuery, signature) =>
      isSignedByTwilio(authTokens, {
        url: socketUrl + pathAndQuery,
        parameters: NO_PARAMETERS,
        signature,
      }),
  };
}
