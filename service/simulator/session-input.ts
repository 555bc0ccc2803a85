// The caller's side of a simulated session: append, commit, clear, the server's turn detection and
// the transcripts of what was committed.
import type { RealtimeCommandOf, SimulatedTurnDetection } from "../wire/realtime-command-schema.ts";
import { type AudioForm, audioForm } from "./audio-forms.ts";
import { silentItem, type StoredItem } from "./conversation-items.ts";
import { createInputBuffer, type InputBuffer } from "./input-buffer.ts";
import { createCallerTranscripts, type CallerTranscripts } from "./caller-transcripts.ts";
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
  return new CallerInput(context, listener);
}

class CallerInput implements SessionInput {
  readonly #context: SessionContext;
  readonly #listener: SessionInputListener;
  readonly #buffer: InputBuffer;
  readonly #transcripts: CallerTranscripts;
  /** Named when speech starts, used when it is committed. */
  #nextItemId = "";

  constructor(context: SessionContext, listener: SessionInputListener) {
    this.#context = context;
    this.#listener = listener;
    this.#transcripts = createCallerTranscripts(context);
    this.#buffer = createInputBuffer(this.#form(), {
      onSpeechStarted: (audioStartMs) => this.#onSpeechStarted(audioStartMs),
      onSpeechStopped: (audioEndMs) => this.#onSpeechStopped(audioEndMs),
    });
    this.#buffer.setTurnDetection(context.settings().turnDetection);
  }

  append(command: RealtimeCommandOf<"input_audio_buffer.append">): void {
    const bytes = Buffer.from(command.audio, "base64");
    const msMax = this.#context.limits.inputMsMax;
    const refuse = (code: string, message: string) =>
      this.#context.refuse(command, { code, message, param: "audio" });
    if (!isBase64Of(command.audio, bytes.length)) {
      const wanted = "Expected base64-encoded audio bytes but got invalid base64.";
      refuse("invalid_value", `Invalid 'audio'. ${wanted}`);
    } else if (this.#buffer.bufferedMs() + bytes.length / this.#form().bytesPerMs > msMax) {
      const message = `Input audio buffer is full: it holds at most ${msMax} ms.`;
      refuse("input_audio_buffer_full", message);
    } else this.#take(bytes);
  }

  commit(command: RealtimeCommandOf<"input_audio_buffer.commit">): void {
    const bufferedMs = this.#buffer.bufferedMs();
    if (bufferedMs >= COMMIT_MS_MIN) {
      this.#commit(this.#buffer.takeAll());
      return;
    }
    const message =
      "Error committing input audio buffer: buffer too small. Expected at least " +
      `${COMMIT_MS_MIN}ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`;
    this.#context.refuse(command, { code: "input_audio_buffer_commit_empty", message });
  }

  clear(): void {
    this.#buffer.clear();
    this.#transcripts.clear();
    this.#nextItemId = "";
    this.#context.send({ type: "input_audio_buffer.cleared" });
  }

  setForm(form: AudioForm): void {
    this.#buffer.setForm(form);
  }

  setTurnDetection(detection: SimulatedTurnDetection | null): void {
    this.#buffer.setTurnDetection(detection);
  }

  #take(bytes: Uint8Array): void {
    this.#buffer.append(bytes);
    const bufferedMs = this.#buffer.bufferedMs();
    if (!this.#transcripts.isDue(bufferedMs)) return;
    this.#nextItemId ||= this.#newItemId();
    this.#transcripts.onHeard(this.#nextItemId, bufferedMs);
  }

  #newItemId(): string {
    return `item_${this.#context.random.hex(8)}`;
  }

  #form(): AudioForm {
    return audioForm(this.#context.settings().inputFormat);
  }

  #onSpeechStarted(audioStartMs: number): void {
    this.#nextItemId ||= this.#newItemId();
    this.#context.send({
      type: "input_audio_buffer.speech_started",
      audio_start_ms: audioStartMs,
      item_id: this.#nextItemId,
    });
    this.#listener.onSpeechStarted();
  }

  #onSpeechStopped(audioEndMs: number): void {
    // The client may have committed the words meanwhile; what lies behind them is an item too.
    this.#nextItemId ||= this.#newItemId();
    this.#context.send({
      type: "input_audio_buffer.speech_stopped",
      audio_end_ms: audioEndMs,
      item_id: this.#nextItemId,
    });
    this.#commit(this.#buffer.takeTurn());
    this.#listener.onTurnCommitted();
  }

  /** Makes an item of what was buffered; its transcript follows later, if one was asked for. */
  #commit(audio: Uint8Array): void {
    const { send, items, recorder, clock } = this.#context;
    const form = this.#form();
    const audioMs = audio.length / form.bytesPerMs;
    const id = this.#nextItemId || this.#newItemId();
    this.#nextItemId = "";
    const scripted = this.#context.unanswered.addAudio(form, audio);
    if (recorder !== undefined)
      keep(recorder.committed, { atMs: clock.nowMs(), itemId: id, audio });
    const previous = items.lastId();
    const after = previous === null ? {} : { previous_item_id: previous };
    send({ type: "input_audio_buffer.committed", item_id: id, ...after });
    const stored = { ...silentItem(id, callerMessage(id)), audioMs, audio };
    this.#context.addItem(stored);
    this.#context.finishItem(stored);
    this.#transcripts.onCommitted(id, scripted, audioMs);
  }
}

function callerMessage(id: string): StoredItem["item"] {
  return {
    id,
    object: "realtime.item",
    type: "message",
    role: "user",
    status: "completed",
    content: [{ type: "input_audio" }],
  };
}

/** Lenient decoders skip what is not base64; then fewer bytes come out than went in. */
function isBase64Of(text: string, byteCount: number): boolean {
  if (text.length % 4 !== 0) return false;
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  return (text.length * 3) / 4 - padding === byteCount;
}
