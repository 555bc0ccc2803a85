// What a simulator can be told: its bounds, its script, its speed. All have defaults that make it
// behave like the real server on a good day.
import type { Clock, Random } from "../contract/clock.ts";
import type { SimulatorScript } from "./script.ts";

export interface SimulatorLimits {
  /** A session ends after this, as the real one does after 60 minutes. */
  readonly sessionMsMax: number;
  readonly sessionsMax: number;
  /** How long a message is on its way, in each direction: a network between the two. */
  readonly oneWayMs: number;
  /** From response.create to the first audio. */
  readonly startDelayMs: number;
  /** Audio comes this many times faster than real time. */
  readonly speed: number;
  /** Shortest and longest piece of audio in one delta. */
  readonly deltaMsMin: number;
  readonly deltaMsMax: number;
  /** After a cancel, deltas go on this long before response.done: those "in flight". */
  readonly lateDeltasMs: number;
  readonly transcriptionDelayMs: number;
  /** Audio held in the input buffer; more is refused. */
  readonly inputMsMax: number;
  /** The newest part of what was heard is spoken back, at most this much. */
  readonly answerMsMax: number;
  readonly itemsMax: number;
  /** Responses outside the conversation that run at once. */
  readonly parallelResponsesMax: number;
}

export const SIMULATOR_LIMITS: SimulatorLimits = {
  sessionMsMax: 60 * 60_000,
  sessionsMax: 1_024,
  oneWayMs: 0,
  startDelayMs: 50,
  speed: 5,
  deltaMsMin: 20,
  deltaMsMax: 400,
  lateDeltasMs: 20,
  transcriptionDelayMs: 100,
  inputMsMax: 300_000,
  answerMsMax: 30_000,
  itemsMax: 2_000,
  parallelResponsesMax: 8,
};

export interface SimulatorOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** A loopback address unless the operator says otherwise. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
  readonly script?: SimulatorScript;
  readonly limits?: Partial<SimulatorLimits>;
  /** A second response.create is passed over instead of refused, as some servers do (D-23). */
  readonly isSecondResponseIgnored?: boolean;
  /** How it speaks to clients that do not ask for the beta protocol; "ga" unless said. */
  readonly dialect?: "ga" | "mixed";
  /** Keeps what each session was told and heard, for tests. Memory grows with each call. */
  readonly isRecorded?: boolean;
}

/** Counts over the life of the simulator. */
export interface SimulatorStats {
  /** Text messages, both directions. A paired upstream counts the same from its side. */
  messagesReceived: number;
  messagesSent: number;
  pingsReceived: number;
  sessionsOpened: number;
  sessionsClosed: number;
  commandsRefused: number;
}
