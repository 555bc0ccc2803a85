// A WebSocket by hand, for what a well-behaved client cannot do: frames byte by byte, false
// lengths.
import { connect } from "node:net";

export interface RawCaller {
  write(bytes: Uint8Array): void;
  /** The code of the close frame, once the server has hung up. */
  readonly closeCode: Promise<number>;
}

/** A WebSocket by hand: only so can a frame come byte by byte, or lie about its length. */
export async function dialRaw(port: number): Promise<RawCaller> {
  const socket = connect(port, "127.0.0.1");
  const received: Buffer[] = [];
  const answered = new Promise<string>((resolve) => {
    socket.once("data", (bytes) => resolve(bytes.toString("latin1")));
  });
  socket.on("data", (bytes) => received.push(Buffer.from(bytes)));
  const closeCode = new Promise<number>((resolve) => {
    socket.on("close", () => resolve(closeCodeOf(Buffer.concat(received))));
  });
  socket.write(
    "GET /v1/stream HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
      "Sec-WebSocket-Protocol: voxbridge.v1.proto\r\n\r\n",
  );
  if (!(await answered).startsWith("HTTP/1.1 101")) throw new Error("Cannot upgrade");
  return { write: (bytes) => socket.write(bytes), closeCode };
}

/** Walks the server's frames (all shorter than 126 bytes here) to the close frame; 0: none. */
function closeCodeOf(bytes: Buffer): number {
  let at = bytes.indexOf("\r\n\r\n") + 4;
  while (at + 4 <= bytes.length && bytes[at] !== 0x88) at += 2 + (bytes[at + 1] ?? 0);
  return at + 4 <= bytes.length ? bytes.readUInt16BE(at + 2) : 0;
}

/** One binary client frame (RFC 6455 section 5.2), masked with zeros. */
export function maskedFrame(payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const head = length < 126 ? [0x82, 0x80 | length] : [0x82, 0xfe, length >> 8, length & 255];
  return Uint8Array.from([...head, 0, 0, 0, 0, ...payload]);
}
