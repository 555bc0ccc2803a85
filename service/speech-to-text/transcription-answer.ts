// Reads what `/v1/audio/transcriptions` answers: json (text alone, log probabilities on request) or
// verbose_json (segments and words with times).
// Station: between the HTTP client and the streamer.
// Source: OpenAI API reference, "Create transcription"; faster-whisper's and whisper.cpp's servers
// add a probability to each word, and leave out what they do not have.
import { z } from "zod";
import type { TranscribedWord, Transcript } from "../contract/speech-to-text.ts";
import { protocolFailure } from "../provider/http-failure.ts";

const WORDS_MAX = 20_000;

const wordSchema = z.object({
  word: z.string(),
  start: z.number(),
  end: z.number(),
  probability: z.number().nullish(),
});

const segmentSchema = z.object({
  text: z.string().nullish(),
  start: z.number().nullish(),
  end: z.number().nullish(),
  avg_logprob: z.number().nullish(),
  no_speech_prob: z.number().nullish(),
  words: z.array(wordSchema).max(WORDS_MAX).nullish(),
});

const answerSchema = z.object({
  text: z.string(),
  language: z.string().nullish(),
  words: z.array(wordSchema).max(WORDS_MAX).nullish(),
  segments: z.array(segmentSchema).max(WORDS_MAX).nullish(),
  logprobs: z
    .array(z.object({ logprob: z.number() }))
    .max(WORDS_MAX)
    .nullish(),
});

type Segment = z.infer<typeof segmentSchema>;
type ListedWord = z.infer<typeof wordSchema>;

/** Whisper's own rule for a segment in which nobody speaks (openai/whisper, transcribe.py). */
const NO_SPEECH_MIN = 0.6;
const NO_SPEECH_LOGPROB_MAX = -1;

/** whisper.cpp writes what is no speech in brackets: "[BLANK_AUDIO]", "[ Silence ]". */
const NOT_SPEECH = /\[\s*(?:BLANK_AUDIO|SILENCE|MUSIC|NOISE|INAUDIBLE)\s*\]/gi;

/** Times are ms since the piece's first sample. Throws VoxError `engine_protocol`. */
export function transcriptOfAnswer(
  provider: string,
  answer: unknown,
  asked: { readonly language: string; readonly audioMs: number },
): Transcript {
  const parsed = answerSchema.safeParse(answer);
  if (!parsed.success) throw protocolFailure(provider, "the answer is no transcription");
  const { text, language, words, segments, logprobs } = parsed.data;
  const spoken = (segments ?? []).filter((segment) => !isSilent(segment));
  const isCut = spoken.length < (segments ?? []).length;
  const written = isCut ? spoken.map((segment) => segment.text ?? "").join(" ") : text;
  const listed = words ?? spoken.flatMap((segment) => segment.words ?? []);
  const timed = listed.filter((word) => !isCut || isWithin(word, spoken));
  return {
    text: written.replace(NOT_SPEECH, " ").replace(/\s+/g, " ").trim(),
    confidence: confidenceOf(timed, spoken, logprobs ?? []),
    startMs: 0,
    endMs: asked.audioMs,
    language: languageCode(language ?? "") || asked.language,
    words: timed.map((word) => transcribedWord(word, spoken)),
  };
}

function isSilent({ avg_logprob, no_speech_prob }: Segment): boolean {
  return (no_speech_prob ?? 0) > NO_SPEECH_MIN && (avg_logprob ?? 0) < NO_SPEECH_LOGPROB_MAX;
}

function isWithin(word: ListedWord, segments: readonly Segment[]): boolean {
  return segments.some(({ start, end }) => (start ?? 0) <= word.start && word.start <= (end ?? 0));
}

function transcribedWord(word: ListedWord, segments: readonly Segment[]): TranscribedWord {
  const segment = segments.find((candidate) => isWithin(word, [candidate]));
  const confidence = word.probability ?? chance(segment?.avg_logprob ?? 0);
  const startMs = Math.max(0, word.start * 1000);
  const endMs = Math.max(startMs, word.end * 1000);
  return {
    word: word.word.trim(),
    startMs,
    endMs,
    confidence: Math.min(1, Math.max(0, confidence)),
  };
}

/** The mean of the words, else of the segments, else of the tokens; 1 when nothing is said. */
function confidenceOf(
  words: readonly ListedWord[],
  segments: readonly Segment[],
  tokens: readonly { readonly logprob: number }[],
): number {
  const known =
    firstKnown(words.map(({ probability }) => probability)) ??
    firstKnown(segments.map(({ avg_logprob }) => avg_logprob).map(chanceOrNothing)) ??
    firstKnown(tokens.map(({ logprob }) => chance(logprob)));
  return known === undefined ? 1 : Math.min(1, Math.max(0, known));
}

/** The mean of a list whose first entry is there. */
function firstKnown(values: readonly (number | null | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== null && value !== undefined);
  if (known.length === 0) return undefined;
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

function chanceOrNothing(logprob: number | null | undefined): number | undefined {
  return logprob === null || logprob === undefined ? undefined : chance(logprob);
}

function chance(logprob: number): number {
  return Math.min(1, Math.exp(logprob));
}

const LANGUAGE_CODES = new Map<string, string>();

/** "en" and "EN-us" -> "en"; "english", as OpenAI writes it -> "en"; "" when it is neither. */
function languageCode(name: string): string {
  const lower = name.trim().toLowerCase();
  if (/^[a-z]{2}(?:-|$)/.test(lower)) return lower.slice(0, 2);
  if (LANGUAGE_CODES.size === 0) fillLanguageCodes();
  return LANGUAGE_CODES.get(lower) ?? "";
}

function fillLanguageCodes(): void {
  const names = new Intl.DisplayNames(["en"], { type: "language", fallback: "none" });
  const letters = "abcdefghijklmnopqrstuvwxyz".split("");
  for (const code of letters.flatMap((first) => letters.map((second) => first + second))) {
    const name = names.of(code)?.toLowerCase();
    if (name !== undefined && !LANGUAGE_CODES.has(name)) LANGUAGE_CODES.set(name, code);
  }
}
