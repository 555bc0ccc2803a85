// Every file that ships beside the code, reached by import so that `bun build --compile` takes it
// along (decision 22). Built by scripts/build.ts; `bun start` and the test preload call that.

import coreWasmPath from "../build/core.wasm" with { type: "file" };
import agentLostPath from "./assets/recordings/agent-lost.wav" with { type: "file" };
import answerFailedPath from "./assets/recordings/answer-failed.wav" with { type: "file" };
import oneMomentPath from "./assets/recordings/one-moment.wav" with { type: "file" };
import knowledgePrompt from "./assets/prompts/knowledge.md" with { type: "text" };
import newsPrompt from "./assets/prompts/news.md" with { type: "text" };
import researchPrompt from "./assets/prompts/research.md" with { type: "text" };
import responderPrompt from "./assets/prompts/responder.md" with { type: "text" };
import stallingPrompt from "./assets/prompts/stalling.md" with { type: "text" };
import stocksPrompt from "./assets/prompts/stocks.md" with { type: "text" };
import weatherPrompt from "./assets/prompts/weather.md" with { type: "text" };

/** Path of the audio core's module. */
export const CORE_WASM_PATH: string = coreWasmPath;

/** Bytes of the audio core's module, for loadCore. */
export async function readCoreWasm(): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await Bun.file(CORE_WASM_PATH).arrayBuffer());
}

/** What callers hear from the service itself, by scripts/make-recordings.ts. */
export const RECORDING_PATHS = {
  oneMoment: oneMomentPath,
  agentLost: agentLostPath,
  answerFailed: answerFailedPath,
} as const;

/** What the voice and each thinker are told, by name; an operator's own files go before them. */
export const PROMPTS: Readonly<Record<string, string>> = {
  responder: responderPrompt,
  stalling: stallingPrompt,
  weather: weatherPrompt,
  stocks: stocksPrompt,
  news: newsPrompt,
  knowledge: knowledgePrompt,
  research: researchPrompt,
};
