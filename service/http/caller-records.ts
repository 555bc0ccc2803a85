// The operator's hand on what is kept of a caller (T21): give it out, delete it.
//
//   GET    /v1/callers/<id>/export   200 with everything, 404 when nothing is kept
//   DELETE /v1/callers/<id>          204, whether or not anything was kept
//
// Not on the frame's way. Ids are as the operator knows them (`sub:ALICE`, `tel:+15550100`). With API
// keys configured both need one, and a stranger learns nothing, not even whether an id exists;
// without keys they are for this machine only, as metrics are.
import type { CallerRecords } from "../contract/caller-records.ts";
import type { Log } from "../contract/log.ts";
import { VoxError } from "../errors.ts";
import type { Admission, Refusal } from "../transport/admission.ts";
import { isFromThisMachine } from "../transport/loopback.ts";

export const CALLER_EXPORT_PATH = "/v1/callers/:id/export";
export const CALLER_PATH = "/v1/callers/:id";

export interface CallersRouteOptions {
  /** null: callers are not remembered here. */
  readonly callers: CallerRecords | null;
  readonly admission: Admission;
  readonly hasKeys: boolean;
  readonly log: Log;
}

interface Asked {
  readonly headers: Headers;
  readonly address: string;
  readonly id: string;
}

/** -> 200 with the record, or why not. */
export async function exportCaller(
  options: CallersRouteOptions,
  asked: Asked,
): Promise<Response | Refusal> {
  const allowed = allowedRecords(options, asked);
  if ("status" in allowed) return allowed;
  try {
    const record = await allowed.export(asked.id);
    if (record === null) return NOTHING_KEPT;
    options.log.info("caller exported", { pii_caller: asked.id });
    return Response.json(record, { headers: { "Cache-Control": "no-store" } });
  } catch (error) {
    return storeRefusal(error);
  }
}

/** -> 204, or why not. */
export async function eraseCaller(
  options: CallersRouteOptions,
  asked: Asked,
): Promise<Response | Refusal> {
  const allowed = allowedRecords(options, asked);
  if ("status" in allowed) return allowed;
  try {
    await allowed.erase(asked.id);
    options.log.info("caller erased", { pii_caller: asked.id });
    return new Response(null, { status: 204 });
  } catch (error) {
    return storeRefusal(error);
  }
}

/** The records, when whoever asks may have them and the id can be one. */
function allowedRecords(
  { callers, admission, hasKeys }: CallersRouteOptions,
  { headers, address, id }: Asked,
): CallerRecords | Refusal {
  const origin = admission.checkOrigin(headers.get("origin"));
  if (origin !== null) return origin;
  if (hasKeys) {
    const keyId = admission.checkKey(headers.get("authorization"));
    // Failures count against the address, so that nobody tries keys at leisure.
    if (typeof keyId !== "string") return admission.checkAddress(address, headers) ?? keyId;
  } else if (!isFromThisMachine(address, headers)) {
    return LOOPBACK_ONLY;
  }
  if (callers === null) return NOT_REMEMBERED;
  return callers.isVouchedId(id) ? callers : NO_ID;
}

function storeRefusal(error: unknown): Refusal {
  if (error instanceof VoxError && error.code === "store_unavailable") return STORE_AWAY;
  throw error;
}

const LOOPBACK_ONLY: Refusal = {
  status: 403,
  code: "loopback_only",
  message: "Without API keys callers' records are for this machine only",
  hasRetryAfter: false,
};
const NOT_REMEMBERED: Refusal = {
  status: 404,
  code: "not_configured",
  message: "Callers are not remembered here; set context.pepper and an identity",
  hasRetryAfter: false,
};
const NO_ID: Refusal = {
  status: 400,
  code: "caller_id_invalid",
  message: "The id must be sub: and a token's subject, or tel: and a number like +15550100",
  hasRetryAfter: false,
};
const NOTHING_KEPT: Refusal = {
  status: 404,
  code: "caller_unknown",
  message: "Nothing is kept of this caller",
  hasRetryAfter: false,
};
const STORE_AWAY: Refusal = {
  status: 503,
  code: "store_unavailable",
  message: "The store is away; nothing was done, try again",
  hasRetryAfter: true,
};
