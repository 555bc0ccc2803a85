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
import { createSessionInput } from "./session-input.ts";
import { createSessionItems } from "./session-items.ts";
import { createSessionResponses } from "./session-responses.ts";
import { changedSettings, defaultSettings, settingsEcho } from "./session-settings.ts";
import type { SimulatorLimits } from "./simulator-options.ts";
import { keep, type SessionRecorder } from "./simulator-record.ts";
import { createUnansweredList } from "./unanswered.ts";

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

/** Order: open, then onText per message, then drop when the connection is gone. */
export interface SimulatorSession {
  open(): void;
  onText(text: string): void;
  /** No timer fires any more and nothing is sent. */
  drop(): void;
}

const CODE_GOING_AWAY = 1001;
const MS_PER_MINUTE = 60_000;

export function createSimulatorSession(deps: SimulatorSessionDeps): SimulatorSession {
  const { clock, random, limits, recorder } = deps;
  const timers = new Set<TimerHandle>();
  const conversationId = `conv_${random.hex(8)}`;
  let settings = defaultSettings(deps.model);
  let eventCount = 0;
  let isGone = false;

  const send = (event: ServerEvent) => {
    if (isGone) return;
    eventCount += 1;
    const code = event.type === "error" ? (event.error.code ?? "") : "";
    if (recorder !== undefined) keep(recorder.sent, { atMs: clock.nowMs(), type: event.type, code });
    deps.sendText(JSON.stringify({ event_id: `event_${eventCount}`, ...event }));
  };

  const context: SessionContext = {
    clock,
    random,
    limits,
    recorder,
    items: createConversationItems(),
    unanswered: createUnansweredList(deps.script),
    send,
    settings: () => settings,
    refuse(command, refusal) {
      deps.onCommandRefused();
      send(errorEvent({ ...refusal, eventId: command.event_id ?? null }));
    },
    after(delayMs, act) {
      const timer = clock.setTimer(delayMs, () => {
        timers.delete(timer);
        act();
      });
      timers.add(timer);
    },
    addItem(stored, previousItemId) {
      const previous = context.items.add(stored, previousItemId);
      const added = { item: stored.item, previous_item_id: previous };
      send({ type: "conversation.item.added", ...added });
    },
    finishItem(stored) {
      const previous = context.items.previousId(stored.id);
      const done = { item: stored.item, previous_item_id: previous };
      send({ type: "conversation.item.done", ...done });
    },
    close: deps.close,
  };
  const items = createSessionItems(context);
  const responses = createSessionResponses(context, conversationId);
  const input = createSessionInput(context, {
    onSpeechStarted() {
      if (settings.turnDetection?.interrupt_response) responses.interrupt();
    },
    onTurnCommitted() {
      if (settings.turnDetection?.create_response) responses.createIfFree();
    },
  });

  const echo = () => {
    const expiresAtSeconds = Math.floor((clock.wallMs() + limits.sessionMsMax) / 1000);
    return settingsEcho(settings, deps.sessionId, expiresAtSeconds);
  };

  const updateSession = (command: RealtimeCommandOf<"session.update">) => {
    const voice = command.session.audio?.output?.voice;
    const isVoiceNew = voice !== undefined && !Bun.deepEquals(voice, settings.voice);
    if (isVoiceNew && responses.hasSpoken()) {
      const message = "Cannot update a conversation's voice if assistant audio is present.";
      context.refuse(command, { code: "cannot_update_voice", message });
      return;
    }
    settings = changedSettings(settings, command.session);
    input.setForm(audioForm(settings.inputFormat));
    const isDetectionGiven = command.session.audio?.input?.turn_detection !== undefined;
    if (isDetectionGiven) input.setTurnDetection(settings.turnDetection);
    send({ type: "session.updated", session: echo() });
  };

  const obey = (command: RealtimeCommand) => {
    switch (command.type) {
      case "session.update":
        return updateSession(command);
      case "input_audio_buffer.append":
        return input.append(command);
      case "input_audio_buffer.commit":
        return input.commit(command);
      case "input_audio_buffer.clear":
        return input.clear();
      case "response.create":
        return responses.create(command);
      case "response.cancel":
        return responses.cancel(command);
      case "conversation.item.create":
        return items.create(command);
      case "conversation.item.retrieve":
        return items.retrieve(command);
      case "conversation.item.truncate":
        return items.truncate(command);
      case "conversation.item.delete":
        return items.remove(command);
    }
  };

  const expire = () => {
    const minutes = limits.sessionMsMax / MS_PER_MINUTE;
    const message = `Your session hit the maximum duration of ${minutes} minutes.`;
    send(errorEvent({ code: "session_expired", message, eventId: null }));
    deps.close(CODE_GOING_AWAY, message);
  };

  return {
    open() {
      send({ type: "session.created", session: echo() });
      const conversation = { id: conversationId, object: "realtime.conversation" as const };
      send({ type: "conversation.created", conversation });
      context.after(limits.sessionMsMax, expire);
    },
    onText(text) {
      const parsed = parseRealtimeCommand(text);
      if (parsed.isTaken) {
        if (recorder !== undefined) record(recorder, clock.nowMs(), parsed.command);
        obey(parsed.command);
        return;
      }
      deps.onCommandRefused();
      send(errorEvent(parsed.refusal));
    },
    drop() {
      isGone = true;
      for (const timer of timers) clock.clearTimer(timer);
      timers.clear();
      responses.drop();
    },
  };
}

function record(recorder: SessionRecorder, atMs: number, command: RealtimeCommand): void {
  const isAppend = command.type === "input_audio_buffer.append";
  const byteCount = isAppend ? Buffer.byteLength(command.audio, "base64") : 0;
  const kept = isAppend ? { ...command, audio: "" } : command;
  keep(recorder.commands, { atMs, type: command.type, command: kept, byteCount });
}
