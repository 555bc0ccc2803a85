// A caller on a real loopback socket, for tests: sends frames, waits for what comes back by
// condition, never by time. A wait that lasts too long ends in the test runner's own timeout.
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { MessageInitShape } from "@bufbuild/protobuf";
import {
  ClientFrameSchema,
  Encoding,
  type ServerFrame,
  ServerFrameSchema,
} from "../../../gen/voxbridge/v1/stream_pb.ts";

type ClientMessage = NonNullable<MessageInitShape<typeof ClientFrameSchema>["message"]>;
type ServerMessage = Exclude<ServerFrame["message"], { case: undefined }>;
type ServerValues = { [Each in ServerMessage as Each["case"]]: Each["value"] };

export interface SocketCaller {
  readonly socket: WebSocket;
  /** Raw messages in order. */
  readonly received: (string | Uint8Array)[];
  /** Resolves when the close event comes. */
  readonly closed: Promise<{ code: number; reason: string }>;
  /** Resolves once `condition` holds; it is looked at after every message and at the close. */
  until(condition: () => boolean): Promise<void>;
}

export interface StreamCaller extends SocketCaller {
  send(message: ClientMessage): void;
  /** Decoded messages in order. */
  messages(): ServerMessage[];
  messagesOf<Case extends keyof ServerValues>(kind: Case): ServerValues[Case][];
}

interface DialOptions {
  readonly protocols?: string[];
  readonly headers?: Record<string, string>;
}

/** Resolves once `condition` holds, letting sockets work in between. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

/** The only item of a list. */
export function only<Item>(items: readonly Item[]): Item {
  const [item] = items;
  if (item === undefined || items.length !== 1) throw new Error(`${items.length} items, not one`);
  return item;
}

/** Opens a socket. Rejects when the server does not upgrade. */
export async function dialSocket(url: string, options: DialOptions = {}): Promise<SocketCaller> {
  const socket = new WebSocket(url, { ...options, perMessageDeflate: false });
  socket.binaryType = "nodebuffer";
  const received: (string | Uint8Array)[] = [];
  const waiting = new Set<() => void>();
  const look = (): void => {
    for (const check of [...waiting]) check();
  };
  socket.addEventListener("message", (event: MessageEvent<string | Uint8Array>) => {
    received.push(event.data);
    look();
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.addEventListener("close", ({ code, reason }) => {
      resolve({ code, reason });
      look();
    });
  });
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("open", () => resolve());
    socket.addEventListener("error", () => reject(new Error(`Cannot dial ${url}`)));
  });
  const until = (condition: () => boolean): Promise<void> =>
    new Promise((resolve) => {
      const check = (): void => {
        if (!condition()) return;
        waiting.delete(check);
        resolve();
      };
      waiting.add(check);
      check();
    });
  return { socket, received, closed, until };
}

/** A caller that speaks voxbridge.v1.proto. */
export async function dialStream(port: number, options: DialOptions = {}): Promise<StreamCaller> {
  const url = `ws://127.0.0.1:${port}/v1/stream`;
  const caller = await dialSocket(url, { protocols: ["voxbridge.v1.proto"], ...options });
  const messages = (): ServerMessage[] =>
    caller.received.map((bytes) => {
      if (typeof bytes === "string") throw new Error("a text message came on the binary protocol");
      const { message } = fromBinary(ServerFrameSchema, bytes);
      if (message.case === undefined) throw new Error("a message of no known kind came");
      return message;
    });
  return {
    ...caller,
    messages,
    send(message) {
      caller.socket.send(encodeClient(message));
    },
    messagesOf<Case extends keyof ServerValues>(kind: Case): ServerValues[Case][] {
      const found = messages().filter((message) => message.case === kind);
      return found.map(({ value }) => value as ServerValues[Case]);
    },
  };
}

export function encodeClient(message: ClientMessage): Uint8Array<ArrayBuffer> {
  return toBinary(ClientFrameSchema, create(ClientFrameSchema, { message }));
}

/** A start that is accepted: 16 kHz PCM, unless told otherwise. */
export function startMessage(fields: object = {}): ClientMessage {
  return {
    case: "start",
    value: { encoding: Encoding.PCM16, sampleRateHz: 16_000, channels: 1, ...fields },
  };
}

/** Dials, starts and waits for `started`. */
export async function dialStarted(
  port: number,
  fields: object = {},
  options: DialOptions = {},
): Promise<StreamCaller> {
  const caller = await dialStream(port, options);
  caller.send(startMessage(fields));
  await caller.until(() => caller.messagesOf("started").length > 0);
  return caller;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** The JSON body's error code; "" without one. */
  readonly code: string;
}

/** Asks for an upgrade that is expected to be refused. */
export async function knock(
  port: number,
  path: string,
  headers: Record<string, string> = {},
): Promise<HttpAnswer> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: {
      Connection: "Upgrade",
      Upgrade: "websocket",
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
      "Sec-WebSocket-Protocol": "voxbridge.v1.proto",
      ...headers,
    },
  });
  return httpAnswer(response);
}

/** Status and error code of a refusal, which must be JSON and say something. */
export async function httpAnswer(response: Response): Promise<HttpAnswer> {
  const { status, headers } = response;
  const body = (await response.json()) as { error?: { code?: string; message?: string } };
  if ((body.error?.message ?? "").length < 10) throw new Error("the refusal says nothing");
  return { status, headers, code: body.error?.code ?? "" };
}
