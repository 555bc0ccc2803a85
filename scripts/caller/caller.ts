// A caller: one socket, a mouth that sends 20 ms frames in real time, an ear that plays what comes
// back, and a timeline of both. The same caller serves people (`bun run call`), the end-to-end tests
// (on a stepped clock) and load (many in one process). It shares no code with the service's own
// transports, so that both sides of the wire are read twice.
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";
import type { AudioFormat } from "./audio-format.ts";
import { FRAME_MS } from "./audio-format.ts";
import type { Ear } from "./ear.ts";
import { createEar } from "./ear.ts";
import type { Line, LineMessage, Notice } from "./line.ts";
import type { Mouth } from "./mouth.ts";
import { createMouth } from "./mouth.ts";
import { speechSpan } from "./speech-span.ts";
import type { Timeline, TimelineEntry } from "./timeline.ts";
import { createTimeline, describeNotice } from "./timeline.ts";

export interface CallerOptions {
  readonly url: string;
  readonly line: Line;
  readonly clock: Clock;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onEntry?: (entry: TimelineEntry) => void;
}

export interface CallerClosure {
  readonly code: number;
  readonly reason: string;
}

export interface Caller {
  readonly format: AudioFormat;
  readonly ear: Ear;
  readonly mouth: Mouth;
  readonly timeline: Timeline;
  /** What the service said besides audio, in order, typed by the schema. */
  readonly notices: readonly Notice[];
  /** Messages that make no sense to the far end of this dialect. */
  readonly unknownMessages: readonly string[];
  /** Resolves when the socket is open; rejects when the service refused it. */
  readonly opened: Promise<void>;
  /** Resolves once, when the socket is gone. */
  readonly closed: Promise<CallerClosure>;
  isOpen(): boolean;
  /** Says audio in the line's format, after what is still being said. The call must be open. */
  say(audio: Uint8Array): void;
  press(digits: string): void;
  typeText(text: string): void;
  interrupt(): void;
  endOfTurn(): void;
  /** The next `count` frames are captured and lost on the way. */
  loseFrames(count: number): void;
  /** Says goodbye in the dialect's words; whoever closes in this dialect closes. */
  hangUp(reason?: string): void;
  /** Cuts the connection without a word. */
  drop(): void;
}

/** Progress reports while sound plays. */
const PLAYED_REPORT_MS = 100;
/** After a stall the mouth sends what was captured meanwhile, at most this much at once. */
const CATCH_UP_FRAMES_MAX = 50;

/** Dials at once. */
export function createCaller(options: CallerOptions): Caller {
  const { clock, line } = options;
  const { format } = line;
  const mouth = createMouth(format);
  const timeline = createTimeline(clock, options.onEntry);
  const notices: Notice[] = [];
  const unknownMessages: string[] = [];
  const socket = new WebSocket(options.url, {
    protocols: [...line.subprotocols],
    perMessageDeflate: false,
    ...(options.headers && { headers: { ...options.headers } }),
  });
  socket.binaryType = "arraybuffer";
  const noteTimers = new Set<TimerHandle>();
  let streamStartMs = clock.nowMs();
  let framesToLose = 0;
  let generation = 0;
  let reportTimer: TimerHandle | undefined;
  let mouthTimer: TimerHandle | undefined;

  const send = (message: LineMessage | null): void => {
    if (message !== null && socket.readyState === WebSocket.OPEN) socket.send(message);
  };
  const sendAll = (messages: readonly LineMessage[]): void => messages.forEach(send);

  const report = (): void => {
    const frame = ear.current();
    if (frame === undefined || frame.item === 0) return;
    send(line.played(frame.item, frame.positionSamples + frame.heardSamples, generation));
  };
  const reportWhilePlaying = (): void => {
    if (!line.isProgressReported || reportTimer !== undefined) return;
    reportTimer = clock.setTimer(PLAYED_REPORT_MS, () => {
      reportTimer = undefined;
      if (!ear.isPlaying()) return;
      report();
      reportWhilePlaying();
    });
  };
  const ear = createEar(clock, format, {
    onSound(item) {
      timeline.add("agent_sounds", item === 0 ? "" : `item ${item}`);
      reportWhilePlaying();
    },
    onQuiet() {
      timeline.add("agent_quiet", `${Math.round(ear.heardMs())} ms heard in all`);
      if (line.isProgressReported) report();
    },
  });

  const speakFrame = (): void => {
    const captureMs = mouth.positionMs();
    const frame = mouth.next();
    if (framesToLose > 0) {
      framesToLose -= 1;
      line.lose();
      return;
    }
    send(line.audio(frame, captureMs));
  };
  // A frame can leave when its last sample is captured: frame n at start + (n + 1) x 20 ms. Counted
  // from the start, so that a late timer does not shift the ones after it.
  const frameDueMs = (): number => streamStartMs + (mouth.frames() + 1) * FRAME_MS;
  const keepSpeaking = (): void => {
    mouthTimer = clock.setTimer(Math.max(0, frameDueMs() - clock.nowMs()), () => {
      for (let count = 0; count < CATCH_UP_FRAMES_MAX; count += 1) {
        if (frameDueMs() > clock.nowMs()) break;
        speakFrame();
      }
      keepSpeaking();
    });
  };
  const noteAt = (positionMs: number, kind: TimelineEntry["kind"]): void => {
    const delayMs = Math.max(0, streamStartMs + positionMs - clock.nowMs());
    const timer = clock.setTimer(delayMs, () => {
      noteTimers.delete(timer);
      timeline.add(kind);
    });
    noteTimers.add(timer);
  };
  const stop = (): void => {
    for (const timer of [reportTimer, mouthTimer, ...noteTimers]) {
      if (timer !== undefined) clock.clearTimer(timer);
    }
    ear.close();
  };

  const receive = (message: LineMessage): void => {
    const event = line.read(message);
    if (event.kind === "audio") ear.play(event.frame);
    else if (event.kind === "mark") ear.whenPlayed(() => send(line.markEcho(event.name)));
    else if (event.kind === "unknown") unknownMessages.push(event.text);
    else if (event.kind === "notice") {
      notices.push(event.notice);
      timeline.add(event.notice.case, describeNotice(event.notice));
    } else {
      generation = event.generation;
      ear.clear(event.generation);
      timeline.add("cleared", `${Math.round(ear.heardMs())} ms heard in all`);
    }
  };

  let resolveClosed: (closure: CallerClosure) => void = () => undefined;
  const closed = new Promise<CallerClosure>((resolve) => {
    resolveClosed = resolve;
  });
  const opened = new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => {
      timeline.add("connected", options.url);
      sendAll(line.opening());
      streamStartMs = clock.nowMs();
      keepSpeaking();
      resolve();
    });
    socket.addEventListener("close", (event) => {
      stop();
      timeline.add("closed", `${event.code} ${event.reason}`);
      reject(new Error(`Cannot open the call: ${event.code} ${event.reason}`));
      resolveClosed({ code: event.code, reason: event.reason });
    });
  });
  // A caller that is only watched through `closed` must not end the process as unhandled.
  opened.catch(() => undefined);
  socket.addEventListener("message", (event) => {
    receive(typeof event.data === "string" ? event.data : new Uint8Array(event.data));
  });

  return {
    format,
    ear,
    mouth,
    timeline,
    notices,
    unknownMessages,
    opened,
    closed,
    isOpen: () => socket.readyState === WebSocket.OPEN,
    say(audio) {
      const offsetMs = mouth.positionMs() + mouth.pendingMs();
      const span = speechSpan(format, audio);
      if (span !== null) {
        noteAt(offsetMs + span.startMs, "i_speak");
        noteAt(offsetMs + span.endMs, "i_stop");
      }
      mouth.say(audio);
    },
    press: (digits) => sendAll(line.digits(digits)),
    typeText: (text) => send(line.text(text)),
    interrupt: () => send(line.interrupt()),
    endOfTurn: () => send(line.endOfTurn()),
    loseFrames(count) {
      framesToLose += count;
    },
    hangUp(reason = "") {
      sendAll(line.closing(reason));
      if (line.isClosedByCaller) socket.close(1000);
    },
    drop: () => socket.terminate(),
  };
}
