// What a simulated agent says: the caller's own words back, or a tune. It never pretends to have
// understood: without a script every transcript says that it is simulated.
import { type AudioForm, transcodeAudio } from "./audio-forms.ts";
import { melody, type Occasion } from "./melodies.ts";
import type { ScriptedAnswer } from "./script.ts";
import type { Unanswered } from "./unanswered.ts";

export interface AnswerMessage {
  readonly transcript: string;
  /** In the format that was asked for. */
  readonly audio: Uint8Array;
}

/** Messages are spoken one after the other, each its own item; then the tools are called. */
export interface Answer {
  readonly messages: readonly AnswerMessage[];
  readonly toolCalls: readonly { readonly name: string; readonly argumentsText: string }[];
}

export interface AnswerRequest {
  readonly unanswered: Unanswered;
  /** The format to answer in. */
  readonly form: AudioForm;
  /** Bounds what is spoken back. */
  readonly msMax: number;
  /** Of this response alone; "" for none. */
  readonly instructions: string;
}

const GREETING_MS = 960;
const TEXT_ANSWER_MS = 1_280;
const TOOL_ANSWER_MS = 960;
const MS_PER_CHARACTER = 60;
const SCRIPTED_MS_MAX = 10_000;

export function createAnswer(request: AnswerRequest): Answer {
  const { scripted } = request.unanswered;
  const toolCalls = (scripted?.toolCalls ?? []).map((call) => ({
    name: call.name,
    argumentsText: JSON.stringify(call.arguments),
  }));
  const messages = scripted === undefined ? [] : scriptedMessages(scripted, request.form);
  // A scripted tool call needs no words of ours; what the tool answers is spoken of next.
  const isEnough = messages.length + toolCalls.length > 0;
  return { messages: isEnough ? messages : [unscriptedMessage(request)], toolCalls };
}

function scriptedMessages(scripted: ScriptedAnswer, form: AudioForm): readonly AnswerMessage[] {
  const { text, toneMs } = scripted;
  const texts = typeof text === "object" ? text : [text ?? `[simulated: a tune of ${toneMs} ms]`];
  if (text === undefined && toneMs === undefined) return [];
  return texts.map((words) => {
    const durationMs = toneMs ?? Math.min(words.length * MS_PER_CHARACTER, SCRIPTED_MS_MAX);
    return tune(form, "scripted", durationMs, words);
  });
}

function unscriptedMessage(request: AnswerRequest): AnswerMessage {
  const { unanswered, form, instructions } = request;
  const { toolName, toolOutputCharacters, textCount } = unanswered;
  if (toolName !== "") {
    const text = `[simulated: tool ${toolName} answered with ${toolOutputCharacters} characters]`;
    return tune(form, "tool", TOOL_ANSWER_MS, text);
  }
  if (unanswered.audio.length > 0) return echo(request);
  if (textCount > 0) {
    const text = `[simulated: answer to ${textCount} text messages]`;
    return tune(form, "text", TEXT_ANSWER_MS, text);
  }
  const text = instructions === "" ? "nothing new to answer" : "said as instructed";
  return tune(form, "greeting", GREETING_MS, `[simulated: ${text}]`);
}

/** `[simulated: 2.4 s of speech]`. */
export function simulatedTranscript(durationMs: number): string {
  return `[simulated: ${(durationMs / 1000).toFixed(1)} s of speech]`;
}

function echo({ unanswered, form, msMax }: AnswerRequest): AnswerMessage {
  const parts = unanswered.audio.map((part) => transcodeAudio(part.form, form, part.bytes));
  const joined = Buffer.concat(parts);
  const bytesMax = msMax * form.bytesPerMs;
  const audio = joined.subarray(Math.max(0, joined.length - bytesMax));
  const heardMs = audio.length / form.bytesPerMs;
  const transcript = `[simulated: your ${(heardMs / 1000).toFixed(1)} s of speech back]`;
  return { transcript, audio };
}

function tune(
  form: AudioForm,
  occasion: Occasion,
  durationMs: number,
  transcript: string,
): AnswerMessage {
  return { transcript, audio: melody(form, occasion, durationMs) };
}
