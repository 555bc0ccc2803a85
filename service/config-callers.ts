// The settings of who callers are and what is remembered of them: their bounds, and the
// combinations that would remember nobody, or somebody who is not vouched for.
import { z } from "zod";

const PEPPER_CHARACTERS_MIN = 32;

/** A secret that is not set, or long enough to be one. */
const secret = z.string().regex(/^(|[\s\S]{32,})$/, {
  error: `empty or at least ${PEPPER_CHARACTERS_MIN} characters`,
});

export const CONTEXT_SETTINGS = z.strictObject({
  pepper: secret
    .default("")
    .describe("keys the hash under which callers are remembered, empty = nobody is remembered"),
  store: z
    .enum(["auto", "memory", "sqlite", "redis"])
    .default("auto")
    .describe(
      "where callers are remembered; auto = memory without a pepper, else redis when a URL is set, else sqlite",
    ),
  file: z.string().min(1).default("voxbridge.db").describe("file of the sqlite store"),
  redisUrl: z
    .string()
    .regex(/^(|rediss?:\/\/.+)$/, { error: "a redis:// or rediss:// URL" })
    .default("")
    .describe("server of the redis store, Redis or Valkey"),
  retentionDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(90)
    .describe("a caller is forgotten so long after the last call"),
  historyDays: z
    .int()
    .min(1)
    .max(3_650)
    .default(30)
    .describe("what was said is forgotten so long after it was"),
});

export const IDENTITY_SETTINGS = z.strictObject({
  jwtSecret: secret.default("").describe("checks callers' tokens that are signed with HS256"),
  jwtPublicKey: z
    .string()
    .default("")
    .describe("checks callers' tokens that are signed with Ed25519: the public key as PEM"),
  issuer: z.string().default("").describe("who signs callers' tokens (iss)"),
  audience: z.string().default("").describe("for whom they are signed (aud)"),
  tokenAgeSecondsMax: z
    .int()
    .min(10)
    .max(86_400)
    .default(3_600)
    .describe("a token is good for so long after it was signed, whatever end it names"),
  phone: z
    .enum(["off", "attested", "any"])
    .default("attested")
    .describe(
      "phone numbers that name a caller; attested = those whose carrier vouches for them, any = forged ones too",
    ),
});

export interface CallerSettings {
  readonly context: z.infer<typeof CONTEXT_SETTINGS>;
  readonly identity: z.infer<typeof IDENTITY_SETTINGS>;
}

/** Why these settings cannot work together, one line each. */
export function callerConflicts({ context, identity }: CallerSettings): string[] {
  const problems: string[] = [];
  const { jwtSecret, jwtPublicKey, issuer, audience } = identity;
  const hasTokens = jwtSecret !== "" || jwtPublicKey !== "";
  if (jwtSecret !== "" && jwtPublicKey !== "") {
    problems.push(
      "Cannot check callers' tokens: identity.jwtSecret and identity.jwtPublicKey are both set, " +
        "must be one of them",
    );
  }
  if (hasTokens && (issuer === "" || audience === "")) {
    problems.push(
      "Cannot check callers' tokens: identity.issuer or identity.audience is empty, must be both set",
    );
  }
  const isKept = context.store === "sqlite" || context.store === "redis";
  if (context.pepper === "" && (hasTokens || isKept)) {
    problems.push(
      "Cannot remember callers: context.pepper is empty, must be a secret of at least " +
        `${PEPPER_CHARACTERS_MIN} characters that never changes (openssl rand -hex 32)`,
    );
  }
  if (context.store === "redis" && context.redisUrl === "") {
    problems.push("Cannot remember callers in redis: REDIS_URL is empty, must be the server's URL");
  }
  return problems;
}

/** The store in force. */
export function storeOf(context: CallerSettings["context"]): "memory" | "sqlite" | "redis" {
  if (context.store !== "auto") return context.store;
  if (context.pepper === "") return "memory";
  return context.redisUrl === "" ? "sqlite" : "redis";
}
