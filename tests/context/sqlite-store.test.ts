// Goal: the store on disk is a ContextStore like the others, keeps what it was given when the
// process goes, and reads what is not its own as nothing.
// Method: the conformance suite with two stores (two Workers) on one file; then files looked at.
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../../service/context/sqlite-store.ts";
import { EMPTY_CALLER_CONTEXT } from "../../service/contract/caller-context.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { createMetricsRegistry } from "../../service/telemetry/metrics-registry.ts";
import { contextStoreConformance, HISTORY_MS, RETENTION_MS } from "../conformance/context-store.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const SETTINGS = { retentionMs: RETENTION_MS, historyMs: HISTORY_MS, deadlineMs: 60_000 };

contextStoreConformance("sqlite", async (clock) => {
  const folder = mkdtempSync(join(tmpdir(), "voxbridge-store-"));
  const path = join(folder, "voxbridge.db");
  const parts = { settings: SETTINGS, clock, metrics: NO_METRICS, path };
  const store = createSqliteStore(parts);
  const second = createSqliteStore(parts);
  return {
    store,
    second,
    async close() {
      await store.close();
      await second.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describe("the sqlite store's file", () => {
  let folder: string;
  let path: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "voxbridge-store-"));
    path = join(folder, "voxbridge.db");
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const open = (metrics = NO_METRICS) =>
    createSqliteStore({ settings: SETTINGS, clock: createSteppedClock(), metrics, path });

  test("is still there for the next process, and its owner's alone", async () => {
    const first = open();
    await first.update("ann", { factsAdd: ["has a dog"] });
    expect(statSync(path).mode & 0o777).toBe(0o600);
    await first.close();
    const next = open();
    expect((await next.load("ann")).facts).toEqual(["has a dog"]);
    await next.close();
    const failure = await next.load("ann").catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: "store_unavailable" });
  });

  test("holds nothing of an erased caller, not even in free pages or the log", async () => {
    const store = open();
    const entry = { callId: "call_1", sequence: 0, turnId: 1, wallMs: 1_767_225_600_000 };
    await store.update("ann", { factsAdd: ["keeps a crocodile"] });
    await store.appendHistory("ann", [{ ...entry, speaker: "caller", text: "my crocodile" }]);
    const held = () =>
      ["", "-wal"]
        .map((end) => readFileSync(path + end, "latin1"))
        .join("")
        .includes("crocodile");
    expect(held()).toBe(true);
    await store.erase("ann");
    expect(held()).toBe(false);
    await store.close();
  });

  test("records that are none of ours count as nothing, and are counted", async () => {
    const metrics = createMetricsRegistry();
    const store = open(metrics);
    await store.update("ann", { factsAdd: ["has a dog"] });
    await store.update("bob", { factsAdd: ["has a cat"] });
    const database = new Database(path);
    database.run(`UPDATE callers SET stored = '{"version":1' WHERE caller_key = 'ann'`);
    database.run(
      `INSERT INTO history VALUES ('ann', 'c', 0, ${createSteppedClock().wallMs()}, 'no JSON')`,
    );
    database.close();
    expect(await store.load("ann")).toEqual(EMPTY_CALLER_CONTEXT);
    expect(await store.history("ann", 9)).toEqual([]);
    expect(metrics.print()).toContain("voxbridge_store_records_unreadable_total 2");
    expect((await store.update("ann", { factsAdd: ["new"] })).facts).toEqual(["new"]);
    expect((await store.load("bob")).facts).toEqual(["has a cat"]);
    await store.close();
  });
});
