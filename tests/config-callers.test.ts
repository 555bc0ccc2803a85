// Goal: a service that could not know or not protect its callers does not start, and one that is told
// nothing remembers nobody.
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../service/config.ts";
import { storeOf } from "../service/config-callers.ts";
import { VoxError } from "../service/errors.ts";

const PEPPER = "a pepper of at least thirty-two characters";
const SECRET = "a secret of at least thirty-two characters";

function load(...argv: readonly string[]) {
  return loadConfig({ argv: ["--upstream", "simulator", ...argv], env: {}, file: null });
}

function refusal(...argv: readonly string[]): string {
  try {
    load(...argv);
    return "";
  } catch (error) {
    return error instanceof VoxError ? `${error.code}: ${error.message}` : "another error";
  }
}

const TOKENS = [
  ...["--identity-jwt-secret", SECRET, "--identity-issuer", "backend"],
  ...["--identity-audience", "voxbridge"],
];

describe("settings of callers", () => {
  test("nothing set: nobody is remembered, no file is made", () => {
    const { context, identity } = load();
    expect(storeOf(context)).toBe("memory");
    expect(identity.phone).toBe("attested");
  });

  test("auto takes redis when there is a URL, else sqlite, once there is a pepper", () => {
    const pepper = ["--context-pepper", PEPPER];
    expect(storeOf(load(...pepper).context)).toBe("sqlite");
    const config = loadConfig({
      argv: ["--upstream", "simulator", ...pepper],
      env: { REDIS_URL: "redis://127.0.0.1:6379" },
      file: null,
    });
    expect(storeOf(config.context)).toBe("redis");
    expect(storeOf(load("--context-redis-url", "redis://127.0.0.1").context)).toBe("memory");
    expect(storeOf(load(...pepper, "--context-store", "memory").context)).toBe("memory");
  });

  test("tokens need a pepper, an issuer, an audience and one key", () => {
    expect(refusal(...TOKENS, "--context-pepper", PEPPER)).toBe("");
    expect(refusal(...TOKENS)).toContain("context.pepper is empty");
    const pepper = ["--context-pepper", PEPPER];
    expect(refusal(...pepper, "--identity-jwt-secret", SECRET)).toContain("identity.issuer");
    expect(refusal(...pepper, ...TOKENS, "--identity-jwt-public-key", "PEM")).toContain(
      "must be one of them",
    );
  });

  test("a store that lasts needs a pepper, redis a URL", () => {
    expect(refusal("--context-store", "sqlite")).toContain("context.pepper is empty");
    expect(refusal("--context-store", "redis", "--context-pepper", PEPPER)).toContain(
      "REDIS_URL is empty",
    );
  });

  test("secrets that are too short and URLs of others are refused, and secrets are not shown", () => {
    for (const [flag, value] of [
      ["--context-pepper", "short-pepper"],
      ["--identity-jwt-secret", "short-secret"],
      ["--context-redis-url", "http://user:hidden@127.0.0.1"],
    ] as const) {
      const message = refusal(flag, value);
      expect(message).toStartWith("config_invalid");
      expect(message).not.toContain(value);
    }
  });
});
