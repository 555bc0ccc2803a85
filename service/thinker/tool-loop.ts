// A language model with tools, asked until it answers in words.
// Station: inside a thinker, between its prompt and its result. Every bound has an end of its own: a
// model that keeps calling tools is asked once more without any, and if even then it says nothing,
// that is its failure.
// Limits: STEPS_MAX requests, CALLS_MAX tool calls, TEXT_CHARACTERS_MAX of one answer.
import type {
  LanguageModel,
  LanguageModelMessage,
  LanguageModelToolCall,
} from "../contract/language-model.ts";
import { VoxError } from "../errors.ts";
import type { ThinkerTool } from "./thinker-tool.ts";

const STEPS_MAX = 6;
const CALLS_MAX = 12;
const OUTPUT_TOKENS_MAX = 1_000;
const TEXT_CHARACTERS_MAX = 16_000;

export interface ToolLoop {
  readonly model: LanguageModel;
  readonly messages: readonly LanguageModelMessage[];
  readonly tools: readonly ThinkerTool[];
}

/** -> the model's words. Rejects with VoxError. */
export async function askWithTools(loop: ToolLoop, signal: AbortSignal): Promise<string> {
  const { model, tools } = loop;
  const messages = [...loop.messages];
  let callsLeft = CALLS_MAX;
  for (let step = 1; step <= STEPS_MAX; step += 1) {
    const isLast = step === STEPS_MAX || callsLeft <= 0;
    const offered = isLast ? [] : tools;
    const { text, calls } = await answerOf(model, messages, offered, signal);
    if (calls.length === 0) {
      if (text.trim() !== "") return text.trim();
      throw silent(model.name);
    }
    // Called though none was offered.
    if (isLast) throw silent(model.name);
    const taken = calls.slice(0, callsLeft);
    callsLeft -= taken.length;
    messages.push({ role: "assistant", text, toolCalls: taken });
    for (const call of taken) messages.push(await outputOf(call, tools, signal));
  }
  throw silent(model.name);
}

interface Answer {
  readonly text: string;
  readonly calls: readonly LanguageModelToolCall[];
}

async function answerOf(
  model: LanguageModel,
  messages: readonly LanguageModelMessage[],
  tools: readonly ThinkerTool[],
  signal: AbortSignal,
): Promise<Answer> {
  const definitions = tools.map(({ definition }) => definition);
  const request = { messages, tools: definitions, outputTokensMax: OUTPUT_TOKENS_MAX };
  let text = "";
  const calls: LanguageModelToolCall[] = [];
  for await (const part of model.generate(request, signal)) {
    if (part.kind === "text") text += part.text;
    else if (part.kind === "tool_call") calls.push(part.call);
    // A model that does not stop is left: enough was said.
    if (text.length > TEXT_CHARACTERS_MAX) break;
  }
  return { text: text.slice(0, TEXT_CHARACTERS_MAX), calls };
}

async function outputOf(
  call: LanguageModelToolCall,
  tools: readonly ThinkerTool[],
  signal: AbortSignal,
): Promise<LanguageModelMessage> {
  const tool = tools.find(({ definition }) => definition.name === call.name);
  const text =
    tool === undefined
      ? "There is no tool of that name."
      : await tool.run(call.argumentsText, signal);
  return { role: "tool", toolCallId: call.id, text };
}

function silent(provider: string): VoxError {
  const message = `Cannot think with ${provider}: it called tools or was silent, must answer in words`;
  return new VoxError(message, { code: "engine_protocol", isRetryable: false, provider });
}
