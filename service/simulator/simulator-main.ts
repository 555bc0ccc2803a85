// `bun run simulator`: the simulated Realtime API server on its own, for any client.
import { parseArgs } from "node:util";
import { createSystemClock, createSystemRandom } from "../clock.ts";
import { VoxError } from "../errors.ts";
import { parseScript } from "./script.ts";
import { createRealtimeSimulator, type Simulator } from "./simulator.ts";

const HELP = `bun run simulator [--port 8790] [--host 127.0.0.1] [--script answers.yaml]
                  [--speed 5] [--delay 0]

  --script  what to answer, see docs/simulator.md
  --speed   audio comes this many times faster than real time
  --delay   milliseconds that each message is on its way, in each direction
`;
const PORT_MAX = 65_535;
const SPEED_MAX = 100;
const DELAY_MS_MAX = 5_000;

/** Reads the command line and listens. Throws VoxError `config_invalid`. */
export async function startSimulator(args: readonly string[]): Promise<Simulator | undefined> {
  const values = readArguments(args);
  if (values.help) {
    process.stdout.write(HELP);
    return undefined;
  }
  const port = numberBetween("port", values.port ?? "8790", 0, PORT_MAX);
  if (!Number.isInteger(port)) throw invalid(`port is ${port}, must be a whole number`);
  const speed = numberBetween("speed", values.speed ?? "5", 0.1, SPEED_MAX);
  const oneWayMs = numberBetween("delay", values.delay ?? "0", 0, DELAY_MS_MAX);
  const script = values.script === undefined ? {} : { script: await readScript(values.script) };
  return createRealtimeSimulator({
    clock: createSystemClock(),
    random: createSystemRandom(),
    host: values.host ?? "127.0.0.1",
    port,
    limits: { speed, oneWayMs },
    ...script,
  });
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
        help: { type: "boolean", short: "h" },
      },
    }).values;
  } catch (cause) {
    throw invalid(cause instanceof Error ? cause.message : "arguments are not understood", cause);
  }
}

async function readScript(path: string) {
  const file = Bun.file(path);
  if (!(await file.exists())) throw invalid(`script is ${path}, must be a file`);
  return parseScript(await file.text());
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
