// A caller: one socket, a mouth that sends 20 ms frames in real time, an ear that plays what comes
// back, and a timeline of both. The same caller serves people (`bun run call`), the end-to-end
// tests (on a stepped clock) and load (many in one process). It shares no code with the service's
// own transports, so that both sides of the wire are read twice.
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";
import type { AudioFormat } from "./audio-format.ts";
import type { DelayedWay } from "./delayed-way.ts";
import { createDelayedWay } from "./delayed-way.ts";
import type { Ear } from "./ear.ts";
import { createEar } from "./ear.ts";
import type { Line, LineMessage, LineUpdate, Notice } from "./line.ts";
import type { Mouth } from "./mouth.ts";
import { createMouth } from "./mouth.ts";
import { speechSpan } from "./speech-span.ts";
import type { SteadyBeat } from "./steady-beat.ts";
import { createSteadyBeat } from "./steady-beat.ts";
import type { Timeline, TimelineEntry } from "./timeline.ts";
import { createTimeline, describeNotice } from "./timeline.ts";

export interface CallerOptions {
  readonly url: string;
  readonly line: Line;
  readonly clock: Clock;
  readonly headers?: Readonly<Record<string, string>>;
  readonly onEntry?: (entry: TimelineEntry) => void;
  /** A slow network: how long each message takes, each way. None: as fast as the socket. */
  readonly delayMs?: () => number;
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
  /** Says audio in the line's format, after what is still being said; nothing on a closed line. */
  say(audio: Uint8Array): void;
  press(digits: string): void;
  typeText(text: string): void;
  interrupt(): void;
  endOfTurn(): void;
  /** Another lane or turn detection from now on. */
  update(change: LineUpdate): void;
  /** The next `count` frames are captured and lost on the way. */
  loseFrames(count: number): void;
  /** Says goodbye in the dialect's words; whoever closes in this dialect closes. */
  hangUp(reason?: string): void;
  /** Cuts the connection without a word. */
  drop(): void;
}

/** Progress reports while sound plays. */
const PLAYED_REPORT_MS = 100;

/** Dials at once. */
export function createCaller(options: CallerOptions): Caller {
  return new SocketCaller(options);
}

class SocketCaller implements Caller {
  readonly format: AudioFormat;
  readonly ear: Ear;
  readonly mouth: Mouth;
  readonly timeline: Timeline;
  readonly notices: Notice[] = [];
  readonly unknownMessages: string[] = [];
  readonly opened: Promise<void>;
  readonly closed: Promise<CallerClosure>;
  readonly #clock: Clock;
  readonly #line: Line;
  readonly #socket: WebSocket;
  readonly #beat: SteadyBeat;
  readonly #wayOut: DelayedWay<LineMessage> | undefined;
  readonly #wayIn: DelayedWay<LineMessage> | undefined;
  readonly #noteTimers = new Set<TimerHandle>();
  #framesToLose = 0;
  #generation = 0;
  #reportTimer: TimerHandle | undefined;

  constructor({ url, line, clock, headers, onEntry, delayMs }: CallerOptions) {
    this.#clock = clock;
    this.#line = line;
    this.#beat = createSteadyBeat(clock, () => this.#speakFrame());
    this.format = line.format;
    this.mouth = createMouth(line.format);
    this.timeline = createTimeline(clock, onEntry);
    this.ear = createEar(clock, line.format, {
      onSound: (item) => this.#onSound(item),
      onQuiet: () => this.#onQuiet(),
    });
    if (delayMs !== undefined) {
      this.#wayOut = createDelayedWay(clock, delayMs, (message) => this.#write(message));
      this.#wayIn = createDelayedWay(clock, delayMs, (message) => this.#receive(message));
    }
    this.#socket = new WebSocket(url, {
      protocols: [...line.subprotocols],
      perMessageDeflate: false,
      ...(headers && { headers: { ...headers } }),
    });
    this.#socket.binaryType = "arraybuffer";
    this.#socket.addEventListener("message", ({ data }) => {
      const message = typeof data === "string" ? data : new Uint8Array(data);
      if (this.#wayIn === undefined) this.#receive(message);
      else this.#wayIn.send(message);
    });
    this.closed = new Promise((resolve) => {
      this.#socket.addEventListener("close", ({ code, reason }) => {
        this.#onClosed({ code, reason });
        resolve({ code, reason });
      });
    });
    this.opened = new Promise((resolve, reject) => {
      this.#socket.addEventListener("open", () => {
        this.#onOpen(url);
        resolve();
      });
      this.#socket.addEventListener("close", ({ code, reason }) => {
        reject(new Error(`Cannot open the call: ${code} ${reason}`));
      });
    });
    // A caller that is only watched through `closed` must not end the process as unhandled.
    this.opened.catch(() => undefined);
  }

  isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  say(audio: Uint8Array): void {
    if (!this.isOpen()) return;
    const offsetMs = this.mouth.positionMs() + this.mouth.pendingMs();
    const span = speechSpan(this.format, audio);
    if (span !== null) {
      this.#noteAt(offsetMs + span.startMs, "i_speak");
      this.#noteAt(offsetMs + span.endMs, "i_stop");
    }
    this.mouth.say(audio);
  }

  press(digits: string): void {
    this.#sendAll(this.#line.digits(digits));
  }

  typeText(text: string): void {
    this.#send(this.#line.text(text));
  }

  interrupt(): void {
    this.#send(this.#line.interrupt());
  }

  endOfTurn(): void {
    this.#send(this.#line.endOfTurn());
  }

  update(change: LineUpdate): void {
    this.#send(this.#line.update(change));
  }

  loseFrames(count: number): void {
    this.#framesToLose += count;
  }

  hangUp(reason = ""): void {
    this.#sendAll(this.#line.closing(reason));
    if (this.#line.isClosedByCaller) this.#socket.close(1000);
  }

  drop(): void {
    this.#socket.terminate();
  }

  #onOpen(url: string): void {
    this.timeline.add("connected", url);
    this.#sendAll(this.#line.opening());
    this.#beat.start();
  }

  #onClosed({ code, reason }: CallerClosure): void {
    this.#beat.stop();
    for (const timer of [this.#reportTimer, ...this.#noteTimers]) {
      if (timer !== undefined) this.#clock.clearTimer(timer);
    }
    this.#wayOut?.close();
    this.#wayIn?.close();
    this.ear.close();
    this.timeline.add("closed", `${code} ${reason}`);
  }

  #receive(message: LineMessage): void {
    const event = this.#line.read(message);
    switch (event.kind) {
      case "audio":
        this.ear.play(event.frame);
        break;
      case "mark":
        this.ear.whenPlayed(() => this.#send(this.#line.markEcho(event.name)));
        break;
      case "clear":
        this.#generation = event.generation;
        this.timeline.add("cleared", this.#heardText());
        this.ear.clear(event.generation);
        break;
      case "notice":
        this.notices.push(event.notice);
        this.timeline.add(event.notice.case, describeNotice(event.notice));
        break;
      case "unknown":
        this.unknownMessages.push(event.text);
    }
  }

  #onSound(item: number): void {
    this.timeline.add("agent_sounds", item === 0 ? "" : `item ${item}`);
    this.#reportWhilePlaying();
  }

  #onQuiet(): void {
    this.timeline.add("agent_quiet", this.#heardText());
    if (this.#line.isProgressReported) this.#report();
  }

  #heardText(): string {
    return `${Math.round(this.ear.heardMs())} ms heard in all`;
  }

  #report(): void {
    const frame = this.ear.current();
    if (frame === undefined || frame.item === 0) return;
    const samples = frame.positionSamples + frame.heardSamples;
    this.#send(this.#line.played(frame.item, samples, this.#generation));
  }

  #reportWhilePlaying(): void {
    if (!this.#line.isProgressReported || this.#reportTimer !== undefined) return;
    this.#reportTimer = this.#clock.setTimer(PLAYED_REPORT_MS, () => {
      this.#reportTimer = undefined;
      if (!this.ear.isPlaying()) return;
      this.#report();
      this.#reportWhilePlaying();
    });
  }

  #speakFrame(): void {
    const captureMs = this.mouth.positionMs();
    const frame = this.mouth.next();
    if (this.#framesToLose > 0) {
      this.#framesToLose -= 1;
      this.#line.lose();
      return;
    }
    this.#send(this.#line.audio(frame, captureMs));
  }

  #noteAt(positionMs: number, kind: TimelineEntry["kind"]): void {
    const delayMs = Math.max(0, this.#beat.startMs() + positionMs - this.#clock.nowMs());
    const timer = this.#clock.setTimer(delayMs, () => {
      this.#noteTimers.delete(timer);
      this.timeline.add(kind);
    });
    this.#noteTimers.add(timer);
  }

  #send(message: LineMessage | null): void {
    if (message === null) return;
    if (this.#wayOut === undefined) this.#write(message);
    else this.#wayOut.send(message);
  }

  #write(message: LineMessage): void {
    if (this.isOpen()) this.#socket.send(message);
  }

  #sendAll(messages: readonly LineMessage[]): void {
    for (const message of messages) this.#send(message);
  }
}
