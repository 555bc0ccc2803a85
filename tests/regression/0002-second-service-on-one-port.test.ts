// The story: `bun start` twice. Bun.serve with `development: false` sets SO_REUSEPORT unless it is
// told not to, so the second service started without a word and took every other caller of the
// first: limits, draining and metrics of both were wrong.
import { expect, test } from "bun:test";
import { VoxError } from "../../service/errors.ts";
import { startTestListener } from "../transport/support/test-listener.ts";

test("startListener() refuses a port that another program would share", async () => {
  // The other one would share: only our own refusal keeps us off its port.
  const other = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    reusePort: true,
    fetch: () => new Response(),
  });
  const { port = 0 } = other;
  let thrown: unknown;
  try {
    await startTestListener({ port })[Symbol.asyncDispose]();
  } catch (error) {
    thrown = error;
  }
  await other.stop(true);
  expect(thrown).toBeInstanceOf(VoxError);
  expect(String(thrown)).toContain(`Cannot listen: the address is 127.0.0.1 port ${port}, must be`);
});
