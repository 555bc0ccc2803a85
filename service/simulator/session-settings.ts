// The settings of one simulated session: the server's defaults, and what session.update changes.
// Source: protocols.md 1.2. "Left out" and "null" differ: the first keeps, the second clears.
import type {
  RealtimeSessionCreateRequest,
  RealtimeTranscriptionSessionCreateRequest,
} from "openai/resources/realtime/realtime";
import type {
  SessionChange,
  SimulatedFormat,
  SimulatedTurnDetection,
} from "../wire/realtime-command-schema.ts";

/** What a session is for: to converse, or to write down what the caller says and nothing else. */
export type SessionKind = "realtime" | "transcription";

export interface SessionSettings {
  readonly kind: SessionKind;
  readonly model: string;
  readonly instructions: string;
  readonly modality: "audio" | "text";
  readonly inputFormat: SimulatedFormat;
  readonly outputFormat: SimulatedFormat;
  readonly turnDetection: SimulatedTurnDetection | null;
  readonly transcription: { readonly model?: string | undefined } | null;
  readonly noiseReduction: unknown;
  readonly voice: unknown;
  readonly speed: number;
  readonly tools: readonly unknown[];
  readonly toolChoice: unknown;
  readonly tokensMax: number | "inf";
}

export function defaultSettings(kind: SessionKind, model: string): SessionSettings {
  const format: SimulatedFormat = { type: "audio/pcm", rate: 24_000 };
  return {
    kind,
    model,
    instructions: "",
    modality: "audio",
    inputFormat: format,
    outputFormat: format,
    // Who does not switch it off has it on; null in a session.update switches it off.
    turnDetection: {
      type: "server_vad",
      threshold: 0.5,
      prefix_padding_ms: 300,
      silence_duration_ms: 500,
      create_response: true,
      interrupt_response: true,
    },
    transcription: null,
    noiseReduction: null,
    voice: "marin",
    speed: 1,
    tools: [],
    toolChoice: "auto",
    tokensMax: "inf",
  };
}

/** The settings after a change: only present fields change. */
export function changedSettings(settings: SessionSettings, change: SessionChange): SessionSettings {
  const input = change.audio?.input ?? {};
  const heard: SessionSettings = {
    ...settings,
    inputFormat: input.format ?? settings.inputFormat,
    turnDetection: kept(input.turn_detection, settings.turnDetection),
    transcription: kept(input.transcription, settings.transcription),
    noiseReduction: kept(input.noise_reduction, settings.noiseReduction),
  };
  if (change.type === "transcription") return heard;
  const output = change.audio?.output ?? {};
  return {
    ...heard,
    instructions: change.instructions ?? settings.instructions,
    modality: change.output_modalities?.[0] ?? settings.modality,
    outputFormat: output.format ?? settings.outputFormat,
    voice: output.voice ?? settings.voice,
    speed: output.speed ?? settings.speed,
    tools: change.tools ?? settings.tools,
    toolChoice: change.tool_choice ?? settings.toolChoice,
    tokensMax: change.max_output_tokens ?? settings.tokensMax,
  };
}

/** The session as session.created and session.updated show it. */
export function settingsEcho(
  settings: SessionSettings,
  sessionId: string,
  expiresAtSeconds: number,
): RealtimeSessionCreateRequest | RealtimeTranscriptionSessionCreateRequest {
  const input = {
    format: settings.inputFormat,
    transcription: settings.transcription,
    noise_reduction: settings.noiseReduction,
    turn_detection: settings.turnDetection,
  };
  if (settings.kind === "transcription") {
    const echo = {
      type: "transcription",
      object: "realtime.transcription_session",
      id: sessionId,
      expires_at: expiresAtSeconds,
      audio: { input },
    };
    return echo as unknown as RealtimeTranscriptionSessionCreateRequest;
  }
  const echo = {
    type: "realtime",
    object: "realtime.session",
    id: sessionId,
    model: settings.model,
    instructions: settings.instructions,
    output_modalities: [settings.modality],
    tools: settings.tools,
    tool_choice: settings.toolChoice,
    max_output_tokens: settings.tokensMax,
    expires_at: expiresAtSeconds,
    audio: {
      input,
      output: {
        format: settings.outputFormat,
        voice: settings.voice,
        speed: settings.speed,
      },
    },
  };
  // The package's type of the echo is the request's, without the fields only a server sets.
  return echo as unknown as RealtimeSessionCreateRequest;
}

function kept<T>(value: T | null | undefined, current: T | null): T | null {
  return value === undefined ? current : value;
}
