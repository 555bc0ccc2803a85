// The story: a phone stops reading while it also says nothing. After 5 s the connection probes it
// with a mark; that send finds 5 s of unread audio and ends the connection with 4413. Then the
// probe's caller armed the next deadline all the same: a timer stayed behind a closed socket, and
// 5 s later the end was counted a second time, as "too quiet".
// Found by the fuzzer of whole conversations, about once in ten runs.
import { expect, test } from "bun:test";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import type { CallPort } from "../../service/contract/transport.ts";
import { createCallerConnection } from "../../service/transport/caller-connection.ts";
import { createTraffic } from "../../service/transport/traffic.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

test("createCallerConnection() leaves no timer when its own probe ends the connection", () => {
  const clock = createSteppedClock();
  const closes: number[] = [];
  const socket = {
    sendBinary: () => -1,
    sendText: () => -1,
    getBufferedAmount: () => 1,
    close: (code: number) => void closes.push(code),
  };
  const traffic = createTraffic(NO_METRICS);
  const connection = createCallerConnection({ socket, clock, traffic, log: SILENT_LOG });
  connection.onQuiet(() => connection.sendText("mark"));
  connection.attach({ onClosed: () => undefined } as CallPort);
  connection.sendText("audio that nobody reads");
  clock.advance(5_000);
  expect(closes).toEqual([4413]);
  expect(clock.pendingTimers()).toBe(0);
});
