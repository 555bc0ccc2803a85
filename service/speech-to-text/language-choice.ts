// Which language an engine is told to hear: the caller's hint when it knows that language, its only
// one when it cannot detect any, else none.
import type { SpeechToTextSupport } from "../contract/speech-to-text.ts";
import { VoxError } from "../errors.ts";

/**
 * ISO 639-1, "" to detect. `hint`: ISO 639-1 or BCP 47 ("en-US"), "" for none. Throws VoxError
 * `unsupported_language`.
 */
export function languageFor(name: string, support: SpeechToTextSupport, hint: string): string {
  const language = (hint.split("-")[0] ?? "").toLowerCase();
  const { languages, isLanguageDetected } = support;
  if (languages === "any") return language;
  if (language === "") return isLanguageDetected ? "" : (languages[0] ?? "");
  if (languages.includes(language)) return language;
  const message = `Cannot transcribe: language is "${language}", must be one of ${languages.join(", ")}`;
  throw new VoxError(message, {
    code: "unsupported_language",
    isRetryable: false,
    provider: name,
  });
}
