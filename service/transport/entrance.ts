// Which socket a request is for and whether it may have it: everything that must be right before
// the upgrade, the cheapest check first, so that a stranger costs neither a session nor a dial
// (docs/protocol.md lists the answers).
import type { LaneName } from "../contract/call-terms.ts";
import type { Clock } from "../contract/clock.ts";
import type { CallOpener } from "../contract/transport.ts";
import type { Admission, Refusal } from "./admission.ts";
import type { CallerConnection } from "./caller-connection.ts";
import { isFromThisMachine } from "./loopback.ts";
import { type CallerStream, createProtobufStream } from "./protobuf-stream.ts";
import type { RefusalLog } from "./refusal-log.ts";
import { requestPath } from "./request-path.ts";
import type { RefusalStatus, Traffic } from "./traffic.ts";
import { TWILIO_MEDIA_PATH, type TwilioGate } from "./twilio-gate.ts";
import { createTwilioStream } from "./twilio-media-stream.ts";
import type { TwilioPass } from "./twilio-tokens.ts";

/** What hangs on a socket of ours. */
export interface SocketData {
  /** Makes the stream that the request was admitted to, once the socket is open. */
  readonly makeStream: (connection: CallerConnection) => CallerStream;
  connection: CallerConnection | null;
  stream: CallerStream | null;
}

export interface Admitted {
  readonly data: SocketData;
  readonly headers: Record<string, string>;
}

export interface Entrance {
  /** -> the socket's stream, why not, or null when the path is not a socket's. */
  admit(request: Request, address: string): Admitted | Refusal | null;
  /** Bun did not take the upgrade after all. */
  refuseUpgrade(): Refusal;
}

interface EntranceOptions {
  readonly opener: CallOpener;
  readonly clock: Clock;
  readonly admission: Admission;
  readonly traffic: Traffic;
  readonly refusals: RefusalLog;
  /** null: no auth token is configured. */
  readonly twilio: TwilioGate | null;
  readonly lanes: readonly LaneName[];
}

const STREAM_PATH = "/v1/stream";
const SUBPROTOCOLS = [
  ["voxbridge.v1.proto", "protobuf"],
  ["voxbridge.v1.json", "json"],
] as const;

export function createEntrance(options: EntranceOptions): Entrance {
  const counted = <Answer extends Admitted | Refusal | null>(answer: Answer): Answer => {
    if (answer !== null && "status" in answer) options.refusals.note(answer);
    return answer;
  };
  return {
    admit(request, address) {
      const { pathname } = requestPath(request.url);
      if (pathname === STREAM_PATH) return counted(admitStream(request, address, options));
      if (pathname === TWILIO_MEDIA_PATH) return counted(admitPlain(request, address, options));
      if (pathname.startsWith(`${TWILIO_MEDIA_PATH}/`) && options.twilio !== null) {
        return counted(admitTwilio(request, address, options, options.twilio));
      }
      return null;
    },
    refuseUpgrade: () => counted(NO_UPGRADE),
  };
}

/** /v1/stream: a backend with a key, or on loopback without one. */
function admitStream(
  request: Request,
  address: string,
  options: EntranceOptions,
): Admitted | Refusal {
  const { admission, opener, clock, traffic, lanes } = options;
  const { headers } = request;
  const early =
    admission.checkAddress(address, headers) ??
    checkUpgrade(headers) ??
    admission.checkOrigin(headers.get("origin"));
  if (early !== null) return early;
  const keyId = admission.checkKey(headers.get("authorization"));
  if (typeof keyId !== "string") return keyId;
  const chosen = chooseSubprotocol(headers.get("sec-websocket-protocol"));
  if (chosen === undefined) return UNKNOWN_SUBPROTOCOL;
  const full = admission.checkRoom(keyId);
  if (full !== null) return full;
  const [subprotocol, kind] = chosen;
  const makeStream = (connection: CallerConnection): CallerStream =>
    createProtobufStream({ kind, connection, opener, clock, traffic, keyId, lanes });
  // Bun would echo the first protocol offered, known or not, so it is said here.
  return admittedTo(makeStream, { "Sec-WebSocket-Protocol": subprotocol });
}

/** /twilio/media/<token>: signed by Twilio, and the token ours, fresh and unused. */
function admitTwilio(
  request: Request,
  address: string,
  options: EntranceOptions,
  twilio: TwilioGate,
): Admitted | Refusal {
  const { admission } = options;
  const { headers, url } = request;
  const early = checkUpgrade(headers) ?? admission.checkOrigin(headers.get("origin"));
  if (early !== null) return early;
  const { pathname, search } = requestPath(url);
  // Thousands of calls may come from few addresses of Twilio's, so only failures count.
  const failed = (refusal: Refusal): Refusal => admission.checkAddress(address, headers) ?? refusal;
  if (!twilio.isSignedUpgrade(pathname + search, headers.get("x-twilio-signature"))) {
    return failed(SIGNATURE_REFUSED);
  }
  const pass = twilio.tokens.check(pathname.slice(TWILIO_MEDIA_PATH.length + 1));
  if (pass === null) return failed(TOKEN_REFUSED);
  const full = admission.checkRoom("");
  if (full !== null) return full;
  if (!twilio.tokens.use(pass)) return failed(TOKEN_REFUSED);
  return admittedTo(twilioStreamMaker(options, pass), {});
}

/** Plain /twilio/media: for trying things out on this machine, while no auth token is set. */
function admitPlain(
  request: Request,
  address: string,
  options: EntranceOptions,
): Admitted | Refusal {
  const { admission, twilio } = options;
  const { headers } = request;
  if (twilio !== null) return admission.checkAddress(address, headers) ?? TOKEN_REFUSED;
  const refusal =
    admission.checkAddress(address, headers) ??
    (isFromThisMachine(address, headers) ? null : LOOPBACK_ONLY) ??
    checkUpgrade(headers) ??
    admission.checkOrigin(headers.get("origin")) ??
    admission.checkRoom("");
  return refusal ?? admittedTo(twilioStreamMaker(options, null), {});
}

function twilioStreamMaker(
  { opener, clock, traffic }: EntranceOptions,
  pass: TwilioPass | null,
): SocketData["makeStream"] {
  return (connection) => createTwilioStream({ connection, opener, clock, traffic, pass });
}

function admittedTo(
  makeStream: SocketData["makeStream"],
  headers: Record<string, string>,
): Admitted {
  return { data: { makeStream, connection: null, stream: null }, headers };
}

function checkUpgrade(headers: Headers): Refusal | null {
  return headers.get("upgrade")?.toLowerCase() === "websocket" ? null : NO_UPGRADE;
}

function chooseSubprotocol(offered: string | null): (typeof SUBPROTOCOLS)[number] | undefined {
  const names = (offered ?? "").split(",").map((name) => name.trim());
  for (const name of names) {
    const known = SUBPROTOCOLS.find(([subprotocol]) => subprotocol === name);
    if (known !== undefined) return known;
  }
  return undefined;
}

function refusalOf(status: RefusalStatus, code: string, message: string): Refusal {
  return { status, code, message, hasRetryAfter: false };
}

const NO_UPGRADE = refusalOf(
  426,
  "upgrade_required",
  "This is a WebSocket endpoint; connect with ws:// or wss://",
);
const UNKNOWN_SUBPROTOCOL = refusalOf(
  400,
  "subprotocol_unknown",
  "Offer the subprotocol voxbridge.v1.proto or voxbridge.v1.json",
);
const SIGNATURE_REFUSED = refusalOf(
  403,
  "signature_refused",
  "The X-Twilio-Signature is missing or wrong; check auth token and PUBLIC_URL",
);
const TOKEN_REFUSED = refusalOf(
  403,
  "token_refused",
  "The path needs the token of a signed webhook, less than a minute old and unused",
);
const LOOPBACK_ONLY = refusalOf(
  403,
  "loopback_only",
  "Without TWILIO_AUTH_TOKEN phone streams are for this machine only; set it and PUBLIC_URL",
);
