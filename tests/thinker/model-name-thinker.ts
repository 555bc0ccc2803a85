// A thinker of a user's that asks its model at once and tells the model's name to the voice; for
// tests/thinker/own-model.test.ts.
import { type CreateThinker, createModelThinker } from "../../service/index.ts";

export const createThinker: CreateThinker = ({ model }) =>
  createModelThinker(
    {
      domain: "shop",
      description: `answers by ${model.name}`,
      prompt: "You answer for a shop.",
      timeoutMs: 5_000,
      cacheSeconds: 0,
      isPersonal: true,
    },
    model,
  );
