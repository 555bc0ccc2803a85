// Goal: a database that fails in the middle costs memory, never a hang: every promise settles
// within the deadline with store_unavailable, and the store works again when the disk does.
// Method: real files that are locked, deleted, replaced and broken under an open store.
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createSqliteStore } from "../../service/context/sqlite-store.ts";
import { createSystemClock } from "../../service/clock.ts";
import type { ContextStore, ContextUpdate } from "../../service/contract/caller-context.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { VoxError } from "../../service/errors.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

/** -> the code and words of the failure; `expect().rejects` holds up what a Worker has to say. */
async function failureOf(act: Promise<unknown>): Promise<string> {
  try {
    await act;
    return "";
  } catch (error) {
    return error instanceof VoxError ? `${error.code}: ${error.message}` : "another error";
  }
}

describe("a sqlite store whose file fails", () => {
  let folder: string;
  let path: string;
  let store: ContextStore;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "voxbridge-store-"));
    path = join(folder, "voxbridge.db");
  });
  afterEach(async () => {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const open = (deadlineMs: number, clock = createSystemClock()): ContextStore => {
    const settings = { retentionMs: 9e9, historyMs: 9e9, deadlineMs };
    store = createSqliteStore({ settings, clock, metrics: NO_METRICS, path });
    return store;
  };

  test("locked by another program: every act settles, and works again when it is free", async () => {
    open(200);
    const sent = async (update: ContextUpdate): Promise<readonly string[]> => {
      for (;;) {
        const context = await store.update("ann", update).catch(() => null);
        if (context !== null) return context.facts;
      }
    };
    await sent({ id: "u0", factsAdd: ["before"] });
    const other = new Database(path);
    other.run("BEGIN IMMEDIATE");
    const acts = [
      store.update("ann", { id: "u1", factsAdd: ["while locked"] }),
      store.appendHistory("ann", []),
      store.cache("", "key", "value", 1_000),
      store.erase("bob"),
    ];
    for (const failure of await Promise.all(acts.map(failureOf))) {
      expect(failure).toStartWith("store_unavailable");
    }
    other.run("COMMIT");
    other.close();
    // Acts that were given up may still be done, or not: sending one again changes nothing then.
    const facts = await sent({ id: "u1", factsAdd: ["while locked"] });
    expect(facts).toEqual(["before", "while locked"]);
  });

  test("at the deadline an act is given up, whatever the Worker waits for", async () => {
    const clock = createSteppedClock();
    open(60_000, clock);
    await store.load("ann");
    const other = new Database(path);
    other.run("BEGIN IMMEDIATE");
    const act = store.update("ann", { topic: "news" });
    clock.advance(60_000);
    expect(await failureOf(act)).toStartWith("store_unavailable");
    expect(clock.pendingTimers()).toBe(0);
    other.run("COMMIT");
    other.close();
  });

  test("deleted: a new one is made, empty; its folder gone too: unavailable until it is back", async () => {
    open(60_000);
    await store.update("ann", { factsAdd: ["lost"] });
    rmSync(path);
    expect((await store.update("ann", { factsAdd: ["new"] })).facts).toEqual(["new"]);
    rmSync(folder, { recursive: true });
    expect(await failureOf(store.load("ann"))).toStartWith("store_unavailable");
    expect(await failureOf(store.update("ann", {}))).toStartWith("store_unavailable");
    mkdirSync(folder);
    expect((await store.update("ann", { factsAdd: ["newer"] })).facts).toEqual(["newer"]);
  });

  test("not a database, or a newer program's: unavailable, and left as it is", async () => {
    open(60_000);
    writeFileSync(path, "This is no database, it is a poem about one. ".repeat(99));
    expect(await failureOf(store.load("ann"))).toStartWith("store_unavailable");
    rmSync(path);
    const newer = new Database(path);
    newer.run("PRAGMA user_version = 2");
    newer.close();
    expect(await failureOf(store.load("ann"))).toEndWith("its version is 2, must be 1");
  });
});
