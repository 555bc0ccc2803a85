// Goal: every LanguageModel keeps the contract. Method: one suite, each implementation.
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { createFallbackModel } from "../../service/language-model/fallback-model.ts";
import { modelOf } from "../language-model/model-fixture.ts";
import { languageModelConformance } from "./language-model.ts";

languageModelConformance("createChatModel()", ({ url, clock }) => modelOf(url, {}, { clock }));

languageModelConformance("createChatModel() of a compatible server", ({ url, clock }) =>
  modelOf(url, { dialect: "compatible" }, { clock }),
);

languageModelConformance("createFallbackModel() whose first model is down", ({ url, clock }) =>
  createFallbackModel(
    // Port 9 of this machine: nobody listens there.
    [modelOf("http://127.0.0.1:9/v1", {}, { clock }), modelOf(url, {}, { clock })],
    { purpose: "test", rememberMs: 1_000 },
    { clock, metrics: NO_METRICS },
  ),
);
