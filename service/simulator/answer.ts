// What a simulated agent says: the caller's own words back, or a tune. It never pretends to have
// understood: without a script every transcript says that it is simulated.
import { type AudioForm, transcodeAudio } from "./audio-forms.ts";
import { melody, type Occasion } from "./melodies.ts";
import type { Unanswered } from "./unanswered.ts";

export interface Answer {
  readonly transcript: string;
  readonly audio: Uint8Array;
  readonly toolCalls: readonly { readonly name: string; readonly argumentsText: string }[];
}

const GREETING_MS = 960;
const TEXT_ANSWER_MS = 1_280;
const TOOL_ANSWER_MS = 960;
const MS_PER_CHARACTER = 60;
const SCRIPTED_MS_MAX = 10_000;

export interface AnswerRequest {
  readonly unanswered: Unanswered;
  /** The format to answer in. */
  readonly form: AudioForm;
  /** Bounds what is spoken back. */
  readonly msMax: number;
  /** Of this response alone; "" for none. */
  readonly instructions: string;
}

export function createAnswer(request: AnswerRequest): Answer {
  const { unanswered, form, instructions } = request;
  const { scripted } = unanswered;
  const toolCalls = (scripted?.toolCalls ?? []).map((call) => ({
    name: call.name,
    argumentsText: JSON.stringify(call.arguments),
  }));
  // A response that calls tools says nothing; what the tool answers is spoken of next.
  if (toolCalls.length > 0) return { transcript: "", audio: new Uint8Array(0), toolCalls };
  if (scripted?.text !== undefined || scripted?.toneMs !== undefined) {
    const text = scripted.text ?? `[simulated: a tune of ${scripted.toneMs} ms]`;
    const durationMs = scripted.toneMs ?? Math.min(text.length * MS_PER_CHARACTER, SCRIPTED_MS_MAX);
    return tune(form, "scripted", durationMs, text);
  }
  if (unanswered.toolName !== "") {
    const { toolName, toolOutputCharacters } = unanswered;
    const text = `[simulated: tool ${toolName} answered with ${toolOutputCharacters} characters]`;
    return tune(form, "tool", TOOL_ANSWER_MS, text);
  }
  if (unanswered.audio.length > 0) return echo(request);
  if (unanswered.textCount > 0) {
    const text = `[simulated: answer to ${unanswered.textCount} text messages]`;
    return tune(form, "text", TEXT_ANSWER_MS, text);
  }
  const text = instructions === "" ? "nothing new to answer" : "said as instructed";
  return tune(form, "greeting", GREETING_MS, `[simulated: ${text}]`);
}

/** `[simulated: 2.4 s of speech]`. */
export function simulatedTranscript(durationMs: number): string {
  return `[simulated: ${(durationMs / 1000).toFixed(1)} s of speech]`;
}

function echo({ unanswered, form, msMax }: AnswerRequest): Answer {
  const parts = unanswered.audio.map((part) => transcodeAudio(part.form, form, part.bytes));
  const joined = Buffer.concat(parts);
  const bytesMax = msMax * form.bytesPerMs;
  const audio = joined.subarray(Math.max(0, joined.length - bytesMax));
  const heardMs = audio.length / form.bytesPerMs;
  const transcript = `[simulated: your ${(heardMs / 1000).toFixed(1)} s of speech back]`;
  return { transcript, audio, toolCalls: [] };
}

function tune(form: AudioForm, occasion: Occasion, durationMs: number, transcript: string): Answer {
  return { transcript, audio: melody(form, occasion, durationMs), toolCalls: [] };
}
