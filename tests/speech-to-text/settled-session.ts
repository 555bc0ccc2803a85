// A Realtime session over a real socket on a stepped clock: moved on only when nothing is on its way.
import type { UpstreamStats } from "../../service/upstream/upstream-stats.ts";
import type { SteppedClock } from "../support/stepped-clock.ts";

const SPINS_MAX = 500_000;
const STEP_MS = 10;

interface ServerCounts {
  readonly messagesSent: number;
  readonly messagesReceived: number;
}

/** One step of the clock, with what it brings on both sides of the session. */
export async function settleSession(
  server: ServerCounts,
  client: UpstreamStats,
  clock: SteppedClock,
): Promise<void> {
  await quiet(server, client);
  clock.advance(STEP_MS);
  await quiet(server, client);
}

async function quiet(server: ServerCounts, client: UpstreamStats): Promise<void> {
  for (let spin = 0; spin < SPINS_MAX; spin += 1) {
    // One turn more than needed: what came may be answered at once.
    await new Promise<void>((resolve) => setImmediate(resolve));
    const isQuiet =
      server.messagesSent === client.messagesReceived &&
      server.messagesReceived === client.messagesSent &&
      client.pingsSent === client.pongsReceived;
    if (isQuiet) return;
  }
  throw new Error("Never quiet");
}
