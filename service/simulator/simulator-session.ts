// One session of the simulated Realtime API server: takes a client's commands one by one and obeys
// or refuses them by the real server's rules (protocols.md 1.2 to 1.6). No sockets in here.
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import {
  parseRealtimeCommand,
  type RealtimeCommand,
  type RealtimeCommandOf,
  type SimulatedTurnDetection,
} from "../wire/realtime-command-schema.ts";
import { createAnswer, simulatedTranscript, type Unanswered } from "./answer.ts";
import { audioForm } from "./audio-forms.ts";
import { createConversationItems, type StoredItem } from "./conversation-items.ts";
import { createInputBuffer } from "./input-buffer.ts";
import { createResponseRun, type ResponseRun } from "./response-run.ts";
import { type ScriptedAnswer, scriptedTurn, type SimulatorScript } from "./script.ts";
import { errorEvent, type ServerEvent } from "./server-events.ts";
import { changedSettings, defaultSettings, settingsEcho } from "./session-settings.ts";
import type { SimulatorLimits } from "./simulator-options.ts";
import { MS_PER_MINUTE } from "./simulator-options.ts";
import { keep, type SessionRecorder } from "./simulator-record.ts";

export interface SimulatorSessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SimulatorLimits;
  readonly script: SimulatorScript | undefined;
  readonly sessionId: string;
  readonly model: string;
  readonly recorder: SessionRecorder | undefined;
  /** One event as text. */
  sendText(text: string): void;
  /** Ends the connection. */
  close(code: number, reason: string): void;
  onCommandRefused(): void;
}

/** The server's words for the end of a session; also the reason of its close. */
const CODE_GOING_AWAY = 1001;
const COMMIT_MS_MIN = 100;
const INPUT_TOKENS_PER_SECOND = 10;

/** Order: open, then onText per message, then drop when the connection is gone. */
export class SimulatorSession {
  readonly #deps: SimulatorSessionDeps;
  readonly #items = createConversationItems();
  readonly #input;
  readonly #timers = new Set<TimerHandle>();
  readonly #parallel = new Set<ResponseRun>();
  readonly #conversationId: string;
  #settings;
  #active: ResponseRun | undefined;
  #unanswered: Unanswered = NOTHING_UNANSWERED;
  #turnCount = 0;
  #eventCount = 0;
  #nextItemId = "";
  #hasSpoken = false;
  #isGone = false;

  constructor(deps: SimulatorSessionDeps) {
    this.#deps = deps;
    this.#settings = defaultSettings(deps.model);
    this.#conversationId = `conv_${deps.random.hex(8)}`;
    this.#input = createInputBuffer(audioForm(this.#settings.inputFormat), {
      onSpeechStarted: (audioStartMs) => this.#onSpeechStarted(audioStartMs),
      onSpeechStopped: (audioEndMs) => this.#onSpeechStopped(audioEndMs),
    });
    this.#input.setTurnDetection(this.#settings.turnDetection);
  }

  open(): void {
    this.#send({ type: "session.created", session: this.#echo() });
    const conversation = { id: this.#conversationId, object: "realtime.conversation" as const };
    this.#send({ type: "conversation.created", conversation });
    this.#after(this.#deps.limits.sessionMsMax, () => this.#expire());
  }

  onText(text: string): void {
    const parsed = parseRealtimeCommand(text);
    if (parsed.isTaken) {
      this.#record(parsed.command);
      this.#obey(parsed.command);
      return;
    }
    this.#deps.onCommandRefused();
    this.#send(errorEvent(parsed.refusal));
  }

  /** The connection is gone: no timer fires any more, nothing is sent. */
  drop(): void {
    this.#isGone = true;
    for (const timer of this.#timers) this.#deps.clock.clearTimer(timer);
    this.#timers.clear();
    this.#active?.drop();
    for (const run of this.#parallel) run.drop();
  }

  #obey(command: RealtimeCommand): void {
    switch (command.type) {
      case "session.update":
        return this.#updateSession(command);
      case "input_audio_buffer.append":
        return this.#append(command);
      case "input_audio_buffer.commit":
        return this.#commitByClient(command);
      case "input_audio_buffer.clear":
        this.#input.clear();
        this.#nextItemId = "";
        return this.#send({ type: "input_audio_buffer.cleared" });
      case "response.create":
        return this.#createResponse(command);
      case "response.cancel":
        return this.#cancelResponse(command);
      case "conversation.item.create":
        return this.#createItem(command);
      case "conversation.item.retrieve":
        return this.#retrieveItem(command);
      case "conversation.item.truncate":
        return this.#truncateItem(command);
      case "conversation.item.delete":
        return this.#deleteItem(command);
    }
  }

  #updateSession(command: RealtimeCommandOf<"session.update">): void {
    const voice = command.session.audio?.output?.voice;
    const isVoiceNew = voice !== undefined && !Bun.deepEquals(voice, this.#settings.voice);
    if (isVoiceNew && this.#hasSpoken) {
      const message = "Cannot update a conversation's voice if assistant audio is present.";
      return this.#refuse(command, "cannot_update_voice", message);
    }
    this.#settings = changedSettings(this.#settings, command.session);
    this.#input.setForm(audioForm(this.#settings.inputFormat));
    if (command.session.audio?.input?.turn_detection !== undefined) {
      this.#input.setTurnDetection(this.#settings.turnDetection);
    }
    this.#send({ type: "session.updated", session: this.#echo() });
  }

  #append(command: RealtimeCommandOf<"input_audio_buffer.append">): void {
    const bytes = Buffer.from(command.audio, "base64");
    if (!isBase64Of(command.audio, bytes.length)) {
      const message =
        "Invalid 'audio'. Expected base64-encoded audio bytes but got invalid base64.";
      return this.#refuse(command, "invalid_value", message, "audio");
    }
    const addedMs = bytes.length / audioForm(this.#settings.inputFormat).bytesPerMs;
    if (this.#input.bufferedMs() + addedMs > this.#deps.limits.inputMsMax) {
      const message = `Input audio buffer is full: it holds at most ${this.#deps.limits.inputMsMax} ms.`;
      return this.#refuse(command, "input_audio_buffer_full", message, "audio");
    }
    this.#input.append(bytes);
  }

  #commitByClient(command: RealtimeCommandOf<"input_audio_buffer.commit">): void {
    const bufferedMs = this.#input.bufferedMs();
    if (bufferedMs < COMMIT_MS_MIN) {
      const message =
        "Error committing input audio buffer: buffer too small. Expected at least " +
        `${COMMIT_MS_MIN}ms of audio, but buffer only has ${bufferedMs.toFixed(2)}ms of audio.`;
      return this.#refuse(command, "input_audio_buffer_commit_empty", message);
    }
    this.#commit();
  }

  /** Makes an item of what is buffered; its transcript follows later, if one was asked for. */
  #commit(): void {
    const form = audioForm(this.#settings.inputFormat);
    const audio = this.#input.take();
    const id = this.#takeItemId();
    const audioMs = audio.length / form.bytesPerMs;
    this.#turnCount += 1;
    const turn = this.#turnCount;
    const scripted = scriptedTurn(this.#deps.script, { kind: "audio", turn, audio });
    this.#unanswered = {
      ...this.#unanswered,
      audio: [...this.#unanswered.audio, { form, bytes: audio }],
      scripted: scripted?.answer ?? this.#unanswered.scripted,
    };
    const { recorder, clock } = this.#deps;
    if (recorder !== undefined) keep(recorder.committed, { atMs: clock.nowMs(), itemId: id, audio });
    const previous = this.#items.lastId();
    this.#send({
      type: "input_audio_buffer.committed",
      item_id: id,
      ...(previous === null ? {} : { previous_item_id: previous }),
    });
    this.#addItem({
      id,
      item: {
        id,
        object: "realtime.item",
        type: "message",
        role: "user",
        status: "completed",
        content: [{ type: "input_audio" }],
      },
      isAgentAudio: false,
      audioMs,
      audio,
    });
    if (this.#settings.transcription === null) return;
    const transcript = scripted?.transcript ?? simulatedTranscript(audioMs);
    this.#after(this.#deps.limits.transcriptionDelayMs, () => this.#transcribe(id, transcript, audioMs));
  }

  #transcribe(itemId: string, transcript: string, audioMs: number): void {
    const type = "conversation.item.input_audio_transcription";
    const head = { item_id: itemId, content_index: 0 };
    this.#send({ type: `${type}.delta`, ...head, delta: transcript });
    const usage = { type: "duration" as const, seconds: audioMs / 1000 };
    this.#send({ type: `${type}.completed`, ...head, transcript, usage });
  }

  #onSpeechStarted(audioStartMs: number): void {
    this.#nextItemId = `item_${this.#deps.random.hex(8)}`;
    this.#send({
      type: "input_audio_buffer.speech_started",
      audio_start_ms: audioStartMs,
      item_id: this.#nextItemId,
    });
    if (this.#detection()?.interrupt_response) this.#active?.cancel("turn_detected");
  }

  #onSpeechStopped(audioEndMs: number): void {
    const itemId = this.#nextItemId;
    this.#send({
      type: "input_audio_buffer.speech_stopped",
      audio_end_ms: audioEndMs,
      item_id: itemId,
    });
    this.#commit();
    // The server does not queue its own answer behind one that is still running.
    const isFree = this.#active === undefined;
    if (this.#detection()?.create_response && isFree) this.#startResponse({});
  }

  #detection(): SimulatedTurnDetection | null {
    return this.#settings.turnDetection;
  }

  #createResponse(command: RealtimeCommandOf<"response.create">): void {
    const request = command.response ?? {};
    const isParallel = request.conversation === "none";
    if (!isParallel && this.#active !== undefined) {
      const message =
        "Conversation already has an active response in progress: " +
        `${this.#active.responseId}. Wait until the response is finished before creating a new one.`;
      return this.#refuse(command, "conversation_already_has_active_response", message);
    }
    if (isParallel && this.#parallel.size >= this.#deps.limits.parallelResponsesMax) {
      return this.#refuse(command, "rate_limit_exceeded", "Too many responses at once.");
    }
    this.#startResponse(request);
  }

  #startResponse(request: NonNullable<RealtimeCommandOf<"response.create">["response"]>): void {
    const { limits, clock, random, script } = this.#deps;
    const isParallel = request.conversation === "none";
    const unanswered = isParallel ? NOTHING_UNANSWERED : this.#unanswered;
    if (!isParallel) this.#unanswered = NOTHING_UNANSWERED;
    const isGreeting = unanswered.scripted === undefined && this.#turnCount === 0;
    const scripted = isGreeting
      ? scriptedTurn(script, { kind: "greeting" })?.answer
      : unanswered.scripted;
    const form = audioForm(request.audio?.output?.format ?? this.#settings.outputFormat);
    const modality = request.output_modalities?.[0] ?? this.#settings.modality;
    const run = createResponseRun(
      {
        clock,
        random,
        limits,
        send: (event) => this.#send(event),
        addItem: (stored) => (isParallel ? undefined : this.#addItem(stored)),
        onDone: (done) => this.#onResponseDone(done),
      },
      {
        responseId: `resp_${random.hex(8)}`,
        conversationId: isParallel ? null : this.#conversationId,
        metadata: request.metadata ?? null,
        modality,
        form,
        answer: createAnswer({ ...unanswered, scripted }, form, limits.answerMsMax),
        startDelayMs: scripted?.startDelayMs ?? limits.startDelayMs,
        error: scripted?.error,
        inputTokens: inputTokens(unanswered),
      },
    );
    if (isParallel) this.#parallel.add(run);
    else this.#active = run;
    if (modality === "audio") this.#hasSpoken = true;
    run.start();
    this.#disconnectAsScripted(scripted);
  }

  #disconnectAsScripted(scripted: ScriptedAnswer | undefined): void {
    const disconnect = scripted?.disconnect;
    if (disconnect === undefined) return;
    this.#after(disconnect.afterMs, () => this.#deps.close(disconnect.code, "scripted"));
  }

  #onResponseDone(run: ResponseRun): void {
    if (this.#active === run) this.#active = undefined;
    this.#parallel.delete(run);
    this.#send({
      type: "rate_limits.updated",
      rate_limits: [
        { name: "requests", limit: 10_000, remaining: 9_999, reset_seconds: 0.006 },
        { name: "tokens", limit: 1_000_000, remaining: 999_000, reset_seconds: 0.06 },
      ],
    });
  }

  #cancelResponse(command: RealtimeCommandOf<"response.cancel">): void {
    const runs = [this.#active, ...this.#parallel];
    const wanted = command.response_id;
    const run = wanted === undefined ? this.#active : runs.find((r) => r?.responseId === wanted);
    if (run !== undefined) return run.cancel("client_cancelled");
    const message = "Cancellation failed: no active response found";
    this.#refuse(command, "response_cancel_not_active", message);
  }

  #createItem(command: RealtimeCommandOf<"conversation.item.create">): void {
    const created = command.item;
    if (this.#items.count() >= this.#deps.limits.itemsMax) {
      return this.#refuse(command, "invalid_value", "The conversation is full.", "item");
    }
    const isMissing =
      created.type === "function_call_output" &&
      this.#toolNameOf(created.call_id) === undefined;
    if (isMissing) {
      const message = `Tool call ID '${created.call_id}' not found in conversation.`;
      return this.#refuse(command, "invalid_tool_call_id", message, "item.call_id");
    }
    const id = created.id ?? this.#takeItemId();
    if (this.#items.find(id) !== undefined) {
      const message = `Error adding item: an item with id '${id}' already exists.`;
      return this.#refuse(command, "item_create_duplicate_id", message, "item.id");
    }
    const item = { ...created, id, object: "realtime.item" as const, status: "completed" as const };
    const stored = { id, item: item as StoredItem["item"], isAgentAudio: false };
    this.#addItem({ ...stored, audioMs: 0, audio: undefined }, command.previous_item_id);
    this.#noteUnanswered(created);
  }

  #noteUnanswered(created: RealtimeCommandOf<"conversation.item.create">["item"]): void {
    if (created.type === "function_call_output") {
      this.#unanswered = {
        ...this.#unanswered,
        toolName: this.#toolNameOf(created.call_id) ?? "",
        toolOutputCharacters: created.output.length,
      };
      return;
    }
    if (created.type !== "message" || created.role !== "user") return;
    const texts = created.content.flatMap((part) => (part.type === "input_text" ? [part.text] : []));
    const text = texts.map(String).join("\n");
    this.#turnCount += 1;
    const occasion = { kind: "text" as const, turn: this.#turnCount, text };
    const scripted = scriptedTurn(this.#deps.script, occasion);
    this.#unanswered = {
      ...this.#unanswered,
      textCount: this.#unanswered.textCount + 1,
      scripted: scripted?.answer ?? this.#unanswered.scripted,
    };
  }

  #toolNameOf(callId: string): string | undefined {
    return this.#items.toolName(callId);
  }

  #retrieveItem(command: RealtimeCommandOf<"conversation.item.retrieve">): void {
    const stored = this.#items.find(command.item_id);
    if (stored === undefined) {
      return this.#refuseItem(command, "retriev", command.item_id);
    }
    this.#send({ type: "conversation.item.retrieved", item: withAudio(stored) });
  }

  #truncateItem(command: RealtimeCommandOf<"conversation.item.truncate">): void {
    const stored = this.#items.find(command.item_id);
    if (stored === undefined) return this.#refuseItem(command, "truncat", command.item_id);
    if (!stored.isAgentAudio) {
      const message = "Only model output audio messages can be truncated";
      return this.#refuse(command, "invalid_value", message, "item_id");
    }
    const audioMs = Math.floor(stored.audioMs);
    if (command.content_index !== 0) {
      return this.#refuse(command, "invalid_value", "Invalid content index.", "content_index");
    }
    if (command.audio_end_ms === 0 || command.audio_end_ms > audioMs) {
      const message = `Audio content of ${audioMs}ms is already shorter than ${command.audio_end_ms}ms`;
      return this.#refuse(command, "invalid_value", message, "audio_end_ms");
    }
    stored.audioMs = command.audio_end_ms;
    this.#send({
      type: "conversation.item.truncated",
      item_id: command.item_id,
      content_index: command.content_index,
      audio_end_ms: command.audio_end_ms,
    });
  }

  #deleteItem(command: RealtimeCommandOf<"conversation.item.delete">): void {
    if (!this.#items.remove(command.item_id)) {
      return this.#refuseItem(command, "delet", command.item_id);
    }
    this.#send({ type: "conversation.item.deleted", item_id: command.item_id });
  }

  #addItem(stored: StoredItem, previousItemId?: string | null): void {
    const previous = this.#items.add(stored, previousItemId);
    const event = { item: stored.item, previous_item_id: previous };
    this.#send({ type: "conversation.item.added", ...event });
    this.#send({ type: "conversation.item.done", ...event });
  }

  #takeItemId(): string {
    const id = this.#nextItemId || `item_${this.#deps.random.hex(8)}`;
    this.#nextItemId = "";
    return id;
  }

  #expire(): void {
    const minutes = this.#deps.limits.sessionMsMax / MS_PER_MINUTE;
    const message = `Your session hit the maximum duration of ${minutes} minutes.`;
    this.#send(errorEvent({ code: "session_expired", message, eventId: null }));
    this.#deps.close(CODE_GOING_AWAY, message);
  }

  #refuseItem(command: RealtimeCommand, stem: string, itemId: string): void {
    const verb = stem === "retriev" || stem === "delet" || stem === "truncat" ? `${stem}e` : stem;
    const message = `Error ${stem}ing item: the item with id '${itemId}' does not exist.`;
    this.#refuse(command, `item_${verb}_invalid_item_id`, message, "item_id");
  }

  #refuse(command: RealtimeCommand, code: string, message: string, param?: string): void {
    this.#deps.onCommandRefused();
    const eventId = command.event_id ?? null;
    this.#send(errorEvent({ code, message, eventId, param: param ?? null }));
  }

  #send(event: ServerEvent): void {
    if (this.#isGone) return;
    this.#eventCount += 1;
    const { recorder, clock } = this.#deps;
    const code = event.type === "error" ? (event.error.code ?? "") : "";
    if (recorder !== undefined) keep(recorder.sent, { atMs: clock.nowMs(), type: event.type, code });
    this.#deps.sendText(JSON.stringify({ event_id: `event_${this.#eventCount}`, ...event }));
  }

  #record(command: RealtimeCommand): void {
    const { recorder, clock } = this.#deps;
    if (recorder === undefined) return;
    const isAppend = command.type === "input_audio_buffer.append";
    const byteCount = isAppend ? Buffer.byteLength(command.audio, "base64") : 0;
    const kept = isAppend ? { ...command, audio: "" } : command;
    keep(recorder.commands, { atMs: clock.nowMs(), type: command.type, command: kept, byteCount });
  }

  #after(delayMs: number, act: () => void): void {
    const timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #echo() {
    const { sessionId, clock, limits } = this.#deps;
    const expiresAtSeconds = Math.floor((clock.wallMs() + limits.sessionMsMax) / 1000);
    return settingsEcho(this.#settings, sessionId, expiresAtSeconds);
  }
}

const NOTHING_UNANSWERED: Unanswered = {
  audio: [],
  textCount: 0,
  toolOutputCharacters: 0,
  toolName: "",
  scripted: undefined,
};

/** 10 tokens a second of audio, as the real price list counts a caller's speech. */
function inputTokens(unanswered: Unanswered): number {
  let audioMs = 0;
  for (const part of unanswered.audio) audioMs += part.bytes.length / part.form.bytesPerMs;
  return Math.ceil((audioMs / 1000) * INPUT_TOKENS_PER_SECOND) + unanswered.textCount;
}

/** Lenient decoders skip what is not base64; then fewer bytes come out than went in. */
function isBase64Of(text: string, byteCount: number): boolean {
  const padding = text.endsWith("==") ? 2 : Number(text.endsWith("="));
  return Math.floor((text.length * 3) / 4) - padding === byteCount;
}

function withAudio(stored: StoredItem): StoredItem["item"] {
  const { item, audio } = stored;
  if (item.type !== "message" || audio === undefined || item.role === "system") return item;
  const base64 = Buffer.from(audio).toString("base64");
  const content = item.content.map((part) => ({ ...part, audio: base64 }));
  return { ...item, content } as StoredItem["item"];
}
