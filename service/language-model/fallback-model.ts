// Several language models as one: the next is asked when one fails before it has said anything.
// Station: where a model is configured with others behind it (provider/fallback-chain.ts).
import { assert } from "../assert.ts";
import type { LanguageModel } from "../contract/language-model.ts";
import { FallbackChain, type FallbackDeps } from "../provider/fallback-chain.ts";

/** models: the preferred first. It can what all of them can. Closing it closes them. */
export function createFallbackModel(
  models: readonly LanguageModel[],
  settings: { readonly purpose: string; readonly rememberMs: number },
  deps: FallbackDeps,
): LanguageModel {
  const [first] = models;
  assert(first !== undefined, "a chain must have a model");
  const chain = new FallbackChain(models, settings, deps);
  return {
    name: models.map(({ name }) => name).join("|"),
    support: {
      hasTools: models.every(({ support }) => support.hasTools),
      isStreaming: models.every(({ support }) => support.isStreaming),
      hasOutputSchema: models.every(({ support }) => support.hasOutputSchema),
    },
    generate: (request, signal) => chain.stream((model) => model.generate(request, signal), signal),
    close() {
      for (const model of models) model.close();
    },
  };
}
