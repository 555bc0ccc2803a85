// Several engines as one: the next is asked when one fails, also when it does not know the language.
// Station: under the streamer, where an engine is configured with others behind it
// (provider/fallback-chain.ts).
import { assert } from "../assert.ts";
import type { SpeechToTextEngine } from "../contract/speech-to-text.ts";
import { FallbackChain, type FallbackDeps } from "../provider/fallback-chain.ts";

/** engines: the preferred first. Words have times only when all give them; close() closes all. */
export function createFallbackEngine(
  engines: readonly SpeechToTextEngine[],
  settings: { readonly purpose: string; readonly rememberMs: number },
  deps: FallbackDeps,
): SpeechToTextEngine {
  const [first] = engines;
  assert(first !== undefined, "a chain must have an engine");
  const chain = new FallbackChain(engines, settings, deps);
  const languages = engines.map(({ support }) => support.languages);
  return {
    name: engines.map(({ name }) => name).join("|"),
    support: {
      languages: languages.some((known) => known === "any")
        ? "any"
        : [...new Set(languages.flatMap((known) => (known === "any" ? [] : known)))],
      isLanguageDetected: engines.every(({ support }) => support.isLanguageDetected),
      hasWordTimes: engines.every(({ support }) => support.hasWordTimes),
      hasConfidence: engines.every(({ support }) => support.hasConfidence),
      isStreaming: false,
      chunkMs: first.support.chunkMs,
    },
    transcribe: (audio, options, signal) =>
      chain.ask((engine) => engine.transcribe(audio, options, signal), signal),
    close() {
      for (const engine of engines) engine.close();
    },
  };
}
