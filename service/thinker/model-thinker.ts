// A thinker made of a prompt, a language model and tools: what most thinkers are.
// Station: behind the router; also what an own thinker of a user is made with (docs/thinkers.md).
import { assert } from "../assert.ts";
import type { LanguageModel, LanguageModelMessage } from "../contract/language-model.ts";
import type { Thinker, ThinkRequest } from "../contract/thinker.ts";
import { quotedContext, quotedWords } from "./quoted-context.ts";
import { createNotebook } from "./remember-tool.ts";
import type { ThinkerTool } from "./thinker-tool.ts";
import { askWithTools } from "./tool-loop.ts";

export interface ModelThinkerSettings {
  readonly domain: string;
  readonly description: string;
  /** What the model is told to be. */
  readonly prompt: string;
  readonly timeoutMs: number;
  readonly cacheSeconds: number;
  readonly isPersonal: boolean;
}

/** tools: for this question; a personal thinker can remember besides. */
export function createModelThinker(
  settings: ModelThinkerSettings,
  model: LanguageModel,
  tools: (request: ThinkRequest) => readonly ThinkerTool[] = () => [],
): Thinker {
  assert(/^[a-z][a-z_]*$/.test(settings.domain), "a domain must be lower case, a-z and _");
  return {
    ...settings,
    async think(request, signal) {
      const notebook = createNotebook();
      const own = tools(request);
      const all = settings.isPersonal ? [...own, notebook.tool] : own;
      const messages = promptOf(settings.prompt, request);
      const response = await askWithTools({ model, messages, tools: all }, signal);
      const contextUpdate = notebook.update();
      return { response, ...(contextUpdate !== undefined && { contextUpdate }) };
    },
  };
}

/** The thinker's instructions, what is known, the question. */
export function promptOf(prompt: string, request: ThinkRequest): LanguageModelMessage[] {
  const known = quotedContext(request.context, request.business);
  const words = quotedWords(request.said);
  const system = [prompt, known, words].filter((text) => text !== "").join("\n\n");
  return [
    { role: "system", text: system },
    { role: "user", text: request.query },
  ];
}
