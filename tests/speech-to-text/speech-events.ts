// A SpeechToTextListener that keeps what it was told, for tests.
import type { SpeechToTextListener, Transcript } from "../../service/contract/speech-to-text.ts";

export interface SpeechEvent {
  readonly kind: "partial" | "sentence" | "final" | "failed";
  readonly utterance: number;
  readonly text: string;
  readonly transcript: Transcript | undefined;
  readonly error: Error | undefined;
}

export interface SpeechEvents extends SpeechToTextListener {
  readonly all: readonly SpeechEvent[];
  /** Texts of one kind, oldest first. */
  texts(kind: SpeechEvent["kind"]): string[];
  last(): SpeechEvent | undefined;
}

export function createSpeechEvents(): SpeechEvents {
  const all: SpeechEvent[] = [];
  const keep = (kind: SpeechEvent["kind"]) => (utterance: number, transcript: Transcript) => {
    all.push({ kind, utterance, text: transcript.text, transcript, error: undefined });
  };
  return {
    all,
    onPartial: keep("partial"),
    onSentence: keep("sentence"),
    onFinal: keep("final"),
    onFailed: (utterance, error) => {
      all.push({ kind: "failed", utterance, text: "", transcript: undefined, error });
    },
    texts: (kind) => all.filter((event) => event.kind === kind).map(({ text }) => text),
    last: () => all.at(-1),
  };
}
