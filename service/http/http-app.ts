// Everything the port answers that is not a socket: health, metrics, Twilio's webhooks.
// Not on the frame's way. Hono stays in this folder (decision 7).
import { Hono } from "hono";
import type { CallerIdentities } from "../contract/caller-identity.ts";
import type { CallerRecords } from "../contract/caller-records.ts";
import type { Log } from "../contract/log.ts";
import type { CallOpener } from "../contract/transport.ts";
import { type Admission, type Refusal, refusalResponse } from "../transport/admission.ts";
import { isFromThisMachine } from "../transport/loopback.ts";
import type { RefusalLog } from "../transport/refusal-log.ts";
import type { RefusalStatus } from "../transport/traffic.ts";
import { TWILIO_STATUS_PATH, type TwilioGate } from "../transport/twilio-gate.ts";
import { CALLER_EXPORT_PATH, CALLER_PATH, eraseCaller, exportCaller } from "./caller-records.ts";
import type { StatusEvents } from "./twilio-webhook.ts";
import { answerTwilioStatus, answerTwilioVoice } from "./twilio-webhook.ts";

export interface HttpAppOptions {
  readonly opener: CallOpener;
  readonly admission: Admission;
  /** Who a number is. */
  readonly identities: CallerIdentities;
  /** null: callers are not remembered. */
  readonly callers: CallerRecords | null;
  readonly refusals: RefusalLog;
  /** null: no auth token, so no webhook. */
  readonly twilio: TwilioGate | null;
  readonly statusEvents: StatusEvents;
  /** True when callers need keys; then metrics need one too. */
  readonly hasKeys: boolean;
  /** The Prometheus text of this moment. */
  readonly metricsText: () => string;
  readonly log: Log;
}

/** address: the peer's, as Bun tells it. */
export type AnswerHttp = (request: Request, address: string) => Response | Promise<Response>;

interface HttpEnvironment {
  Bindings: { readonly address: string };
}

/** Puts the routes together. Every error is JSON and says what to do. */
export function createHttpApp(options: HttpAppOptions): AnswerHttp {
  const { twilio, refusals, log } = options;
  const app = new Hono<HttpEnvironment>();
  const refuse = (refusal: Refusal): Response => {
    refusals.note(refusal);
    return refusalResponse(refusal);
  };

  app.get("/health/live", (context) => context.json({ status: "live" }));
  app.get("/health/ready", () => answerReady(options));
  app.get("/metrics", (context) => {
    const { headers } = context.req.raw;
    const refusal = checkMetrics(options, headers, context.env.address);
    if (refusal !== null) return refuse(refusal);
    return new Response(options.metricsText(), {
      headers: { "Content-Type": "text/plain; version=0.0.4; charset=utf-8" },
    });
  });
  app.get(CALLER_EXPORT_PATH, async (context) => {
    const { headers } = context.req.raw;
    const asked = { headers, address: context.env.address, id: context.req.param("id") };
    const answer = await exportCaller(options, asked);
    return answer instanceof Response ? answer : refuse(answer);
  });
  app.delete(CALLER_PATH, async (context) => {
    const { headers } = context.req.raw;
    const asked = { headers, address: context.env.address, id: context.req.param("id") };
    const answer = await eraseCaller(options, asked);
    return answer instanceof Response ? answer : refuse(answer);
  });
  if (twilio !== null) {
    const webhook = { ...options, twilio, refuse };
    app.post("/twilio/voice", (context) => answerTwilioVoice(context.req.raw, webhook));
    app.post(TWILIO_STATUS_PATH, (context) => answerTwilioStatus(context.req.raw, webhook));
  }

  for (const [path, method] of [
    ["/health/live", "GET"],
    ["/health/ready", "GET"],
    ["/metrics", "GET"],
    [CALLER_EXPORT_PATH, "GET"],
    [CALLER_PATH, "DELETE"],
    ...(twilio === null
      ? []
      : ([
          ["/twilio/voice", "POST"],
          [TWILIO_STATUS_PATH, "POST"],
        ] as const)),
  ] as const) {
    app.all(path, () => {
      const response = refuse(refusalOf(405, "method_refused", `${path} takes ${method} only`));
      response.headers.set("Allow", method);
      return response;
    });
  }
  app.notFound((context) => refuse(notFound(context.req.path, twilio !== null)));
  app.onError((error) => {
    log.error("request ended by a bug", { error });
    return refuse(refusalOf(500, "internal", "The service has a bug; its log says more"));
  });
  return (request, address) => app.fetch(request, { address });
}

/**
 * Ready means: one more call would be taken. A full service is not, so that others get the call.
 */
function answerReady({ admission }: HttpAppOptions): Response {
  const refusal = admission.checkRoom("");
  const isRoom = refusal === null || refusal.code === "key_limit";
  if (isRoom) return Response.json({ status: "ready" });
  return Response.json({ status: refusal.code }, { status: 503 });
}

/**
 * Metrics tell how busy a service is, so they are not for everybody (threat T28): with keys
 * configured they need one; without, they are for this machine only.
 */
function checkMetrics(options: HttpAppOptions, headers: Headers, address: string): Refusal | null {
  if (options.hasKeys) {
    const keyId = options.admission.checkKey(headers.get("authorization"));
    return typeof keyId === "string" ? null : keyId;
  }
  if (isFromThisMachine(address, headers)) return null;
  return refusalOf(403, "loopback_only", "Without API keys metrics are for this machine only");
}

function notFound(path: string, hasTwilio: boolean): Refusal {
  if (path.startsWith("/twilio/") && !hasTwilio) {
    const message = "Twilio is not configured; set TWILIO_AUTH_TOKEN and PUBLIC_URL";
    return refusalOf(404, "not_configured", message);
  }
  const message = "No such path; calls are on /v1/stream, health on /health/live and /health/ready";
  return refusalOf(404, "not_found", message);
}

function refusalOf(status: RefusalStatus, code: string, message: string): Refusal {
  return { status, code, message, hasRetryAfter: false };
}
