// What a simulated session writes down of its caller. An ordinary session tells an utterance in one
// piece; a session that only writes down tells word by word, and with `wordMs` in the script already
// while the audio comes, as models do that write down as they listen.
import { simulatedTranscript } from "./answer.ts";
import type { ScriptedTurn } from "./script.ts";
import type { SessionContext } from "./session-context.ts";

export interface CallerTranscripts {
  /** Whether so much uncommitted audio gives a word that was not told yet. */
  isDue(bufferedMs: number): boolean;
  /** Tells the words that are due, as those of the item that the audio will be. */
  onHeard(itemId: string, bufferedMs: number): void;
  /** The audio was thrown away. */
  clear(): void;
  /** The rest follows `transcriptionDelayMs` later, if a transcription was asked for. */
  onCommitted(itemId: string, scripted: ScriptedTurn | undefined, audioMs: number): void;
}

const TYPE = "conversation.item.input_audio_transcription";

export function createCallerTranscripts(context: SessionContext): CallerTranscripts {
  /** Words of the uncommitted audio that were told. */
  let toldCount = 0;

  const words = (transcript: string) => transcript.split(/(?<= )/);
  const isWriter = () =>
    context.settings().kind === "transcription" && context.settings().transcription !== null;
  const dueWords = (bufferedMs: number): readonly string[] => {
    const scripted = isWriter() ? context.unanswered.nextAudio() : undefined;
    const { wordMs, transcript } = scripted ?? {};
    if (wordMs === undefined || transcript === undefined) return [];
    return words(transcript).slice(toldCount, Math.floor(bufferedMs / wordMs));
  };
  const tell = (itemId: string, delta: string) =>
    context.send({ type: `${TYPE}.delta`, item_id: itemId, content_index: 0, delta });

  const complete = (itemId: string, transcript: string, audioMs: number) => {
    const usage = { type: "duration" as const, seconds: audioMs / 1000 };
    const head = { item_id: itemId, content_index: 0 };
    context.send({ type: `${TYPE}.completed`, ...head, transcript, usage });
  };

  return {
    isDue: (bufferedMs) => dueWords(bufferedMs).length > 0,
    onHeard(itemId, bufferedMs) {
      for (const word of dueWords(bufferedMs)) {
        toldCount += 1;
        tell(itemId, word);
      }
    },
    clear() {
      toldCount = 0;
    },
    onCommitted(itemId, scripted, audioMs) {
      const told = toldCount;
      toldCount = 0;
      if (context.settings().transcription === null) return;
      const { transcriptionDelayMs } = context.limits;
      const failure = scripted?.transcriptionError;
      if (failure !== undefined) {
        const error = { type: "transcription_error", ...failure };
        const event = { item_id: itemId, content_index: 0, error };
        context.after(transcriptionDelayMs, () =>
          context.send({ type: `${TYPE}.failed`, ...event }),
        );
        return;
      }
      const transcript = scripted?.transcript ?? simulatedTranscript(audioMs);
      const pieces = isWriter() ? words(transcript).slice(told) : [transcript];
      for (const [index, piece] of pieces.entries()) {
        const delayMs = Math.round((transcriptionDelayMs * (index + 1)) / pieces.length);
        context.after(delayMs, () => tell(itemId, piece));
      }
      context.after(transcriptionDelayMs, () => complete(itemId, transcript, audioMs));
    },
  };
}
