// The port callers knock at: native Bun sockets for audio, Hono for everything else (decision 7).
// On the frame's way: before the first station; a message is handed to its stream in the same turn.
// Handlers are synchronous (Bun awaits none, so an async one would pile up), and each is guarded:
// an exception ends that call with 1011 and no other.
import type { Server, ServerWebSocket } from "bun";
import { type CallerIdentities, NO_IDENTITIES } from "../contract/caller-identity.ts";
import type { CallerRecords } from "../contract/caller-records.ts";
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
import { VoxError } from "../errors.ts";
import { type AnswerHttp, createHttpApp } from "../http/http-app.ts";
import { createStatusEvents } from "../http/twilio-webhook.ts";
import {
  type AdmissionSettings,
  createAdmission,
  type Refusal,
  refusalResponse,
} from "./admission.ts";
import { createCallerConnection } from "./caller-connection.ts";
import { type Entrance, type SocketData, createEntrance } from "./entrance.ts";
import { createRefusalLog } from "./refusal-log.ts";
import { createTraffic } from "./traffic.ts";
import { type TwilioSettings, createTwilioGate } from "./twilio-gate.ts";

export interface ListenerSettings extends AdmissionSettings, TwilioSettings {
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
  /** Lanes that a start may ask for. */
  readonly lanes: readonly LaneName[];
}

export interface ListenerOptions {
  readonly settings: ListenerSettings;
  readonly opener: CallOpener;
  /** Left out: a number names nobody. */
  readonly identities?: CallerIdentities;
  /** What is kept of callers, for the operator; null or left out: nothing. */
  readonly callers?: CallerRecords | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly metrics: Metrics;
  /** The Prometheus text of this moment, for GET /metrics. */
  readonly metricsText: () => string;
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

const INTERNAL: Refusal = {
  status: 500,
  code: "internal",
  message: "The service has a bug; its log says more",
  hasRetryAfter: false,
};

/** Starts listening. Throws VoxError when the address cannot be had. */
export function startListener(options: ListenerOptions): Listener {
  const { settings, clock, random, log, opener, metrics } = options;
  const traffic = createTraffic(metrics);
  let isDraining = false;
  const admission = createAdmission({ settings, opener, clock, isDraining: () => isDraining });
  const twilio = createTwilioGate(settings, clock, random);
  const lanes = settings.lanes;
  const refusals = createRefusalLog(log, traffic);
  const entrance = createEntrance({ opener, clock, admission, traffic, refusals, twilio, lanes });
  const answerHttp = createHttpApp({
    opener,
    admission,
    identities: options.identities ?? NO_IDENTITIES,
    callers: options.callers ?? null,
    refusals,
    twilio,
    statusEvents: createStatusEvents(metrics),
    hasKeys: settings.apiKeys.length > 0,
    metricsText: options.metricsText,
    log,
  });

  const server = listen({
    hostname: settings.host,
    port: settings.port,
    // Spelled out: `development: false` alone lets a second service share the port without a word.
    reusePort: false,
    idleTimeout: HTTP_IDLE_SECONDS,
    maxRequestBodySize: HTTP_BODY_BYTES_MAX,
    // Never Bun's own error page, which shows source.
    development: false,
    error(error) {
      log.error("request ended by a bug", { error });
      return refusalResponse(INTERNAL);
    },
    fetch: (request, bunServer) => answer(request, bunServer, entrance, answerHttp),
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
        try {
          socket.data.stream = socket.data.makeStream(connection);
        } catch (error) {
          connection.fail(error);
        }
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

function listen(options: Bun.Serve.Options<SocketData>): Server<SocketData> {
  try {
    return Bun.serve<SocketData>(options);
  } catch (cause) {
    const { hostname, port } = options as { hostname: string; port: number };
    const message = `Cannot listen: the address is ${hostname} port ${port}, must be free and of this machine`;
    throw new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
  }
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

/** A socket, when the request is for one and may have it; else what HTTP answers. */
function answer(
  request: Request,
  server: Server<SocketData>,
  entrance: Entrance,
  answerHttp: AnswerHttp,
): Response | undefined | Promise<Response> {
  const address = server.requestIP(request)?.address ?? "";
  const admitted = entrance.admit(request, address);
  if (admitted === null) return answerHttp(request, address);
  if ("status" in admitted) return refusalResponse(admitted);
  const { data, headers } = admitted;
  if (server.upgrade(request, { data, headers })) return undefined;
  return refusalResponse(entrance.refuseUpgrade());
}
