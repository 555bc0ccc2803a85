// The slow thinker: it splits a question, works on each part, then puts the answer together, and says
// how far it is (S1-38). It is slow on purpose: no step is shorter than stepMsMin, so that whoever
// tries the service hears how the voice bridges a long wait.
// Limits: PARTS_MAX parts, so PARTS_MAX + 2 steps.
import type { Clock } from "../contract/clock.ts";
import type { LanguageModel, LanguageModelMessage } from "../contract/language-model.ts";
import type { Thinker, ThinkRequest } from "../contract/thinker.ts";
import { pause } from "../provider/deadline.ts";
import { type ModelThinkerSettings, promptOf } from "./model-thinker.ts";
import type { ThinkerTool } from "./thinker-tool.ts";
import { askWithTools } from "./tool-loop.ts";

const PARTS_MAX = 3;
const PART_CHARACTERS_MAX = 300;
const SPLIT = `Split the question into at most ${PARTS_MAX} smaller ones, one a line, nothing else.`;
const JOIN = "Answer the question from these notes in at most four short spoken sentences.";

export interface ResearchParts {
  readonly clock: Clock;
  readonly model: LanguageModel;
  readonly tools: readonly ThinkerTool[];
  readonly stepMsMin: number;
}

export function createResearchThinker(
  settings: ModelThinkerSettings,
  parts: ResearchParts,
): Thinker {
  return {
    ...settings,
    async think(request, signal) {
      const ask = (task: string, tools: readonly ThinkerTool[] = []) =>
        step(parts, messagesOf(settings.prompt, request, task), tools, signal);
      request.onProgress("Splitting the question into parts");
      const questions = partsOf(await ask(SPLIT), request.query);
      const notes: string[] = [];
      for (const [index, question] of questions.entries()) {
        request.onProgress(`Working on part ${index + 1} of ${questions.length}`);
        notes.push(await ask(`Work on this part only: ${question}`, parts.tools));
      }
      request.onProgress("Putting the answer together");
      const response = await ask(`${JOIN}\n\n${notes.map((note) => `- ${note}`).join("\n")}`);
      return { response };
    },
  };
}

function messagesOf(prompt: string, request: ThinkRequest, task: string): LanguageModelMessage[] {
  const [system, question] = promptOf(prompt, request);
  if (system === undefined || question === undefined) return [];
  return [system, question, { role: "user", text: task }];
}

async function step(
  { clock, model, stepMsMin }: ResearchParts,
  messages: readonly LanguageModelMessage[],
  tools: readonly ThinkerTool[],
  signal: AbortSignal,
): Promise<string> {
  const startedMs = clock.nowMs();
  const text = await askWithTools({ model, messages, tools }, signal);
  const restMs = stepMsMin - (clock.nowMs() - startedMs);
  if (restMs > 0) await pause(clock, restMs, signal);
  return text;
}

function partsOf(text: string, query: string): string[] {
  const lines = text
    .split("\n")
    .map((line) =>
      line
        .replace(/^[\s\d.)*-]+/, "")
        .trim()
        .slice(0, PART_CHARACTERS_MAX),
    )
    .filter((line) => line !== "");
  return lines.length === 0 ? [query] : lines.slice(0, PARTS_MAX);
}
