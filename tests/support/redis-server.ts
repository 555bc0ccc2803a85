// A real redis-server (Debian's package) on a free port of this machine, without persistence, for
// the tests that need one. Ended by its own pid; without the program those tests are skipped with
// one loud line, which .ci/run takes for a failure.
import { describe } from "bun:test";

const PORT_TRIES = 20;

export interface RedisServer {
  readonly url: string;
  /** SIGSTOP: it keeps its connections and answers nothing. */
  pause(): void;
  resume(): void;
  /** Ends it at once; what it held is gone. */
  kill(): Promise<void>;
  /** Another one on the same port. */
  startAgain(): Promise<void>;
}

/** describe, or a skip that says so. */
export function describeWithRedis(name: string, tests: () => void): void {
  if (Bun.which("redis-server") !== null) {
    describe(name, tests);
    return;
  }
  console.log(`SKIPPED: ${name} needs redis-server`);
  describe.skip(name, tests);
}

export async function startRedisServer(): Promise<RedisServer> {
  for (let tries = 0; tries < PORT_TRIES; tries += 1) {
    const port = freePort();
    const started = await start(port);
    if (started !== null) return serverOf(port, started);
  }
  throw new Error("No redis-server could be started");
}

type Child = Bun.Subprocess<"ignore", "pipe", "inherit">;

function serverOf(port: number, started: Child): RedisServer {
  let child = started;
  return {
    url: `redis://127.0.0.1:${port}`,
    pause: () => child.kill("SIGSTOP"),
    resume: () => child.kill("SIGCONT"),
    async kill() {
      child.kill("SIGKILL");
      await child.exited;
    },
    async startAgain() {
      const again = await start(port);
      if (again === null) throw new Error(`redis-server did not start again on port ${port}`);
      child = again;
    },
  };
}

/** -> null when it ended instead, as it does when another program took the port. */
async function start(port: number): Promise<Child | null> {
  const child = Bun.spawn(
    [
      "redis-server",
      ...["--port", `${port}`, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
      ...["--daemonize", "no", "--dir", "/tmp", "--enable-debug-command", "yes"],
    ],
    { stdin: "ignore", stdout: "pipe", stderr: "inherit" },
  );
  let text = "";
  for await (const bytes of child.stdout) {
    text += Buffer.from(bytes).toString();
    if (text.includes("Ready to accept connections")) return child;
  }
  await child.exited;
  return null;
}

function freePort(): number {
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: { data: () => undefined },
  });
  const { port } = listener;
  listener.stop(true);
  return port;
}
