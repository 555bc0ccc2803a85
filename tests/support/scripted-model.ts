// A LanguageModel for tests: it writes down what it is asked and answers as the test says.
import type {
  LanguageModel,
  LanguageModelPart,
  LanguageModelRequest,
} from "../../service/contract/language-model.ts";

export interface ScriptedModel extends LanguageModel {
  readonly requests: LanguageModelRequest[];
}

/** answer: the text for the request of this number, from 0; a throw of it is the model's failure. */
export function createScriptedModel(
  answer: (request: LanguageModelRequest, index: number) => string | Promise<string>,
  hasOutputSchema = true,
): ScriptedModel {
  const requests: LanguageModelRequest[] = [];
  return {
    name: "scripted",
    support: { hasTools: false, isStreaming: true, hasOutputSchema },
    requests,
    async *generate(request): AsyncGenerator<LanguageModelPart> {
      requests.push(request);
      const text = await answer(request, requests.length - 1);
      for (const piece of text.match(/[\s\S]{1,7}/g) ?? []) yield { kind: "text", text: piece };
      yield { kind: "end", reason: "stop", inputTokens: 1, outputTokens: 1 };
    },
    close: () => undefined,
  };
}

export const NO_NOTES = {
  summary: "",
  name: "",
  location: "",
  temperatureUnit: "",
  tickersAdd: [],
  tickersRemove: [],
  factsAdd: [],
  factsRemove: [],
};
