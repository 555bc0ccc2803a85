// Goal: a thinker has the model that is configured for it, one's own module too, and works without a
// general one. Method: thinkers as the configuration makes them; a server that notes what it is asked.
import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { loadConfig } from "../../service/config.ts";
import { createMemoryStore } from "../../service/context/memory-store.ts";
import { EMPTY_CALLER_CONTEXT } from "../../service/contract/caller-context.ts";
import type { Log } from "../../service/contract/log.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { NO_TRACING } from "../../service/contract/tracing.ts";
import { startThinkers } from "../../service/main-thinkers.ts";
import { DEFAULT_DOMAINS } from "../../service/thinker/default-thinkers.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const EXAMPLE = join(import.meta.dir, "../../examples/opening-hours-thinker.ts");
const OWN = join(import.meta.dir, "model-name-thinker.ts");
const GENERAL = [
  "--language-model-url",
  "http://127.0.0.1:1/v1",
  "--language-model-model",
  "llama",
];
/** An upstream that brings no text model for thinkers. */
const CASCADE = [
  ...["--upstream", "cascade", "--cascade-stt-urls", "http://127.0.0.1:1/v1"],
  ...["--cascade-llm-urls", "http://127.0.0.1:1/v1", "--cascade-llm-models", "m"],
];
const STORE = { retentionMs: 1e9, historyMs: 1e9, deadlineMs: 1_000 };

async function started(argv: readonly string[]) {
  const clock = createSteppedClock();
  const warnings: string[] = [];
  const log: Log = {
    ...SILENT_LOG,
    warn: (event, fields) => warnings.push(`${event} ${JSON.stringify(fields)}`),
  };
  const running = await startThinkers({
    config: loadConfig({ argv: [...argv], env: {}, file: null }),
    clock,
    random: createSeededRandom(1),
    log,
    metrics: NO_METRICS,
    tracing: NO_TRACING,
  });
  const pool = running.thinking(createMemoryStore({ settings: STORE, clock })).pool;
  const ask = async (domain: string): Promise<string> => {
    const request = {
      ...{ query: "Open?", turnId: 1, context: EMPTY_CALLER_CONTEXT },
      ...{ business: new Map<string, string>(), said: [], onProgress: () => undefined },
    };
    const thinking = pool?.thinker(domain).think(request, new AbortController().signal);
    return String(
      await thinking?.then(
        ({ response }) => response,
        (error: unknown) => error,
      ),
    );
  };
  const [, shop = ""] = /shop: answers by (\S+)/.exec(pool?.tool.description ?? "") ?? [];
  return { running, pool, ask, warnings, shop };
}

describe("the model of an own module", () => {
  test("S1-07: is the general one unless it is configured, in the order of the domains", async () => {
    const domains = ["--thinkers-domains", `knowledge,${EXAMPLE},${OWN}`];
    const models = (list: string) =>
      started([...GENERAL, ...domains, "--thinkers-own-models", list]);
    expect((await started([...GENERAL, ...domains])).shop).toBe("chat:llama");
    expect((await models("general,mine")).shop).toBe("chat:mine");
    expect((await models("mine,general")).shop).toBe("chat:llama");
    expect((await models("ours")).shop).toBe("chat:ours");
  });

  test("S1-07: its own server is asked with its own key, which nobody else gets", async () => {
    const asked: string[] = [];
    using server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      async fetch(request) {
        const { model } = (await request.json()) as { model: string };
        asked.push(`${model} ${request.headers.get("authorization")}`);
        return Response.json({ error: { code: "model_not_found" } }, { status: 404 });
      },
    });
    const url = `http://127.0.0.1:${server.port}/v1`;
    const { ask, running } = await started([
      ...["--language-model-url", url, "--language-model-key", "general-key"],
      ...["--language-model-model", "llama", "--thinkers-domains", `${OWN},knowledge`],
      ...["--thinkers-own-urls", `${url}/`, "--thinkers-own-keys", "shop-key"],
      ...["--thinkers-own-models", "mine"],
    ]);
    await ask("shop");
    await ask("knowledge");
    expect(asked).toEqual(["mine Bearer shop-key", "llama Bearer general-key"]);
    await running.stop();
  });

  test("a name of the configuration's own is no module", () => {
    const { domains } = loadConfig({ argv: [], env: {}, file: null }).thinkers;
    expect(domains).toEqual([...DEFAULT_DOMAINS]);
  });

  test("lists that do not fit the modules are refused", () => {
    const argv = ["--thinkers-domains", `knowledge,${OWN}`, "--thinkers-own-models", "a,b"];
    expect(() => loadConfig({ argv, env: {}, file: null })).toThrow(
      "Cannot use thinkers.ownModels: there are 2, must be 1 or 1",
    );
  });
});

describe("without a general model", () => {
  test("a thinker with a server of its own works, the others are off and named", async () => {
    const { pool, warnings, running } = await started([
      ...CASCADE,
      ...["--thinkers-knowledge-url", "http://127.0.0.1:1/v1", "--thinkers-is-classified"],
    ]);
    expect([...(pool?.domains ?? [])]).toEqual(["knowledge"]);
    expect(pool?.classify).toBeNull();
    expect(warnings).toEqual([
      'thinkers are off: there is no language model for them {"domains":"weather,stocks,news,research"}',
      "the voice chooses the domain: there is no general language model {}",
    ]);
    expect(running.model).toBeNull();
    await running.stop();
  });

  test("none is on when none has a server", async () => {
    const { pool, warnings } = await started(CASCADE);
    expect(pool).toBeNull();
    expect(warnings).toHaveLength(1);
  });

  test("an own module is on: it may need no model; one that does says plainly what is missing", async () => {
    const { ask, shop } = await started([...CASCADE, "--thinkers-domains", OWN]);
    expect(shop).toBe("none");
    expect(await ask("shop")).toContain("there is no language model");
  });
});
