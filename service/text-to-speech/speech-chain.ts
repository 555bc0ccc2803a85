// Several speech engines as one: the next one speaks when one fails before its first audio. Stands
// between the streamer and the engines. Voices differ between engines, so each link may have its own.
// Source: S2-87, S2-88; the order and the memory are FallbackChain's.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import type { Metrics } from "../contract/metrics.ts";
import type { TextToSpeech } from "../contract/text-to-speech.ts";
import { FallbackChain } from "../provider/fallback-chain.ts";

const REMEMBER_MS = 60_000;

export interface SpeechChainLink {
  readonly engine: TextToSpeech;
  /** "" for the voice that the call asks for. */
  readonly voice: string;
}

/** The first link is preferred. What only some of them support, the chain does not. */
export function createSpeechChain(
  links: readonly SpeechChainLink[],
  deps: { readonly clock: Clock; readonly metrics: Metrics },
): TextToSpeech {
  assert(links.length > 0, "a chain must have an engine");
  const chain = new FallbackChain(
    links,
    { purpose: "text_to_speech", rememberMs: REMEMBER_MS },
    deps,
  );
  const all = (has: (support: TextToSpeech["support"]) => boolean) =>
    links.every(({ engine }) => has(engine.support));
  return {
    name: links.map(({ engine }) => engine.name).join(","),
    support: {
      hasSsml: all(({ hasSsml }) => hasSsml),
      hasRate: all(({ hasRate }) => hasRate),
      hasPitch: all(({ hasPitch }) => hasPitch),
      isStreaming: all(({ isStreaming }) => isStreaming),
      hasWordTimes: all(({ hasWordTimes }) => hasWordTimes),
    },
    voices: (signal) => chain.ask(({ engine }) => engine.voices(signal), signal),
    synthesize: (request, signal) =>
      chain.stream(({ engine, voice }) => {
        const own = voice === "" ? request.voice : voice;
        return engine.synthesize({ ...request, voice: own }, signal);
      }, signal),
    close: () => {
      for (const { engine } of links) engine.close();
    },
  };
}
