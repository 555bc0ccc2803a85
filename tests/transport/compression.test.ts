// Goal: audio sockets do not compress, however a client asks for it (T15): a small message could
// otherwise grow without bound in memory, and every frame would pay for it.
// Method: the upgrade written by hand, with the extension offered as browsers do.
import { expect, test } from "bun:test";
import { rawRequest } from "./support/raw-http.ts";
import { startTestListener } from "./support/test-listener.ts";

test("T15: an upgrade that offers compression is taken without it", async () => {
  await using service = startTestListener();
  const answer = await rawRequest(
    service.port,
    "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n" +
      "Sec-WebSocket-Protocol: voxbridge.v1.proto\r\n\r\n",
  );
  const head = answer.toLowerCase();
  expect(head).toStartWith("http/1.1 101");
  expect(head).not.toContain("sec-websocket-extensions");
});
