// One connection on a recorded socket: the results of sends, unread time, and one ending.
import { describe, expect, test } from "bun:test";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SEND } from "../../service/contract/send-result.ts";
import type { CallPort } from "../../service/contract/transport.ts";
import { createCallerConnection } from "../../service/transport/caller-connection.ts";
import { createTraffic } from "../../service/transport/traffic.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

function newConnection() {
  const clock = createSteppedClock();
  const closes: string[] = [];
  const state = { result: 10, bufferedBytes: 0, closedCount: 0 };
  const socket = {
    sendBinary: () => state.result,
    sendText: () => state.result,
    getBufferedAmount: () => state.bufferedBytes,
    close: (code: number, reason: string) => {
      closes.push(`${code} ${reason}`);
    },
  };
  const traffic = createTraffic(NO_METRICS);
  const connection = createCallerConnection({ socket, clock, traffic, log: SILENT_LOG });
  const port = {
    onClosed: () => {
      state.closedCount += 1;
    },
  } as CallPort;
  return { clock, closes, state, traffic, connection, port };
}

describe("createCallerConnection()", () => {
  test("tells what became of each message, and counts it", () => {
    const { state, traffic, connection } = newConnection();
    expect(connection.sendText("x")).toBe(SEND.SENT);
    state.result = -1;
    expect(connection.sendText("x")).toBe(SEND.BUFFERED);
    state.result = 0;
    expect(connection.sendBinary(new Uint8Array(1))).toBe(SEND.DROPPED);
    connection.end(1000, "end");
    state.result = 10;
    expect(connection.sendText("x")).toBe(SEND.DROPPED);
    expect(traffic.messagesSent()).toBe(2);
  });

  test("T12: closes with 4413 when something has been unread for five seconds", () => {
    const { clock, closes, state, connection, port } = newConnection();
    connection.attach(port);
    state.result = -1;
    state.bufferedBytes = 1;
    connection.sendText("x");
    clock.advance(4_999);
    connection.sendText("x");
    expect(closes).toEqual([]);
    clock.advance(1);
    connection.sendText("x");
    expect(closes).toEqual(["4413 you read too slowly"]);
  });

  test("starts the five seconds anew when everything has been read", () => {
    const { clock, closes, state, connection, port } = newConnection();
    connection.attach(port);
    state.result = -1;
    connection.sendText("x");
    clock.advance(4_000);
    connection.onDrain();
    connection.noteMessage();
    clock.advance(4_000);
    connection.sendText("x");
    expect(closes).toEqual([]);
  });

  test("T12: closes with 4413 at 192 KiB unread", () => {
    const { closes, state, connection } = newConnection();
    state.result = -1;
    state.bufferedBytes = 192 * 1024;
    connection.sendText("x");
    expect(closes).toEqual(["4413 you read too slowly"]);
  });

  test("tells its call of the end once, and never from within", async () => {
    const { clock, closes, state, connection, port } = newConnection();
    connection.attach(port);
    connection.end(1000, "end");
    connection.end(1011, "again");
    connection.fail(new Error("late"));
    connection.onSocketClosed();
    expect(state.closedCount).toBe(0);
    await Promise.resolve();
    expect(state.closedCount).toBe(1);
    expect(closes).toEqual(["1000 end"]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("tells a call that ended while it was being opened", async () => {
    const { state, connection, port } = newConnection();
    connection.end(1000, "end");
    connection.attach(port);
    await Promise.resolve();
    expect(state.closedCount).toBe(1);
  });

  test("cuts a reason to what a close frame can carry", () => {
    const { closes, connection } = newConnection();
    connection.end(1000, "x".repeat(200));
    expect(closes).toEqual([`1000 ${"x".repeat(123)}`]);
  });
});
