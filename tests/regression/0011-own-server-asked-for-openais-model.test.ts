// news and research defaulted to OpenAI's stronger model by name, which went before the model named
// for one's own server: that server was asked for a model that it does not have, and both never
// answered. The stronger one is for OpenAI's own server alone.
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../service/config.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_TRACING } from "../../service/contract/tracing.ts";
import { modelFor } from "../../service/main-models.ts";
import {
  ask,
  dial,
  routed,
  startThinkersService,
  untilAnswered,
  WEATHER_CHAT,
} from "../e2e/thinkers-fixture.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const OWN = ["--language-model-url", "http://127.0.0.1:1/v1", "--language-model-model", "llama"];
const OPENAI = ["--openai-api-key", "k".repeat(40), "--upstream", "openai"];

describe("the model of a thinker with harder work", () => {
  test.each([
    ["at one's own server is the one named for it", OWN, {}, "chat:llama"],
    ["at OpenAI is the stronger one", OPENAI, {}, "chat:gpt-5.4"],
    [
      "of other thinkers at OpenAI is the general one",
      OPENAI,
      { isHard: false },
      "chat:gpt-5.4-mini",
    ],
    ["is its own where it has one", OPENAI, { model: "mine" }, "chat:mine"],
    [
      "at its own server is never OpenAI's",
      OPENAI,
      { url: "http://[::1]/v1" },
      "chat:gpt-5.4-mini",
    ],
    ["is OpenAI's by its address, too", OWN, { url: "https://api.openai.com/v1" }, "chat:gpt-5.4"],
  ] as [string, string[], object, string][])("%s", (_, argv, own, name) => {
    const deps = {
      config: loadConfig({ argv, env: {}, file: null }),
      clock: createSteppedClock(),
      random: createSeededRandom(1),
      log: SILENT_LOG,
      metrics: NO_METRICS,
      tracing: NO_TRACING,
    };
    const hard = { provider: "thinker_news", model: "", url: "", key: "", isHard: true };
    const model = modelFor(deps, null, new Map(), { ...hard, ...own });
    expect(model?.name).toBe(name);
    model?.close();
  });
});

test("news, research and knowledge ask one's own server for the model it was given for", async () => {
  const models: string[] = [];
  using other = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      models.push(((await request.json()) as { model: string }).model);
      return Response.json({ error: { code: "model_not_found" } }, { status: 404 });
    },
  });
  const domains = ["news", "research", "knowledge"];
  const turns = domains.map((domain, index) => routed(index + 1, domain, "What is new?"));
  const url = `http://127.0.0.1:${other.port}/v1`;
  const argv = ["--language-model-url", url, "--language-model-model", "llama"];
  await using running = await startThinkersService({ turns, chat: WEATHER_CHAT, argv });
  const { service } = running;
  const caller = await dial(service);
  for (let turn = 1; turn <= domains.length; turn += 1) {
    ask(caller);
    await untilAnswered(service, caller, turn);
    await service.run(1_000);
  }
  expect(models).toEqual(domains.map(() => "llama"));
});
