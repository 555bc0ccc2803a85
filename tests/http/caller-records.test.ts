// Goal: the operator gets out and deletes what is kept of a caller; nobody else does, and nobody
// learns who is kept (T21).
// Method: the listener on a real port, records in a memory store.
import { afterEach, describe, expect, test } from "bun:test";
import { CallMemories } from "../../service/call-memories.ts";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import { storeUnavailable } from "../../service/context/store-failure.ts";
import type { CallerRecords } from "../../service/contract/caller-records.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { createCallerIdentities } from "../../service/identity/caller-identities.ts";
import { type Listener, startListener } from "../../service/transport/listener.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const KEY = "key-of-at-least-sixteen";
const AUTHORIZED = { headers: { Authorization: `Bearer ${KEY}` } };

let listener: Listener | null = null;
afterEach(async () => {
  await listener?.stop();
  listener = null;
});

async function start(apiKeys: readonly string[], replaced?: CallerRecords | null) {
  const clock = createSteppedClock();
  const random = createSeededRandom(1);
  const settings = { retentionMs: 9e9, historyMs: 9e9, deadlineMs: 1_000 };
  const store = createMemoryStore({ settings, clock });
  const identities = await createCallerIdentities({
    settings: {
      ...{ pepper: "p".repeat(32), jwtSecret: "", jwtPublicKey: "", issuer: "", audience: "" },
      ...{ tokenAgeSecondsMax: 60, phone: "any" },
    },
    clock,
    metrics: NO_METRICS,
  });
  const parts = { clock, random, log: SILENT_LOG };
  const memories = new CallMemories({ ...parts, store, identities, summaries: null });
  const callers = replaced === undefined ? memories : replaced;
  const opener = { admission: () => null, prepare: () => undefined, open: () => REFUSED };
  listener = startListener({
    settings: {
      ...{ host: "127.0.0.1", port: 0, lanes: ["fast"], apiKeys, origins: [] },
      ...{ upgradesPerAddress: 20, twilioAuthTokens: [], publicUrl: "" },
    },
    ...{ opener, callers, identities, metrics: NO_METRICS, metricsText: () => "", ...parts },
  });
  const url = (id: string) =>
    `http://127.0.0.1:${listener?.port}/v1/callers/${encodeURIComponent(id)}`;
  return { url, store, identities };
}

const REFUSED = { refusal: "full", message: "" } as const;

describe("/v1/callers", () => {
  test("exports and erases one caller, by subject or number", async () => {
    const { url, store, identities } = await start([KEY]);
    for (const id of ["sub:ann/with slash", "tel:+15550100123"]) {
      await store.update(identities.keyOf(id), { factsAdd: [`known as ${id}`] });
      const got = await fetch(`${url(id)}/export`, AUTHORIZED);
      expect(got.status).toBe(200);
      expect(got.headers.get("cache-control")).toBe("no-store");
      expect(await got.json()).toMatchObject({ context: { facts: [`known as ${id}`] } });
      expect((await fetch(url(id), { ...AUTHORIZED, method: "DELETE" })).status).toBe(204);
      expect((await fetch(`${url(id)}/export`, AUTHORIZED)).status).toBe(404);
      expect((await fetch(url(id), { ...AUTHORIZED, method: "DELETE" })).status).toBe(204);
    }
  });

  test("T21: without a key every id gets the same answer, known, unknown or malformed", async () => {
    const { url, store, identities } = await start([KEY]);
    await store.update(identities.keyOf("sub:ann"), { factsAdd: ["has a dog"] });
    const answers = new Set<string>();
    for (const id of ["sub:ann", "sub:bob", "nonsense", identities.keyOf("sub:ann")]) {
      for (const init of [
        { method: "DELETE" },
        { method: "DELETE", headers: { Authorization: "Bearer another-key-of-sixteen" } },
      ]) {
        const response = await fetch(url(id), init);
        answers.add(`${response.status} ${await response.text()}`);
      }
      const response = await fetch(`${url(id)}/export`);
      answers.add(`${response.status} ${await response.text()}`);
    }
    expect([...answers].map((answer) => answer.slice(0, 3))).toEqual(["401"]);
    expect((await store.load(identities.keyOf("sub:ann"))).facts).toEqual(["has a dog"]);
  });

  test("T21: a caller's hash opens nothing, and a subject that looks like a number is another", async () => {
    const { url, store, identities } = await start([KEY]);
    await store.update(identities.keyOf("tel:+15550100123"), { factsAdd: ["has a dog"] });
    const hash = identities.keyOf("tel:+15550100123");
    expect((await fetch(`${url(hash)}/export`, AUTHORIZED)).status).toBe(400);
    expect((await fetch(`${url("sub:+15550100123")}/export`, AUTHORIZED)).status).toBe(404);
    expect((await fetch(`${url("+15550100123")}/export`, AUTHORIZED)).status).toBe(400);
  });

  test("without keys it is for this machine, and for no web page", async () => {
    const { url } = await start([]);
    expect((await fetch(`${url("sub:ann")}/export`)).status).toBe(404);
    const forwarded = { headers: { "X-Forwarded-For": "203.0.113.9" } };
    expect((await fetch(`${url("sub:ann")}/export`, forwarded)).status).toBe(403);
    const page = { headers: { Origin: "https://evil.example.com" }, method: "DELETE" };
    expect((await fetch(url("sub:ann"), page)).status).toBe(403);
  });

  test("says when callers are not remembered, when the store is away, when the method is wrong", async () => {
    const none = await start([KEY], null);
    const answer = await fetch(`${none.url("sub:ann")}/export`, AUTHORIZED);
    expect(answer.status).toBe(404);
    expect(await answer.text()).toContain("not_configured");
    await listener?.stop();
    const away = () => Promise.reject(storeUnavailable("Cannot use store: test"));
    const { url } = await start([KEY], { isVouchedId: () => true, export: away, erase: away });
    for (const asked of [
      fetch(`${url("sub:ann")}/export`, AUTHORIZED),
      fetch(url("sub:ann"), { ...AUTHORIZED, method: "DELETE" }),
    ]) {
      const response = await asked;
      expect(response.status).toBe(503);
      expect(response.headers.get("retry-after")).not.toBeNull();
    }
    expect((await fetch(url("sub:ann"), { ...AUTHORIZED, method: "POST" })).status).toBe(405);
  });
});
