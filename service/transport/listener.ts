// The port callers knock at: native Bun sockets for audio, Hono for everything else (decision 7).
// On the frame's way: before the first station; a message is handed to its stream in the same turn.
// Handlers are synchronous (Bun awaits none, so an async one would pile up), and each is guarded:
// an exception ends that call with 1011 and no other.
import type { Server, ServerWebSocket } from "bun";
import type { LaneName } from "../contract/call-terms.ts";
import type { Clock, Random } from "../contract/clock.ts";
import type { Log } from "../contract/log.ts";
import type { Metrics } from "../contract/metrics.ts";
import type { CallOpener } from "../contract/transport.ts";
import {
  BACKPRESSURE_BYTES_MAX,
  HTTP_BODY_BYTES_MAX,
  HTTP_IDLE_SECONDS,
  MESSAGE_BYTES_MAX,
  SOCKET_IDLE_SECONDS,
} from "../limits.ts";
import { type Admission, type AdmissionSettings, type Refusal } from "./admission.ts";
import { createAdmission, refusalResponse } from "./admission.ts";
import { type CallerConnection, createCallerConnection } from "./caller-connection.ts";
import { type CallerStream, createProtobufStream } from "./protobuf-stream.ts";
import { type Traffic, createTraffic } from "./traffic.ts";

export interface ListenerSettings extends AdmissionSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Lanes that a start may ask for. */
  readonly lanes: readonly LaneName[];
}

export interface ListenerOptions {
  readonly settings: ListenerSettings;
  readonly opener: CallOpener;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  readonly log: Log;
}

export interface Listener {
  readonly port: number;
  /** Whole messages of all callers, and messages given to their sockets, since the start. */
  messagesReceived(): number;
  messagesSent(): number;
  /** Sockets that are open now. */
  connections(): number;
  /** From now on new callers get 503 and readiness says so; running calls go on. */
  drain(): void;
  /** Closes the port, and with it every socket that is left (1001). */
  stop(): Promise<void>;
}

/** One message stream of a socket, made when the socket opens. */
type StreamMaker = (connection: CallerConnection) => CallerStream;

interface SocketData {
  readonly makeStream: StreamMaker;
  connection: CallerConnection | null;
  stream: CallerStream | null;
}

interface Doorkeeper extends ListenerOptions {
  readonly admission: Admission;
  readonly traffic: Traffic;
}

const SUBPROTOCOLS = [
  ["voxbridge.v1.proto", "protobuf"],
  ["voxbridge.v1.json", "json"],
] as const;

/** Starts listening. Throws when the address cannot be had. */
export function startListener(options: ListenerOptions): Listener {
  const { settings, clock, log } = options;
  const traffic = createTraffic(options.metrics);
  let isDraining = false;
  const admission = createAdmission({ ...options, isDraining: () => isDraining });
  const doorkeeper: Doorkeeper = { ...options, admission, traffic };

  const server = Bun.serve<SocketData>({
    hostname: settings.host,
    port: settings.port,
    idleTimeout: HTTP_IDLE_SECONDS,
    maxRequestBodySize: HTTP_BODY_BYTES_MAX,
    fetch: (request, bunServer) => answer(request, bunServer, doorkeeper),
    websocket: {
      perMessageDeflate: false,
      maxPayloadLength: MESSAGE_BYTES_MAX,
      backpressureLimit: BACKPRESSURE_BYTES_MAX,
      closeOnBackpressureLimit: true,
      idleTimeout: SOCKET_IDLE_SECONDS,
      sendPings: true,
      open(socket) {
        const connection = createCallerConnection({ socket, clock, traffic, log });
        socket.data.connection = connection;
        guard(connection, () => {
          socket.data.stream = socket.data.makeStream(connection);
        });
      },
      message: (socket, message) => deliver(socket, message),
      drain: (socket) => socket.data.connection?.onDrain(),
      close: (socket) => socket.data.connection?.onSocketClosed(),
    },
  });
  const { port } = server;
  if (port === undefined) throw new Error("Cannot listen: the server has no port");

  return {
    port,
    messagesReceived: traffic.messagesReceived,
    messagesSent: traffic.messagesSent,
    connections: () => server.pendingWebSockets,
    drain() {
      isDraining = true;
    },
    async stop() {
      isDraining = true;
      await server.stop(true);
    },
  };
}

/** No closure here: this runs for every frame of every call. */
function deliver(socket: ServerWebSocket<SocketData>, message: string | Buffer): void {
  const { connection, stream } = socket.data;
  if (connection === null || stream === null) return;
  try {
    stream.onMessage(message);
  } catch (error) {
    connection.fail(error);
  }
}

function guard(connection: CallerConnection, act: () => void): void {
  try {
    act();
  } catch (error) {
    connection.fail(error);
  }
}

function answer(
  request: Request,
  server: Server<SocketData>,
  doorkeeper: Doorkeeper,
): Response | undefined {
  const { pathname } = new URL(request.url);
  const address = server.requestIP(request)?.address ?? "";
  if (pathname === "/v1/stream") return admitStream(request, server, address, doorkeeper);
  return new Response("not found", { status: 404 });
}

/** Everything a caller of /v1/stream must pass, cheapest first. undefined: the socket took over. */
function admitStream(
  request: Request,
  server: Server<SocketData>,
  address: string,
  doorkeeper: Doorkeeper,
): Response | undefined {
  const { admission, traffic } = doorkeeper;
  const refuse = (refusal: Refusal): Response => {
    traffic.noteRefused(refusal.status);
    return refusalResponse(refusal);
  };
  const addressRefusal = admission.checkAddress(address);
  if (addressRefusal !== null) return refuse(addressRefusal);
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return refuse(NO_UPGRADE);
  const originRefusal = admission.checkOrigin(request.headers.get("origin"));
  if (originRefusal !== null) return refuse(originRefusal);
  const keyId = admission.checkKey(request.headers.get("authorization"));
  if (typeof keyId !== "string") return refuse(keyId);
  const chosen = chooseSubprotocol(request.headers.get("sec-websocket-protocol"));
  if (chosen === undefined) return refuse(UNKNOWN_SUBPROTOCOL);
  const roomRefusal = admission.checkRoom(keyId);
  if (roomRefusal !== null) return refuse(roomRefusal);
  const [subprotocol, kind] = chosen;
  const { opener, clock, settings } = doorkeeper;
  const makeStream: StreamMaker = (connection) =>
    createProtobufStream({
      kind,
      connection,
      opener,
      clock,
      traffic,
      keyId,
      lanes: settings.lanes,
    });
  const data: SocketData = { makeStream, connection: null, stream: null };
  // Bun would echo the first protocol offered, known or not, so it is said here.
  const headers = { "Sec-WebSocket-Protocol": subprotocol };
  if (server.upgrade(request, { data, headers })) return undefined;
  return refuse(NO_UPGRADE);
}

const NO_UPGRADE: Refusal = {
  status: 426,
  code: "upgrade_required",
  message: "This is a WebSocket endpoint; connect with ws:// or wss://",
  hasRetryAfter: false,
};

const UNKNOWN_SUBPROTOCOL: Refusal = {
  status: 400,
  code: "subprotocol_unknown",
  message: "Offer the subprotocol voxbridge.v1.proto or voxbridge.v1.json",
  hasRetryAfter: false,
};

function chooseSubprotocol(offered: string | null): (typeof SUBPROTOCOLS)[number] | undefined {
  const names = (offered ?? "").split(",").map((name) => name.trim());
  for (const name of names) {
    const known = SUBPROTOCOLS.find(([subprotocol]) => subprotocol === name);
    if (known !== undefined) return known;
  }
  return undefined;
}
