// The census is what stepped end-to-end tests wait on: it must wait for every hop, and must say so
// when a hop never comes.
import { afterEach, describe, expect, test } from "bun:test";
import type { SocketCensus } from "./socket-census.ts";
import { openSocketCensus } from "./socket-census.ts";

let census: SocketCensus | undefined;

afterEach(() => {
  census?.close();
  census = undefined;
});

/** Answers a number n with n - 1 until 0; "bye" closes. */
function countDown() {
  return Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch: (request, server) =>
      server.upgrade(request) ? undefined : new Response("no", { status: 400 }),
    websocket: {
      message(socket, message) {
        const text = String(message);
        if (text === "bye") socket.close(1000);
        else if (Number(text) > 0) socket.send(String(Number(text) - 1));
      },
    },
  });
}

describe("openSocketCensus()", () => {
  test("settle() waits for the dial and for a long exchange to end", async () => {
    census = openSocketCensus();
    using server = countDown();
    const received: string[] = [];
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    socket.addEventListener("message", ({ data }) => {
      received.push(String(data));
      if (Number(data) > 0) socket.send(String(Number(data) - 1));
    });
    await census.settle();
    expect(socket.readyState).toBe(WebSocket.OPEN);
    socket.send("41");
    await census.settle();
    expect(received.at(-1)).toBe("0");
    expect(received).toHaveLength(21);
  });

  test("settle() waits until both ends know that a socket is closed", async () => {
    census = openSocketCensus();
    using server = countDown();
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    let isClosed = false;
    socket.addEventListener("close", () => {
      isClosed = true;
    });
    await census.settle();
    socket.send("bye");
    await census.settle();
    expect(isClosed).toBe(true);
    expect(census.describe()).toContain('"clients":0,"servers":0');
  });

  test("settle() is over when a dial was refused", async () => {
    census = openSocketCensus();
    using server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("no", { status: 503 }),
    });
    const socket = new WebSocket(`ws://127.0.0.1:${server.port}/`);
    await census.settle();
    expect(socket.readyState).toBe(WebSocket.CLOSED);
  });

  test("close() gives the plain socket and server back", () => {
    const plainSocket = globalThis.WebSocket;
    const plainServe = Bun.serve;
    census = openSocketCensus();
    expect(globalThis.WebSocket).not.toBe(plainSocket);
    census.close();
    expect(globalThis.WebSocket).toBe(plainSocket);
    expect(Bun.serve).toBe(plainServe);
  });
});
