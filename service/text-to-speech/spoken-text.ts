// A sentence as it was written -> as it is spoken: Markdown and emoji gone, then numbers, dates, money
// and the like as words of the language. Stands between the sentence cutter and the engine.
// English and German have rules of their own; other languages keep their numbers and symbols, which
// engines read by themselves.
// Limits: rules, no grammar; a text has at most SPEECH_INTERJECTION_CHARS_MAX characters. Every rule
// is a regular expression without nested repetition, so that its time grows with the text.
import { englishRules } from "./spoken-english.ts";
import { GERMAN_RULES } from "./spoken-german.ts";

/** What is found -> what is said instead; a group that is not there is "". */
export type SpokenRule = readonly [RegExp, (found: string, ...groups: string[]) => string];

const ENGLISH = new Map<string, readonly SpokenRule[]>();

/** language: BCP 47, "" when unknown. */
export function spokenText(text: string, language: string): string {
  const plain = withoutMarkdown(text);
  return applied(plain, rulesOf(language.toLowerCase())).replace(/\s+/g, " ").trim();
}

/** Escaped; rate and pitch only where the engine has no setting of its own for them: 1 and 0. */
export function ssmlOf(
  text: string,
  prosody: { readonly rate: number; readonly pitchSemitones: number },
): string {
  const { rate, pitchSemitones } = prosody;
  const escaped = text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
  if (rate === 1 && pitchSemitones === 0) return `<speak>${escaped}</speak>`;
  const pitch = `${pitchSemitones < 0 ? "" : "+"}${pitchSemitones}st`;
  const rates = `${Math.round(rate * 100)}%`;
  return `<speak><prosody rate="${rates}" pitch="${pitch}">${escaped}</prosody></speak>`;
}

function rulesOf(language: string): readonly SpokenRule[] {
  const [primary] = language.split("-");
  if (primary === "de") return GERMAN_RULES;
  if (primary !== "en") return [];
  // Of the two ways to read a date.
  const key = language.slice(0, 5);
  const rules = ENGLISH.get(key) ?? englishRules(language);
  if (ENGLISH.size < 32) ENGLISH.set(key, rules);
  return rules;
}

function applied(text: string, rules: readonly SpokenRule[]): string {
  let spoken = text;
  for (const [pattern, say] of rules) {
    spoken = spoken.replace(pattern, (found: string, ...rest: unknown[]) => {
      // Behind the groups come the offset and the text.
      const groups = rest.slice(0, -2).map((group) => (typeof group === "string" ? group : ""));
      return say(found, ...groups);
    });
  }
  return spoken;
}

function withoutMarkdown(text: string): string {
  return (
    text
      // What no voice can say: control characters, emoji and their joiners.
      .replace(/[\p{Cc}\p{Co}\p{Cs}]/gu, (sign) => (/\s/.test(sign) ? sign : " "))
      .replace(
        /\p{Extended_Pictographic}|\p{Regional_Indicator}|\p{Emoji_Modifier}|\u200d|\ufe0f/gu,
        (sign) => (/[©®™↔]/.test(sign) ? sign : " "),
      )
      .replace(/```\w*/g, " ")
      .replace(/!?\[([^\]\n]*)\]\([^)\s]*\)/g, "$1")
      .replace(/^\s*(?:#{1,6}|>|[-*+•]) +/gm, "")
      .replace(/\*{1,3}|`|(?<=^|\s)_{1,3}|_{1,3}(?=\s|$|[.,!?])|~~/g, "")
      .replace(/^\s*[-=*_|: ]{3,}$/gm, " ")
      .replace(/\s*\|\s*/g, ", ")
  );
}
