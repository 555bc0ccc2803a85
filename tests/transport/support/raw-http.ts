// HTTP by hand, for requests that no client would send.
import { connect } from "node:net";

/** Sends `head` as it is and gives back everything until the server hangs up or answers. */
export function rawRequest(port: number, head: string): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    let received = "";
    socket.on("data", (bytes) => {
      received += bytes.toString("latin1");
      socket.end();
    });
    socket.on("error", () => undefined);
    socket.on("close", () => resolve(received));
    socket.write(head, "latin1");
  });
}
