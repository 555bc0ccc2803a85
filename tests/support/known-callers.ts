// Callers whom an operator vouches for by token, and what the service has written down about them.
// For tests of memory over real sockets.
import { SignJWT } from "jose";
import type { CallerRecord } from "../../service/contract/caller-context.ts";
import type { SteppedService } from "./stepped-service.ts";

const SECRET = "a secret of at least thirty-two characters";
const KEY = "key-of-at-least-sixteen";
const TRIES_MAX = 400;

export const KNOWN_CALLERS_ARGV: readonly string[] = [
  ...["--context-pepper", "a pepper of at least thirty-two characters", "--api-keys", KEY],
  ...["--identity-jwt-secret", SECRET, "--identity-issuer", "backend"],
  ...["--identity-audience", "voxbridge", "--identity-phone", "any"],
];
export const AUTHORIZED = { headers: { Authorization: `Bearer ${KEY}` } };

export async function callerToken({ clock }: SteppedService, sub: string): Promise<string> {
  const now = Math.floor(clock.wallMs() / 1_000);
  return await new SignJWT({ iss: "backend", aud: "voxbridge", sub, iat: now, exp: now + 60 })
    .setProtectedHeader({ alg: "HS256" })
    .sign(new TextEncoder().encode(SECRET));
}

/** What the operator gets to see, null when nothing is known. */
export async function exported(service: SteppedService, id: string): Promise<CallerRecord | null> {
  const url = `${service.url}/v1/callers/${encodeURIComponent(id)}/export`;
  const response = await fetch(url, AUTHORIZED);
  if (response.status === 200) return (await response.json()) as CallerRecord;
  await response.body?.cancel();
  return null;
}

/** Steps until the record is as wanted: stores answer in real time, calls in stepped time. */
export async function untilRecord(
  service: SteppedService,
  id: string,
  isWanted: (record: CallerRecord) => boolean,
): Promise<CallerRecord> {
  let record: CallerRecord | null = null;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    record = await exported(service, id);
    if (record !== null && isWanted(record)) return record;
    await service.run(100);
  }
  throw new Error(`Not reached: ${Bun.inspect(record)} ${service.complaints.join("\n")}`);
}
