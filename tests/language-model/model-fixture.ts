// A chat model with short deadlines, for tests.
import { NO_METRICS } from "../../service/contract/metrics.ts";
import {
  type ChatModelDeps,
  type ChatModelSettings,
  createChatModel,
} from "../../service/language-model/chat-model.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

export const MODEL: Omit<ChatModelSettings, "baseUrl"> = {
  provider: "test_model",
  key: "",
  model: "small",
  dialect: "openai",
  hasOutputSchema: true,
  answerMsMax: 5_000,
  silenceMsMax: 5_000,
  totalMsMax: 60_000,
  retriesMax: 0,
};

export function modelOf(
  baseUrl: string,
  settings: Partial<ChatModelSettings> = {},
  deps: Partial<ChatModelDeps> = {},
) {
  const random = createSeededRandom(2);
  const common = { clock: createSteppedClock(), random, metrics: NO_METRICS };
  return createChatModel({ ...MODEL, baseUrl, ...settings }, { ...common, ...deps });
}
