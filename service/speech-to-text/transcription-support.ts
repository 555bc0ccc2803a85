// What every recogniser that speaks the Realtime protocol can do, whichever kind of session it is asked
// over. Station: beside realtime-transcription.ts and transcription-socket.ts.
import type { SpeechToTextSupport } from "../contract/speech-to-text.ts";

/** Of the caller's audio in one append. */
const CHUNK_MS = 20;

/** languages: it is told of; none: any. */
export function transcriptionSupport(languages: readonly string[]): SpeechToTextSupport {
  return {
    languages: languages.length === 0 ? "any" : languages,
    isLanguageDetected: true,
    hasWordTimes: false,
    hasConfidence: false,
    isStreaming: true,
    chunkMs: CHUNK_MS,
  };
}
