// One connection to the simulator: carries a session's events to its socket, and brings the faults
// that a test asked for.
import type { ServerWebSocket } from "bun";
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { oversizedEvent, type SessionFault } from "./simulator-faults.ts";
import type { SimulatorLimits, SimulatorOptions, SimulatorStats } from "./simulator-options.ts";
import type { SessionRecorder, SimulatorRecord } from "./simulator-record.ts";
import type { SessionKind } from "./session-settings.ts";
import { createSimulatorSession } from "./simulator-session.ts";
import { fromDialect, toDialect } from "./spoken-dialect.ts";
import type { RealtimeDialect } from "../wire/realtime-dialect.ts";

export interface SimulatorLine {
  readonly sessionId: string;
  readonly record: SimulatorRecord | undefined;
  open(): void;
  onMessage(message: string | Buffer): void;
  onClosed(): void;
  /** Brings a fault at once, whatever its count. */
  fail(fault: SessionFault): void;
}

export interface SimulatorLineDeps {
  readonly socket: ServerWebSocket<unknown>;
  readonly kind: SessionKind;
  /** "" for a transcription session, which names its model later. */
  readonly model: string;
  readonly hasAuthorization: boolean;
  readonly dialect: RealtimeDialect;
  readonly options: SimulatorOptions;
  readonly limits: SimulatorLimits;
  readonly stats: SimulatorStats;
  readonly fault: SessionFault | undefined;
}

const CODE_WRONG_KIND = 1003;

export function createSimulatorLine(deps: SimulatorLineDeps): SimulatorLine {
  const { socket, options, stats, dialect } = deps;
  const sessionId = `sess_${options.random.hex(8)}`;
  const recorder: SessionRecorder | undefined = options.isRecorded
    ? {
        sessionId,
        model: deps.model,
        hasAuthorization: deps.hasAuthorization,
        commands: [],
        committed: [],
        sent: [],
      }
    : undefined;
  let { fault } = deps;
  let sentCount = 0;
  let isStalled = false;
  const underway = createDelay(options.clock, deps.limits.oneWayMs);

  const write = (text: string) => {
    if (isStalled) return;
    // 0: over the backpressure limit or closed; Bun closes the socket for us then.
    if (socket.send(text) !== 0) stats.messagesSent += 1;
  };

  const fail = (struck: SessionFault) => {
    switch (struck.kind) {
      case "drop":
        return socket.terminate();
      case "stall":
        isStalled = true;
        return socket.pause();
      case "garbage":
        return write(struck.text);
      case "oversized":
        return write(oversizedEvent(struck.byteCount));
      case "close":
        return socket.close(struck.code);
    }
  };

  const send = (text: string) => {
    write(text);
    sentCount += 1;
    if (fault === undefined || sentCount < fault.afterEvents) return;
    const struck = fault;
    fault = undefined;
    fail(struck);
  };

  const session = createSimulatorSession({
    clock: options.clock,
    random: options.random,
    limits: deps.limits,
    script: options.script,
    sessionId,
    kind: deps.kind,
    model: deps.model,
    recorder,
    isSecondResponseIgnored: options.isSecondResponseIgnored ?? false,
    sendText(text) {
      const spoken = toDialect(dialect, text);
      if (spoken !== undefined) underway.pass(() => send(spoken));
    },
    close: (code, reason) => underway.pass(() => socket.close(code, reason)),
    onCommandRefused: () => {
      stats.commandsRefused += 1;
    },
  });

  return {
    sessionId,
    record: recorder,
    open: () => session.open(),
    onMessage(message) {
      if (isStalled) return;
      if (typeof message === "string") {
        underway.pass(() => session.onText(fromDialect(dialect, message)));
      } else socket.close(CODE_WRONG_KIND, "text messages are expected");
    },
    onClosed() {
      underway.drop();
      session.drop();
    },
    fail,
  };
}

/** Lets things happen later, in order; at once when the delay is 0. */
function createDelay(clock: Clock, delayMs: number) {
  const timers = new Set<TimerHandle>();
  return {
    pass(act: () => void) {
      if (delayMs === 0) {
        act();
        return;
      }
      const timer = clock.setTimer(delayMs, () => {
        timers.delete(timer);
        act();
      });
      timers.add(timer);
    },
    drop() {
      for (const timer of timers) clock.clearTimer(timer);
      timers.clear();
    },
  };
}
