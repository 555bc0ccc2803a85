// One connection to Redis or Valkey, with the deadlines that Bun's client has not.
// Station: under the Redis store. Bun's client queues commands while it is not connected and runs
// them when it is again, and waits for ever for a server that was stopped; so its queue is off, it
// never reconnects by itself, and every command has a deadline after which the connection is thrown
// away: nobody knows what a server that fell silent still does.
//
//   AWAY --command--> DIALLING --> UP --deadline, closed--> AWAY (rests for the backoff)
//
// Limits: STORE_REQUESTS_MAX commands at once, one dial at a time, STORE_BACKOFF_MS_* between dials;
// while it rests every command is refused at once.
import { RedisClient } from "bun";
import type { Clock, Random } from "../contract/clock.ts";
import { STORE_BACKOFF_MS_MAX, STORE_BACKOFF_MS_MIN, STORE_REQUESTS_MAX } from "../limits.ts";
import { storeUnavailable, withDeadline } from "./store-failure.ts";

export interface RedisLineParts {
  readonly url: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly deadlineMs: number;
}

interface Asked {
  /** What it was sent on; null before. */
  client: RedisClient | null;
  /** Its deadline has passed: it must not be sent any more. */
  isGivenUp: boolean;
}

export class RedisLine {
  readonly #parts: RedisLineParts;
  #client: RedisClient | null = null;
  #dialling: Promise<RedisClient> | null = null;
  #failures = 0;
  #dialNextMs = Number.NEGATIVE_INFINITY;
  #underWay = 0;
  #isClosed = false;

  constructor(parts: RedisLineParts) {
    this.#parts = parts;
  }

  /** -> the reply. Rejects with store_unavailable, within the deadline. */
  async send(command: string, args: string[]): Promise<unknown> {
    const { clock, deadlineMs } = this.#parts;
    if (this.#underWay >= STORE_REQUESTS_MAX) {
      throw storeUnavailable(`Cannot use store: ${STORE_REQUESTS_MAX} commands wait for it`);
    }
    this.#underWay += 1;
    const asked: Asked = { client: null, isGivenUp: false };
    try {
      const reply = async (): Promise<unknown> => {
        const client = await this.#connected();
        if (asked.isGivenUp) throw storeUnavailable("Cannot use store: it was given up");
        asked.client = client;
        return await client.send(command, args);
      };
      const onPassed = () => {
        asked.isGivenUp = true;
        this.#drop(asked.client);
      };
      return await withDeadline({ clock, deadlineMs, answer: reply(), onPassed });
    } catch (error) {
      throw unavailableOf(error, command);
    } finally {
      this.#underWay -= 1;
    }
  }

  close(): void {
    this.#isClosed = true;
    const client = this.#client;
    this.#client = null;
    client?.close();
  }

  async #connected(): Promise<RedisClient> {
    if (this.#client !== null) return this.#client;
    if (this.#isClosed) throw storeUnavailable("Cannot use store: it is closed");
    if (this.#dialling === null) {
      if (this.#parts.clock.nowMs() < this.#dialNextMs) {
        throw storeUnavailable("Cannot use store: the server is away, tried again soon");
      }
      this.#dialling = this.#dial().finally(() => {
        this.#dialling = null;
      });
    }
    return await this.#dialling;
  }

  async #dial(): Promise<RedisClient> {
    const { url, clock, deadlineMs } = this.#parts;
    const client = new RedisClient(url, {
      autoReconnect: false,
      enableOfflineQueue: false,
      connectionTimeout: deadlineMs,
    });
    client.onclose = () => this.#drop(client);
    try {
      // Our clock's deadline, for a server that accepts and says nothing.
      const onPassed = () => client.close();
      await withDeadline({ clock, deadlineMs, answer: client.connect(), onPassed });
    } catch (error) {
      this.#rest();
      throw error;
    }
    this.#client = client;
    this.#failures = 0;
    return client;
  }

  /** null: no connection yet; the dial's own deadline sees to it. */
  #drop(client: RedisClient | null): void {
    if (client === null || this.#client !== client) return;
    this.#client = null;
    this.#rest();
    // What waits on it is rejected by this.
    client.close();
  }

  #rest(): void {
    const { clock, random } = this.#parts;
    const backoffMs = Math.min(STORE_BACKOFF_MS_MAX, STORE_BACKOFF_MS_MIN * 2 ** this.#failures);
    this.#failures = Math.min(this.#failures + 1, 16);
    // Between half and all of it, so that many processes do not come back together.
    const share = 0.5 + random.uint32() / 2 ** 33;
    this.#dialNextMs = clock.nowMs() + backoffMs * share;
  }
}

/** Fixed words and the server's code: a reply may quote what was sent. */
function unavailableOf(error: unknown, command: string): Error {
  if (error instanceof Error && error.name === "VoxError") return error;
  const said = error instanceof Error ? error.message : "";
  const code = /^[A-Z]{2,16}(?= )/.exec(said)?.[0] ?? "";
  return storeUnavailable(`Cannot ${command} in store: ${code || "the connection is lost"}`, error);
}
