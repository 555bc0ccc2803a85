// The caller's side of a simulated session: append, commit, clear, the server's turn detection and
// the transcripts of what was committed.
import type {
  RealtimeCommandOf,
  SimulatedTurnDetection,
} from "../wire/realtime-command-schema.ts";
import { simulatedTranscript } from "./answer.ts";
import { type AudioForm, audioForm } from "./audio-forms.ts";
import { createInputBuffer } from "./input-buffer.ts";
import type { SessionContext } from "./session-context.ts";
import { keep } from "./simulator-record.ts";

export interface SessionInput {
  append(command: RealtimeCommandOf<"input_audio_buffer.append">): void;
  commit(command: RealtimeCommandOf<"input_audio_buffer.commit">): void;
  clear(): void;
  setForm(form: AudioForm): void;
  setTurnDetection(detection: SimulatedTurnDetection | null): void;
}

export interface SessionInputListener {
  /** The server's turn detection heard speech begin. */
  onSpeechStarted(): void;
  /** ... and end; the turn is committed. */
  onTurnCommitted(): void;
}

const COMMIT_MS_MIN = 100;

export function createSessionInput(
  context: SessionContext,
  listener: SessionInputListener,
): SessionInput {
  const { send, limits, items, random } = context;
  const form = () => audioForm(context.settings().inputFormat);
  /** Named when speech starts, used when it is committed. */
  let nextItemId = "";

  const buffer = createInputBuffer(form(), {
    onSpeechStarted(audioStartMs) {
      nextItemId = `item_${random.hex(8)}`;
      send({
        type: "input_audio_buffer.speech_started",
        audio_start_ms: audioStartMs,
        item_id: nextItemId,
      });
      listener.onSpeechStarted();
    },
    onSpeechStopped(audioEndMs) {
      send({
        type: "input_audio_buffer.speech_stopped",
        audio_end_ms: audioEndMs,
        item_id: nextItemId,
      });
      commitBuffer();
      listener.onTurnCommitted();
    },
  });
  buffer.setTurnDetection(context.settings().turnDetection);

  /** Makes an item of what is buffered; its transcript follows later, if one was asked for. */
  const commitBuffer = () => {
    const audio = buffer.take();
    const id = nextItemId || `item_${random.hex(8)}`;
    nextItemId = "";
    const { bytesPerMs } = form();
    const audioMs = audio.length / bytesPerMs;
    const scripted = context.unanswered.addAudio(form(), audio);
    const { recorder, clock } = context;
    if (recorder !== undefined) keep(recorder.committed, { atMs: clock.nowMs(), itemId: id, audio });
    const previous = items.lastId();
    const after = previous === null ? {} : { previous_item_id: previous };
    send({ type: "input_audio_buffer.committed", item_id: id, ...after });
    const item = {
      id,
      object: "realtime.item" as const,
      type: "message" as const,
      role: "user" as const,
      status: "completed" as const,
      content: [{ type: "input_audio" as const }],
    };
    const kept = { isAgentAudio: false, isTruncated: false, bytesPerMs, audioMs, audio };
    const stored = { id, item, ...kept };
    context.addItem(stored);
    context.finishItem(stored);
    if (context.settings().transcription === null) return;
    const transcript = scripted?.transcript ?? simulatedTranscript(audioMs);
    context.after(limits.transcriptionDelayMs, () => transcribe(id, transcript, audioMs));
  };

  const transcribe = (itemId: string, transcript: string, audioMs: number) => {
    const type = "conversation.item.input_audio_transcription";
    const head = { item_id: itemId, content_index: 0 };
    send({ type: `${type}.delta`, ...head, delta: transcript });
    const usage = { type: "duration" as const, seconds: audioMs / 1000 };
    send({ type: `${type}.completed`, ...head, transcript, usage });
  };

  return {
    append(command) {
      const bytes = Buffer.from(command.audio, "base64");
      if (!isBase64Of(command.audio, bytes.length)) {
        const message =
          "Invalid 'audio'. Expected base64-encoded audio bytes but got invalid base64.";
        context.refuse(command, { code: "invalid_value", message, param: "audio" });
        return;
      }
      if (buffer.bufferedMs() + bytes.length / form().bytesPerMs > limits.inputMsMax) {
        const message = `Input audio buffer is full: it holds at most ${limits.inputMsMax} ms.`;
        context.refuse(command, { code: "input_audio_buffer_full", message, param: "audio" });
        return;
      }
      buffer.append(bytes);
    },
    commit(command) {
      const bufferedMs = buffer.bufferedMs();
      if (bufferedMs >= COMMIT_MS_MIN) {
        commitBuffer();
        return;
      }
      const message =
        "Error committing input audio buffer: buffer too small. Expected at least " +
        `${COMMIT_MS_MIN}ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`;
      context.refuse(command, { code: "input_audio_buffer_commit_empty", message });
    },
    clear() {
      buffer.clear();
      nextItemId = "";
      send({ type: "input_audio_buffer.cleared" });
    },
    setForm: (next) => buffer.setForm(next),
    setTurnDetection: (detection) => buffer.setTurnDetection(detection),
  };
}

/** Lenient decoders skip what is not base64; then fewer bytes come out than went in. */
function isBase64Of(text: string, byteCount: number): boolean {
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  return Math.floor((text.length * 3) / 4) - padding === byteCount;
}
