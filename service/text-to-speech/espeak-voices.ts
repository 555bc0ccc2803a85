// The table that `espeak-ng --voices` prints -> voices. Columns are separated by spaces:
//
//   Pty Language       Age/Gender VoiceName          File                 Other Languages
//    2  en-us           --/M      English_(America)  gmw/en-US            (en 3)
//
// Left out: voices of MBROLA, which need data of their own, and a language's second row.
import type { Voice } from "../contract/text-to-speech.ts";

const ROW = /^ *\d+ +(\S+) +\S*\/([MF-]) +(\S+) +(\S+)/;
const GENDERS: Readonly<Record<string, Voice["gender"]>> = { M: "male", F: "female" };

export function readVoices(table: string, rateHz: number): Voice[] {
  const voices = new Map<string, Voice>();
  for (const line of table.split("\n")) {
    const [, language = "", gender = "", name = "", file = ""] = ROW.exec(line) ?? [];
    if (language === "" || file.startsWith("mb/") || voices.has(language)) continue;
    voices.set(language, {
      id: language,
      name: name.replaceAll("_", " ").trim(),
      language,
      gender: GENDERS[gender] ?? "neutral",
      rateHz,
    });
  }
  return [...voices.values()];
}
