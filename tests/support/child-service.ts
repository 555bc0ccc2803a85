// The service as a child process in real time, as `bun start` runs it: for the few tests that must
// see the program itself. Its environment is empty, so that no key of this machine reaches it.
import { join } from "node:path";

export const ROOT = join(import.meta.dir, "..", "..");
const START_MS_MAX = 60_000;

export interface ChildService extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
}

export interface ChildResult {
  readonly exitCode: number;
  readonly output: string;
}

interface Surroundings {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** `bun start` on a free port, up when its log says that it listens. */
export function startChildService(): Promise<ChildService> {
  return serviceOf(["start", "--port", "0"], { cwd: ROOT, environment: {} });
}

/** The service by these words after `bun`, which must name a free port. */
export async function serviceOf(
  words: readonly string[],
  { cwd, environment }: Surroundings,
): Promise<ChildService> {
  const child = Bun.spawn([process.execPath, ...words], {
    cwd,
    env: { ...bareEnvironment(), ...environment },
    stdout: "pipe",
    stderr: "inherit",
  });
  const timer = setTimeout(() => child.kill("SIGKILL"), START_MS_MAX);
  const reader = child.stdout.getReader();
  let text = "";
  let port: number | undefined;
  while (port === undefined) {
    const { value, done } = await reader.read();
    if (done) throw new Error(`The service did not start: ${text}`);
    text += Buffer.from(value).toString();
    port = portOf(text);
  }
  clearTimeout(timer);
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.exited;
    },
  };
}

/** Runs a program of the project to its end. */
export async function runChild(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<ChildResult> {
  const child = Bun.spawn([process.execPath, ...args], {
    cwd: ROOT,
    env: { ...bareEnvironment(), ...environment },
    stdout: "pipe",
    stderr: "pipe",
  });
  const [stdout, stderr, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { exitCode, output: stdout + stderr };
}

function portOf(log: string): number | undefined {
  const line = /^\{.*"service listening".*\}$/m.exec(log)?.[0];
  if (line === undefined) return undefined;
  const fields: unknown = JSON.parse(line);
  const port: unknown = Reflect.get(Object(fields), "port");
  return typeof port === "number" ? port : undefined;
}

function bareEnvironment(): Record<string, string> {
  const { PATH = "", HOME = "" } = process.env;
  return { PATH, HOME };
}
