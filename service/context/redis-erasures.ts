// Who was erased, told to every process that shares the Redis (T21).
// Station: beside the Redis store, over its connection; asked in turn by service/call-erasures.ts.
//
//   voxbridge:{erased}:count     how many erasures there were      ends ERASURES_KEPT_MS after one
//   voxbridge:{erased}:callers   sorted set, number -> caller key  likewise, the newest ones
//
// Asked for rather than published: what is published while a process is cut off is lost to it, a
// number that it remembers is not. A count below the one remembered means that the server began anew:
// then everything in the list counts as new. Limits: ERASURES_MAX callers.
import type { ErasureNews, ErasuresSince } from "../contract/caller-context.ts";
import { ERASURES_KEPT_MS, ERASURES_MAX } from "../limits.ts";
import type { RedisLine } from "./redis-line.ts";

const COUNT = "voxbridge:{erased}:count";
const CALLERS = "voxbridge:{erased}:callers";

/** ARGV: the caller, the most callers, their life. */
const TELL = `
  local number = redis.call('INCR', KEYS[1])
  redis.call('ZADD', KEYS[2], number, ARGV[1])
  redis.call('ZREMRANGEBYRANK', KEYS[2], 0, -1 - ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
  redis.call('PEXPIRE', KEYS[2], ARGV[3])
  return false`;

/** ARGV: the number remembered, "" for none: then there is nothing new. -> the count, then callers. */
const SINCE = `
  local count = tonumber(redis.call('GET', KEYS[1]) or '0')
  if ARGV[1] == '' then return { count } end
  local from = tonumber(ARGV[1])
  if count < from then from = 0 end
  local found = redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. from, '+inf')
  table.insert(found, 1, count)
  return found`;

export function createRedisErasures(line: RedisLine): ErasureNews {
  const run = (script: string, args: readonly string[]) =>
    line.send("EVAL", [script, "2", COUNT, CALLERS, ...args]);
  return {
    async tell(callerKey) {
      await run(TELL, [callerKey, String(ERASURES_MAX), String(ERASURES_KEPT_MS)]);
    },
    async since(number): Promise<ErasuresSince> {
      const reply = await run(SINCE, [number === null ? "" : String(number)]);
      const [count, ...callers] = Array.isArray(reply) ? (reply as unknown[]) : [];
      return {
        number: typeof count === "number" ? count : 0,
        callerKeys: callers.filter((caller) => typeof caller === "string"),
      };
    },
  };
}
