// The first command of a session that only writes down, as text; append, commit, clear and delete are
// those of realtime-commands.ts. Source: protocols.md 1.2.
import type {
  RealtimeAudioFormats,
  RealtimeClientEvent,
  RealtimeTranscriptionSessionCreateRequest,
} from "openai/resources/realtime/realtime";

export interface TranscriptionFormat {
  readonly type: "audio/pcm" | "audio/pcmu" | "audio/pcma";
  /** G.711 is 8 kHz and says no rate on the wire. */
  readonly rateHz: number;
}

export interface TranscriptionTerms {
  readonly format: TranscriptionFormat;
  readonly model: string;
  /** ISO 639-1; "": the model finds out. */
  readonly language: string;
}

/** Turns are ours, so the server's detection is sent as null: left out it would stay on (RT-01). */
export function transcriptionUpdateText(commandId: string, terms: TranscriptionTerms): string {
  const { model, language } = terms;
  const session: RealtimeTranscriptionSessionCreateRequest = {
    type: "transcription",
    audio: {
      input: {
        format: writtenFormat(terms.format),
        transcription: { model, ...(language !== "" && { language }) },
        turn_detection: null,
      },
    },
  };
  const event: RealtimeClientEvent = { type: "session.update", event_id: commandId, session };
  return JSON.stringify(event);
}

/** The package's type knows 24 kHz only; servers of others take 16 kHz (protocols.md 1.7). */
function writtenFormat({ type, rateHz }: TranscriptionFormat): RealtimeAudioFormats {
  return type === "audio/pcm" ? { type, rate: rateHz as 24_000 } : { type };
}
