// One session of the simulated Realtime API server: takes a client's commands one by one and obeys
// or refuses them by the real server's rules (protocols.md 1.2 to 1.6). No sockets in here.
import type { Clock, Random, TimerHandle } from "../contract/clock.ts";
import {
  parseRealtimeCommand,
  type RealtimeCommand,
  type RealtimeCommandOf,
} from "../wire/realtime-command-schema.ts";
import { audioForm } from "./audio-forms.ts";
import { createConversationItems } from "./conversation-items.ts";
import type { SimulatorScript } from "./script.ts";
import { errorEvent, type ServerEvent } from "./server-events.ts";
import type { SessionContext } from "./session-context.ts";
import { createSessionInput, type SessionInput } from "./session-input.ts";
import { createSessionItems, type SessionItems } from "./session-items.ts";
import { createSessionResponses, type SessionResponses } from "./session-responses.ts";
import {
  changedSettings,
  defaultSettings,
  type SessionKind,
  type SessionSettings,
  settingsEcho,
} from "./session-settings.ts";
import type { SimulatorLimits } from "./simulator-options.ts";
import { keep, type SessionRecorder } from "./simulator-record.ts";
import { createUnansweredList } from "./unanswered.ts";

export interface SimulatorSessionDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly limits: SimulatorLimits;
  readonly script: SimulatorScript | undefined;
  readonly isSecondResponseIgnored: boolean;
  readonly sessionId: string;
  readonly kind: SessionKind;
  readonly model: string;
  readonly recorder: SessionRecorder | undefined;
  /** One event as text. */
  sendText(text: string): void;
  /** Ends the connection. */
  close(code: number, reason: string): void;
  onCommandRefused(): void;
}

/** Order: open, then onText per message, then drop when the connection is gone. */
export interface SimulatorSession {
  open(): void;
  onText(text: string): void;
  /** No timer fires any more and nothing is sent. */
  drop(): void;
}

const CODE_GOING_AWAY = 1001;
const MS_PER_MINUTE = 60_000;
/** Commands that a session which only writes down has no use for. */
const CONVERSATION_COMMANDS: ReadonlySet<string> = new Set([
  "response.create",
  "response.cancel",
  "conversation.item.create",
  "conversation.item.truncate",
]);

export function createSimulatorSession(deps: SimulatorSessionDeps): SimulatorSession {
  return new Session(deps);
}

class Session implements SimulatorSession {
  readonly #deps: SimulatorSessionDeps;
  readonly #conversationId: string;
  readonly #context: SessionContext;
  readonly #input: SessionInput;
  readonly #items: SessionItems;
  readonly #responses: SessionResponses;
  readonly #timers = new Set<TimerHandle>();
  #settings: SessionSettings;
  #eventCount = 0;
  #isGone = false;

  constructor(deps: SimulatorSessionDeps) {
    this.#deps = deps;
    this.#settings = defaultSettings(deps.kind, deps.model);
    this.#conversationId = `conv_${deps.random.hex(8)}`;
    this.#context = this.#createContext();
    this.#items = createSessionItems(this.#context);
    this.#responses = createSessionResponses(this.#context, this.#conversationId);
    this.#input = createSessionInput(this.#context, {
      onSpeechStarted: () => {
        if (this.#isAnswering("interrupt_response")) this.#responses.interrupt();
      },
      onTurnCommitted: () => {
        if (this.#isAnswering("create_response")) this.#responses.createIfFree();
      },
    });
  }

  open(): void {
    this.#send({ type: "session.created", session: this.#echo() });
    // A session that only writes down has items and no conversation.
    const { sessionMsMax } = this.#deps.limits;
    this.#after(sessionMsMax, () => this.#expire());
    if (this.#settings.kind === "transcription") return;
    const conversation = { id: this.#conversationId, object: "realtime.conversation" as const };
    this.#send({ type: "conversation.created", conversation });
  }

  onText(text: string): void {
    const parsed = parseRealtimeCommand(text);
    if (!parsed.isTaken) {
      this.#deps.onCommandRefused();
      this.#send(errorEvent(parsed.refusal));
      return;
    }
    const { recorder, clock } = this.#deps;
    if (recorder !== undefined) record(recorder, clock.nowMs(), parsed.command);
    this.#obey(parsed.command);
  }

  drop(): void {
    this.#isGone = true;
    for (const timer of this.#timers) this.#deps.clock.clearTimer(timer);
    this.#timers.clear();
    this.#responses.drop();
  }

  /** Whether the server's turn detection may answer or interrupt by itself. */
  #isAnswering(act: "create_response" | "interrupt_response"): boolean {
    const { kind, turnDetection } = this.#settings;
    return kind === "realtime" && turnDetection?.[act] === true;
  }

  #obey(command: RealtimeCommand) {
    if (this.#settings.kind === "transcription" && CONVERSATION_COMMANDS.has(command.type)) {
      const message = `'${command.type}' is not allowed in a transcription session.`;
      return this.#context.refuse(command, { code: "invalid_value", message, param: "type" });
    }
    switch (command.type) {
      case "session.update":
        return this.#updateSession(command);
      case "input_audio_buffer.append":
        return this.#input.append(command);
      case "input_audio_buffer.commit":
        return this.#input.commit(command);
      case "input_audio_buffer.clear":
        return this.#input.clear();
      case "response.create":
        return this.#responses.create(command);
      case "response.cancel":
        return this.#responses.cancel(command);
      case "conversation.item.create":
        return this.#items.create(command);
      case "conversation.item.retrieve":
        return this.#items.retrieve(command);
      case "conversation.item.truncate":
        return this.#items.truncate(command);
      case "conversation.item.delete":
        return this.#items.remove(command);
    }
  }

  #updateSession(command: RealtimeCommandOf<"session.update">): void {
    const { session } = command;
    if (session.type !== this.#settings.kind) {
      const message =
        `Passing a ${session.type} session update event ` +
        `to a ${this.#settings.kind} session is not allowed.`;
      this.#context.refuse(command, { code: "invalid_parameter", message, param: "session.type" });
      return;
    }
    const voice = session.type === "realtime" ? session.audio?.output?.voice : undefined;
    const isVoiceNew = voice !== undefined && !Bun.deepEquals(voice, this.#settings.voice);
    if (isVoiceNew && this.#responses.hasSpoken()) {
      const message = "Cannot update a conversation's voice if assistant audio is present.";
      this.#context.refuse(command, { code: "cannot_update_voice", message });
      return;
    }
    this.#settings = changedSettings(this.#settings, session);
    this.#input.setForm(audioForm(this.#settings.inputFormat));
    const isDetectionGiven = session.audio?.input?.turn_detection !== undefined;
    if (isDetectionGiven) this.#input.setTurnDetection(this.#settings.turnDetection);
    this.#send({ type: "session.updated", session: this.#echo() });
  }

  #createContext(): SessionContext {
    const { clock, random, limits, recorder, script, close } = this.#deps;
    const { isSecondResponseIgnored } = this.#deps;
    const items = createConversationItems();
    return {
      clock,
      random,
      limits,
      recorder,
      items,
      close,
      isSecondResponseIgnored,
      unanswered: createUnansweredList(script),
      send: (event) => this.#send(event),
      settings: () => this.#settings,
      refuse: (command, refusal) => {
        this.#deps.onCommandRefused();
        this.#send(errorEvent({ ...refusal, eventId: command.event_id ?? null }));
      },
      after: (delayMs, act) => this.#after(delayMs, act),
      addItem: (stored, previousItemId) => {
        const previous = items.add(stored, previousItemId);
        const added = { item: stored.item, previous_item_id: previous };
        this.#send({ type: "conversation.item.added", ...added });
      },
      finishItem: (stored) => {
        const done = { item: stored.item, previous_item_id: items.previousId(stored.id) };
        this.#send({ type: "conversation.item.done", ...done });
      },
    };
  }

  #send(event: ServerEvent): void {
    if (this.#isGone) return;
    this.#eventCount += 1;
    const { recorder, clock } = this.#deps;
    const code = event.type === "error" ? (event.error.code ?? "") : "";
    if (recorder !== undefined)
      keep(recorder.sent, { atMs: clock.nowMs(), type: event.type, code });
    this.#deps.sendText(JSON.stringify({ event_id: `event_${this.#eventCount}`, ...event }));
  }

  #after(delayMs: number, act: () => void): void {
    const timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timers.delete(timer);
      act();
    });
    this.#timers.add(timer);
  }

  #expire(): void {
    const minutes = this.#deps.limits.sessionMsMax / MS_PER_MINUTE;
    const message = `Your session hit the maximum duration of ${minutes} minutes.`;
    this.#send(errorEvent({ code: "session_expired", message, eventId: null }));
    this.#deps.close(CODE_GOING_AWAY, message);
  }

  #echo() {
    const { sessionId, clock, limits } = this.#deps;
    const expiresAtSeconds = Math.floor((clock.wallMs() + limits.sessionMsMax) / 1000);
    return settingsEcho(this.#settings, sessionId, expiresAtSeconds);
  }
}

function record(recorder: SessionRecorder, atMs: number, command: RealtimeCommand): void {
  const isAppend = command.type === "input_audio_buffer.append";
  const byteCount = isAppend ? Buffer.byteLength(command.audio, "base64") : 0;
  const kept = isAppend ? { ...command, audio: "" } : command;
  keep(recorder.commands, { atMs, type: command.type, command: kept, byteCount });
}
