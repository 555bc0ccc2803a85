// A plain Realtime client on a real loopback socket: says what a test tells it to, keeps every
// event. For the rules of the simulator; what the service's own upstream does is loopback-pair.ts.
import { createRealtimeSimulator, type Simulator } from "../../service/simulator/simulator.ts";
import type { SimulatorOptions } from "../../service/simulator/simulator-options.ts";
import { createSeededRandom } from "./seeded-random.ts";
import { createSteppedClock, type SteppedClock } from "./stepped-clock.ts";

/** An event as it came; tests look into it freely. */
export interface ReceivedEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

export interface RealtimeClient extends AsyncDisposable {
  readonly clock: SteppedClock;
  readonly simulator: Simulator;
  readonly events: ReceivedEvent[];
  /** Set when the connection is gone. */
  closed(): { readonly code: number; readonly reason: string } | undefined;
  /** Sends commands and waits until the answers that need no time are here. */
  say(...commands: readonly Readonly<Record<string, unknown>>[]): Promise<void>;
  sayRaw(message: string | Uint8Array<ArrayBuffer>): Promise<void>;
  /** Moves time in steps of 10 ms, each only when nothing is on its way. */
  advance(ms: number): Promise<void>;
  until(isTrue: () => boolean): Promise<void>;
  of(type: string): readonly ReceivedEvent[];
  types(): readonly string[];
  /** The codes of the error events so far. */
  errorCodes(): readonly unknown[];
}

const STEP_MS = 10;
const SPINS_MAX = 200_000;

/** Connects; the session's first events are there when the promise is fulfilled. */
export async function connectRealtimeClient(
  options: Partial<SimulatorOptions> = {},
  query = "model=simulated",
): Promise<RealtimeClient> {
  const clock = createSteppedClock();
  const simulator = createRealtimeSimulator({
    clock,
    random: createSeededRandom(1),
    host: "127.0.0.1",
    port: 0,
    isRecorded: true,
    ...options,
  });
  const events: ReceivedEvent[] = [];
  let sentCount = 0;
  let closure: { code: number; reason: string } | undefined;
  const socket = new WebSocket(`${simulator.url}?${query}`, { perMessageDeflate: false });
  socket.addEventListener("message", (event) => events.push(JSON.parse(String(event.data))));
  socket.addEventListener("close", ({ code, reason }) => {
    closure = { code, reason };
  });

  const until = async (isTrue: () => boolean) => {
    for (let spin = 0; spin < SPINS_MAX; spin += 1) {
      if (isTrue()) return;
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
    throw new Error(`Cannot go on: still waiting; last ${JSON.stringify(events.at(-1))}`);
  };
  const isQuiet = () =>
    closure !== undefined ||
    (simulator.stats.messagesSent === events.length &&
      simulator.stats.messagesReceived === sentCount);
  const settle = () => until(isQuiet);
  const sayRaw = async (message: string | Uint8Array<ArrayBuffer>) => {
    socket.send(message);
    sentCount += 1;
    await settle();
  };
  const of = (type: string) => events.filter((event) => event.type === type);

  // session.created, and for a conversation conversation.created.
  await until(() => events.length > 0 && isQuiet());
  return {
    clock,
    simulator,
    events,
    closed: () => closure,
    async say(...commands) {
      for (const command of commands) socket.send(JSON.stringify(command));
      sentCount += commands.length;
      await settle();
    },
    sayRaw,
    async advance(ms) {
      await settle();
      for (let passedMs = 0; passedMs < ms; passedMs += STEP_MS) {
        clock.advance(Math.min(STEP_MS, ms - passedMs));
        await settle();
      }
    },
    until,
    of,
    types: () => events.map((event) => event.type),
    errorCodes: () => of("error").map((event) => (event["error"] as { code: unknown }).code),
    async [Symbol.asyncDispose]() {
      socket.terminate();
      await simulator.stop();
    },
  };
}

/** session.update that switches to mu-law and turns the server's turn detection off. */
export const MANUAL_PCMU = {
  type: "session.update",
  session: {
    type: "realtime",
    audio: {
      input: { format: { type: "audio/pcmu" }, turn_detection: null },
      output: { format: { type: "audio/pcmu" } },
    },
  },
} as const;

export function appendCommand(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  return { type: "input_audio_buffer.append", audio: Buffer.from(bytes).toString("base64") };
}
