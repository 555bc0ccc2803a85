// Twilio's webhooks: a call comes in, and we answer with TwiML that sends its audio to our socket;
// later Twilio reports how the stream went. Both are believed only when signed (threat T4).
// The upstream is dialled here already: the phone still needs about half a second to connect.
import type { CallerIdentities } from "../contract/caller-identity.ts";
import type { Counter, Metrics } from "../contract/metrics.ts";
import type { CallOpener } from "../contract/transport.ts";
import type { Admission, Refusal } from "../transport/admission.ts";
import { requestPath } from "../transport/request-path.ts";
import { PHONE_FORMAT, phoneRequest } from "../transport/twilio-format.ts";
import type { TwilioGate } from "../transport/twilio-gate.ts";
import type { SignedParameters } from "../transport/twilio-signature.ts";
import { isCallSid } from "../transport/twilio-tokens.ts";

interface WebhookOptions {
  readonly twilio: TwilioGate;
  readonly opener: CallOpener;
  readonly admission: Admission;
  readonly statusEvents: StatusEvents;
  readonly refuse: (refusal: Refusal) => Response;
  readonly identities: CallerIdentities;
}

/** Counts of what Twilio reports about streams. */
export interface StatusEvents {
  note(event: string | undefined): void;
}

const STATUS_EVENTS = ["stream-started", "stream-stopped", "stream-error"] as const;
const FORM_TYPE = "application/x-www-form-urlencoded";

export function createStatusEvents(metrics: Metrics): StatusEvents {
  const counterOf = (event: string): Counter =>
    metrics.counter("voxbridge_twilio_stream_events_total", "Stream events that Twilio reported", {
      event,
    });
  const other = counterOf("other");
  const counters = new Map<string, Counter>(
    STATUS_EVENTS.map((event) => [event, counterOf(event)]),
  );
  return {
    note: (event) => (counters.get(event ?? "") ?? other).add(1),
  };
}

/** POST /twilio/voice -> TwiML: connect the call to a media stream of its own, or reject it. */
export async function answerTwilioVoice(
  request: Request,
  options: WebhookOptions,
): Promise<Response> {
  const { twilio, opener, admission, refuse, identities } = options;
  const form = await signedForm(request, twilio);
  if (!(form instanceof Map)) return refuse(form);
  const callSid = form.get("CallSid")?.[0] ?? "";
  const call = phoneRequest(callSid, PHONE_FORMAT, new Map());
  if (!isCallSid(callSid) || call === null) {
    const message = "The parameter CallSid is missing or malformed";
    return refuse({ status: 400, code: "call_sid_invalid", message, hasRetryAfter: false });
  }
  if (admission.checkRoom("") !== null) return twiml('<Reject reason="busy"/>');
  const from = form.get("From")?.[0] ?? "";
  const attestation = form.get("StirVerstat")?.[0] ?? "";
  const callerKey = identities.phoneKey(from, attestation);
  const { token, pass } = twilio.tokens.mint(callSid, callerKey);
  opener.prepare(pass.id, call);
  const url = escapeXml(twilio.streamUrl(token));
  const status = escapeXml(twilio.statusUrl);
  return twiml(`<Connect><Stream url="${url}" statusCallback="${status}"/></Connect>`);
}

/** POST /twilio/status: counted, nothing more; the socket itself tells when a call is over. */
export async function answerTwilioStatus(
  request: Request,
  { twilio, statusEvents, refuse }: WebhookOptions,
): Promise<Response> {
  const form = await signedForm(request, twilio);
  if (!(form instanceof Map)) return refuse(form);
  statusEvents.note(form.get("StreamEvent")?.[0]);
  return new Response(null, { status: 204 });
}

/** The parameters of a signed form, or why it is not one. */
async function signedForm(
  request: Request,
  twilio: TwilioGate,
): Promise<Map<string, readonly string[]> | Refusal> {
  const type = request.headers.get("content-type")?.split(";")[0]?.trim().toLowerCase();
  if (type !== FORM_TYPE) {
    const message = `The body must be ${FORM_TYPE}`;
    return { status: 415, code: "type_refused", message, hasRetryAfter: false };
  }
  const form = formOf(await request.text());
  const { pathname, search } = requestPath(request.url);
  const signature = request.headers.get("x-twilio-signature");
  if (twilio.isSignedWebhook(pathname + search, form, signature)) return form;
  const message = "The X-Twilio-Signature is missing or wrong; check auth token and PUBLIC_URL";
  return { status: 403, code: "signature_refused", message, hasRetryAfter: false };
}

function formOf(body: string): Map<string, readonly string[]> & SignedParameters {
  const form = new Map<string, string[]>();
  for (const [name, value] of new URLSearchParams(body)) {
    const values = form.get(name);
    if (values === undefined) form.set(name, [value]);
    else values.push(value);
  }
  return form;
}

function twiml(verbs: string): Response {
  const body = `<?xml version="1.0" encoding="UTF-8"?><Response>${verbs}</Response>`;
  return new Response(body, { headers: { "Content-Type": "text/xml; charset=utf-8" } });
}

/** Text for an XML attribute in double quotes. */
export function escapeXml(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;");
}
