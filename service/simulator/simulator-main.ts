// `bun run simulator`: the simulated Realtime API server and the simulated chat server on their own,
// for any client.
import { parseArgs } from "node:util";
import { createSystemClock, createSystemRandom } from "../clock.ts";
import { VoxError } from "../errors.ts";
import { parseScript } from "./script.ts";
import { parseChatScript } from "./chat-script.ts";
import { type ChatSimulator, createChatSimulator } from "./chat-simulator.ts";
import { createRealtimeSimulator, type Simulator } from "./simulator.ts";

const HELP = `bun run simulator [--port 8790] [--host 127.0.0.1] [--script answers.yaml]
                  [--speed 5] [--delay 0]
                  [--chat-port 8791] [--chat-script chat.yaml]
                  [--first-token 100] [--tokens-per-second 100]

  --script  what to answer, see docs/simulator.md
  --speed   audio comes this many times faster than real time
  --delay   milliseconds that each message is on its way, in each direction
  --chat-port  of the chat server; one above --port unless said
  --chat-script  what the chat server answers
  --first-token  milliseconds to the first token of a chat answer
  --tokens-per-second  after the first one; 0 for all at once
`;
const PORT_MAX = 65_535;
const SPEED_MAX = 100;
const DELAY_MS_MAX = 5_000;
const FIRST_TOKEN_MS_MAX = 600_000;
const TOKENS_PER_SECOND_MAX = 100_000;

export interface RunningSimulators {
  /** Of the Realtime API. */
  readonly url: string;
  /** Base of the chat API. */
  readonly chatUrl: string;
  stop(): Promise<void>;
}

/** Reads the command line and listens. Throws VoxError `config_invalid`. */
export async function startSimulator(
  args: readonly string[],
): Promise<RunningSimulators | undefined> {
  const values = readArguments(args);
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const port = numberBetween("port", values.port ?? "8790", 0, PORT_MAX);
  if (!Number.isInteger(port)) throw invalid(`port is ${port}, must be a whole number`);
  const chatPort = numberBetween("chat-port", values["chat-port"] ?? nextPort(port), 0, PORT_MAX);
  if (!Number.isInteger(chatPort))
    throw invalid(`chat-port is ${chatPort}, must be a whole number`);
  const speed = numberBetween("speed", values.speed ?? "5", 0.1, SPEED_MAX);
  const oneWayMs = numberBetween("delay", values.delay ?? "0", 0, DELAY_MS_MAX);
  const firstTokenMs = numberBetween(
    "first-token",
    values["first-token"] ?? "100",
    0,
    FIRST_TOKEN_MS_MAX,
  );
  const tokensPerSecond = numberBetween(
    "tokens-per-second",
    values["tokens-per-second"] ?? "100",
    0,
    TOKENS_PER_SECOND_MAX,
  );
  const script = await scriptOf("script", values.script, parseScript);
  const chatScript = await scriptOf("chat-script", values["chat-script"], parseChatScript);
  const common = {
    clock: createSystemClock(),
    random: createSystemRandom(),
    host: values.host ?? "127.0.0.1",
  };
  const realtime = createRealtimeSimulator({
    ...common,
    port,
    limits: { speed, oneWayMs },
    ...(script && { script }),
  });
  const chatOptions = {
    ...common,
    port: chatPort,
    limits: { firstTokenMs, tokensPerSecond },
    ...(chatScript && { script: chatScript }),
  };
  const chat = await orStopped(realtime, () => createChatSimulator(chatOptions));
  return {
    url: realtime.url,
    chatUrl: chat.url,
    async stop() {
      await realtime.stop();
      await chat.stop();
    },
  };
}

/** What `make` makes; when that fails, the first server does not stay alone. */
async function orStopped(first: Simulator, make: () => ChatSimulator): Promise<ChatSimulator> {
  try {
    return make();
  } catch (error) {
    await first.stop();
    throw error;
  }
}

/** Any free port again when the first is any. */
function nextPort(port: number): string {
  return String(port === 0 ? 0 : port + 1);
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        host: { type: "string" },
        port: { type: "string" },
        script: { type: "string" },
        speed: { type: "string" },
        delay: { type: "string" },
        "chat-port": { type: "string" },
        "chat-script": { type: "string" },
        "first-token": { type: "string" },
        "tokens-per-second": { type: "string" },
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : "arguments are not understood", cause);
  }
}

async function scriptOf<Script>(
  flag: string,
  path: string | undefined,
  parse: (text: string) => Script,
): Promise<Script | undefined> {
  if (path === undefined) return undefined;
  const file = Bun.file(path);
  if (!(await file.exists())) throw invalid(`${flag} is ${path}, must be a file`);
  return parse(await file.text());
}

function numberBetween(name: string, text: string, min: number, max: number): number {
  const value = Number(text);
  if (text !== "" && value >= min && value <= max) return value;
  throw invalid(`${name} is ${text}, must be ${min}..${max}`);
}

function invalid(what: string, cause?: unknown): VoxError {
  const message = `Cannot start the simulator: ${what}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
}

if (import.meta.main) {
  try {
    const simulator = await startSimulator(process.argv.slice(2));
    if (simulator !== undefined) {
      process.stdout.write(`simulator: ${simulator.url}\n`);
      process.stdout.write(`chat simulator: ${simulator.chatUrl}\n`);
      process.stdout.write(`use it with OPENAI_REALTIME_URL=${simulator.url} bun start\n`);
    }
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.once(signal, () => void simulator?.stop());
    }
  } catch (error) {
    if (!(error instanceof VoxError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
