// Counts the messages at both ends of every WebSocket of this process, and with http-census.ts its
// HTTP requests, so that a test on stepped time knows when nothing is under way any more, without
// sleeping and without asking the service.
//
//   client sent --> server received        client received <-- server sent
//
// Quiet: no dial is open-ended, both sides count the same sockets, and each direction has arrived.
// Everything in the service happens in message and timer callbacks on the injected clock, so a
// quiet process stays quiet until the clock moves.
// How: while the census is open, Bun.serve and the global WebSocket are replaced by counting ones.
// Limits: one census at a time; sockets made before it are not seen; paused sockets are never
// quiet.
import type { ServerWebSocket } from "bun";
import { openHttpCensus } from "./http-census.ts";

export interface SocketCensus {
  /** Turns the event loop until the sockets are quiet; throws when they are not after TURNS_MAX. */
  settle(): Promise<void>;
  /** What is where, for messages of failing tests. */
  describe(): string;
  /** Gives Bun.serve and WebSocket back. */
  close(): void;
}

interface Traffic {
  sent: number;
  received: number;
}

/** A turn is some microseconds; a message needs one or two per hop. */
const TURNS_MAX = 200_000;
/** Turns in a row that must look quiet: one for callbacks that a turn itself has queued. */
const QUIET_TURNS = 2;

/** Two would renumber each other's requests, and neither would ever see them arrive. */
let isOpen = false;

type ServeOptions = Parameters<typeof Bun.serve>[0];

interface SocketHandlers {
  open?: (socket: ServerWebSocket<unknown>) => unknown;
  message: (socket: ServerWebSocket<unknown>, message: string | Buffer<ArrayBuffer>) => unknown;
  close?: (socket: ServerWebSocket<unknown>, code: number, reason: string) => unknown;
}

export function openSocketCensus(): SocketCensus {
  if (isOpen) throw new Error("A census is open already: an earlier test has not closed its own");
  isOpen = true;
  const clients = new Map<WebSocket, Traffic>();
  const servers = new Map<object, Traffic>();
  const releaseClient = countClients(clients);
  const releaseServer = countServers(servers);
  const http = openHttpCensus();

  const sums = () => {
    const sum = (ends: Iterable<Traffic>, key: keyof Traffic): number =>
      [...ends].reduce((total, traffic) => total + traffic[key], 0);
    return {
      dialing: [...clients.keys()].filter((socket) => socket.readyState === WebSocket.CONNECTING)
        .length,
      clients: clients.size,
      servers: servers.size,
      clientSent: sum(clients.values(), "sent"),
      serverReceived: sum(servers.values(), "received"),
      serverSent: sum(servers.values(), "sent"),
      clientReceived: sum(clients.values(), "received"),
    };
  };
  const isQuiet = (): boolean => {
    const now = sums();
    return (
      http.isQuiet() &&
      now.dialing === 0 &&
      now.clients === now.servers &&
      now.clientSent === now.serverReceived &&
      now.serverSent === now.clientReceived
    );
  };
  const describe = (): string => `${JSON.stringify(sums())} ${http.describe()}`;

  return {
    async settle() {
      let quietTurns = 0;
      for (let turn = 0; turn < TURNS_MAX; turn += 1) {
        await new Promise((resolve) => setImmediate(resolve));
        quietTurns = isQuiet() ? quietTurns + 1 : 0;
        if (quietTurns >= QUIET_TURNS) return;
      }
      throw new Error(`The sockets are not quiet after ${TURNS_MAX} turns: ${describe()}`);
    },
    describe,
    close() {
      if (!isOpen) return;
      isOpen = false;
      http.close();
      releaseClient();
      releaseServer();
    },
  };
}

/** Replaces the global WebSocket by one that enters itself into `clients`. -> puts it back. */
function countClients(clients: Map<WebSocket, Traffic>): () => void {
  const PlainWebSocket = globalThis.WebSocket;
  class CountingWebSocket extends PlainWebSocket {
    constructor(url: string | URL, options?: Bun.WebSocketOptions) {
      super(url, options);
      const traffic: Traffic = { sent: 0, received: 0 };
      clients.set(this, traffic);
      this.addEventListener("message", () => {
        traffic.received += 1;
      });
      this.addEventListener("close", () => clients.delete(this));
    }

    override send(data: Parameters<WebSocket["send"]>[0]): void {
      const traffic = clients.get(this);
      if (traffic !== undefined && this.readyState === PlainWebSocket.OPEN) traffic.sent += 1;
      super.send(data);
    }
  }
  globalThis.WebSocket = CountingWebSocket as typeof WebSocket;
  return () => {
    globalThis.WebSocket = PlainWebSocket;
  };
}

/** Replaces Bun.serve by one whose sockets enter themselves into `servers`. -> puts it back. */
function countServers(servers: Map<object, Traffic>): () => void {
  const plainServe = Bun.serve;
  const restores: (() => void)[] = [];
  const countingServe = (options: ServeOptions): unknown => {
    const websocket = Reflect.get(options, "websocket") as SocketHandlers | undefined;
    if (websocket === undefined) return plainServe(options);
    const counting: SocketHandlers = {
      ...websocket,
      open(socket) {
        if (restores.length === 0) restores.push(countSends(servers, socket));
        servers.set(socket, { sent: 0, received: 0 });
        return websocket.open?.(socket);
      },
      message(socket, message) {
        const traffic = servers.get(socket);
        if (traffic !== undefined) traffic.received += 1;
        return websocket.message(socket, message);
      },
      close(socket, code, reason) {
        servers.delete(socket);
        return websocket.close?.(socket, code, reason);
      },
    };
    return plainServe({ ...options, websocket: counting } as ServeOptions);
  };
  Bun.serve = countingServe as typeof Bun.serve;
  return () => {
    Bun.serve = plainServe;
    for (const restore of restores) restore();
  };
}

const SENDS = ["send", "sendText", "sendBinary"] as const;
type Send = (this: object, ...words: unknown[]) => number;

/** All server sockets share one prototype, whose sends are counted from the first socket on. */
function countSends(servers: Map<object, Traffic>, socket: object): () => void {
  const prototype: unknown = Object.getPrototypeOf(socket);
  if (typeof prototype !== "object" || prototype === null) throw new Error("A socket is plain");
  const plain = SENDS.map((name) => Reflect.get(prototype, name) as Send);
  SENDS.forEach((name, index) => {
    const send = plain[index];
    if (send === undefined) return;
    const counting: Send = function counting(...words) {
      const result = send.apply(this, words);
      // 0: dropped. An empty message also returns 0; nobody here sends one.
      const traffic = servers.get(this);
      if (traffic !== undefined && result !== 0) traffic.sent += 1;
      return result;
    };
    Reflect.set(prototype, name, counting);
  });
  return () => {
    SENDS.forEach((name, index) => {
      Reflect.set(prototype, name, plain[index]);
    });
  };
}
