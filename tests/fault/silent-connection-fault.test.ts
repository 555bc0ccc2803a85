// Goal: a connection that does not come to the point is closed, and dribbling does not keep it open (T10).
// Method: a listener on a free port and sockets of our own, in real time, as the limit is the platform's
// own clock's: all at once, so that the test takes as long as one of them.
import { connect } from "node:net";
import { describe, expect, test } from "bun:test";
import { HTTP_IDLE_SECONDS } from "../../service/limits.ts";
import { startTestListener } from "../transport/support/test-listener.ts";

/** The threat's own bound. */
const CLOSED_MS_MAX = 12_000;
/** The platform looks at its connections every few seconds. */
const SLACK_MS = 6_000;
const DRIBBLE_MS = 700;
const HEAD = "GET /v1/stream HTTP/1.1\r\nHost: x\r\nX-Long: ";

interface Ended {
  readonly afterMs: number;
  readonly received: string;
}

/** Says `first`, then `more` again and again. -> when the far end hung up. */
function holdOpen(port: number, first: string, more: string): Promise<Ended> {
  return new Promise((resolve) => {
    const startedMs = performance.now();
    let received = "";
    const socket = connect(port, "127.0.0.1", () => {
      if (first !== "") socket.write(first);
    });
    const timer = setInterval(() => {
      if (more !== "" && socket.writable) socket.write(more);
    }, DRIBBLE_MS);
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
    });
    socket.on("error", () => undefined);
    socket.on("close", () => {
      clearInterval(timer);
      resolve({ afterMs: performance.now() - startedMs, received });
    });
  });
}

describe("a connection without a request", () => {
  test("T10: is closed in time, whether it is silent, dribbles its head, or rests after an answer", async () => {
    expect(HTTP_IDLE_SECONDS * 1_000).toBeLessThanOrEqual(CLOSED_MS_MAX);
    await using listener = startTestListener();
    const { port } = listener;
    const live = "GET /health/live HTTP/1.1\r\nHost: x\r\n\r\n";
    const ends = await Promise.all([
      holdOpen(port, "", ""),
      holdOpen(port, "GET /v1/st", ""),
      holdOpen(port, HEAD, "a"),
      holdOpen(port, live, ""),
    ]);
    for (const { afterMs } of ends) expect(afterMs).toBeLessThan(CLOSED_MS_MAX + SLACK_MS);
    const answered = ends.map(({ received }) => received.startsWith("HTTP/1.1 200"));
    expect(answered).toEqual([false, false, false, true]);
    // Nobody of them was taken for a caller.
    expect(listener.opener.calls).toEqual([]);
  });
});
