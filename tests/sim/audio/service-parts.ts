// What the processes of the audio simulator load once: the real core with the weights of its voice
// activity model, the engines that calls may ask for, the configuration's defaults.
import { loadConfig } from "../../../service/config.ts";
import type { Config } from "../../../service/config.ts";
import { SILENT_LOG } from "../../../service/contract/log.ts";
import { NO_METRICS } from "../../../service/contract/metrics.ts";
import type { VadModels } from "../../../service/contract/vad-model.ts";
import type { LoadedCore } from "../../../service/core/core.ts";
import { createVadModels } from "../../../service/vad/vad-models.ts";
import { makeCore } from "../../core/core-fixture.ts";

/** One call and the twin that it is measured by. */
const SLOTS = 2;

export interface ServiceParts {
  readonly core: LoadedCore;
  readonly models: VadModels;
  readonly config: Config;
}

export async function loadServiceParts(): Promise<ServiceParts> {
  const core = makeCore(SLOTS);
  const config = loadConfig({ argv: ["--upstream", "simulator"], env: {}, file: null });
  const { vad } = config;
  const models = await createVadModels({
    core,
    settings: vad,
    log: SILENT_LOG,
    metrics: NO_METRICS,
  });
  return { core, models, config };
}
