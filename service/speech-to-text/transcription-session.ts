// A Realtime session that only writes down: what it is asked to be, and a listener that hears nothing
// of answers, because none is ever asked for.
import type { UpstreamListener, UpstreamSession } from "../contract/upstream.ts";

/** The protocol's PCM has this rate only. */
export const TRANSCRIPTION_RATE_HZ = 24_000;

/** Turns are ours: the provider commits nothing by itself. */
export function transcriptionSession(model: string): UpstreamSession {
  return {
    instructions: "",
    voice: "",
    tools: [],
    turnDetection: null,
    transcriptionModel: model,
    format: { encoding: "pcm16", rateHz: TRANSCRIPTION_RATE_HZ },
  };
}

const nothing = () => undefined;

export const DEAF: UpstreamListener = {
  onReady: nothing,
  onCommitted: nothing,
  onSpeechStarted: nothing,
  onSpeechStopped: nothing,
  onResponseCreated: nothing,
  onAudio: nothing,
  onAudioDone: nothing,
  onAgentTranscript: nothing,
  onCallerTranscript: nothing,
  onToolCall: nothing,
  onResponseDone: nothing,
  onError: nothing,
  onClosed: nothing,
};
