// What the chat simulator says to one request: as its script says, or an honest placeholder. Then
// the answer as the pieces of a chat completion stream.
// Source: OpenAI API reference, "The chat completion chunk object".
import type { ChatRequest } from "./chat-request-schema.ts";
import { type ChatScriptAnswer, isToolAnswered, lastUserText } from "./chat-script.ts";
import { exampleOf } from "./schema-example.ts";

/** Of the other side's words in an unscripted answer. */
const ECHO_CHARACTERS_MAX = 200;

/** Without a script nothing is understood, and the answer says so. */
export function unscriptedAnswer(request: ChatRequest): ChatScriptAnswer {
  const schema = request.response_format?.json_schema?.schema;
  if (schema !== undefined) return { text: JSON.stringify(exampleOf(schema)), toolCalls: [] };
  const text = isToolAnswered(request)
    ? `[simulated: the tool said: ${cut(request.messages.at(-1)?.content ?? "")}]`
    : `[simulated: an answer to: ${cut(lastUserText(request))}]`;
  return { text, toolCalls: [] };
}

function cut(text: string): string {
  return text.length <= ECHO_CHARACTERS_MAX ? text : `${text.slice(0, ECHO_CHARACTERS_MAX)}…`;
}

/** Something like a model's tokens: a word with the space before it, long words in pieces. */
export function tokensOf(text: string): string[] {
  return text.match(/\s?\S{1,8}|\s/g) ?? [];
}

/** Words of a request, counted as tokens. */
export function inputTokensOf(request: ChatRequest): number {
  const texts = request.messages.map(({ content }) => content ?? "");
  return texts.reduce((sum, text) => sum + tokensOf(text).length, 0);
}

export interface ChatPiece {
  readonly delta: Readonly<Record<string, unknown>>;
  readonly finish: string | null;
}

/** The answer, piece by piece: text in tokens, then tool calls, their arguments in tokens too. */
export function piecesOf(answer: ChatScriptAnswer, callId: (index: number) => string): ChatPiece[] {
  const pieces: ChatPiece[] = tokensOf(answer.text).map((content) => ({
    delta: { content },
    finish: null,
  }));
  answer.toolCalls.forEach((call, index) => {
    const text =
      typeof call.arguments === "string" ? call.arguments : JSON.stringify(call.arguments);
    const head = {
      index,
      id: callId(index),
      type: "function",
      function: { name: call.name, arguments: "" },
    };
    pieces.push({ delta: { tool_calls: [head] }, finish: null });
    for (const part of tokensOf(text)) {
      const more = { index, function: { arguments: part } };
      pieces.push({ delta: { tool_calls: [more] }, finish: null });
    }
  });
  const byItself = answer.toolCalls.length > 0 ? "tool_calls" : "stop";
  pieces.push({ delta: {}, finish: answer.finish ?? byItself });
  return pieces;
}
