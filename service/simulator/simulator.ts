// A Realtime API server of our own, spoken to over a real WebSocket: for tests, and for people who
// have no key. It obeys the real server's rules and says back what it heard (docs/simulator.md).
// Limits: SimulatorLimits; one message at most COMMAND_BYTES_MAX, as the real server takes them.
import type { Server, ServerWebSocket } from "bun";
import { VoxError } from "../errors.ts";
import {
  SIMULATOR_LIMITS,
  type SimulatorLimits,
  type SimulatorOptions,
  type SimulatorStats,
} from "./simulator-options.ts";
import type { SessionKind } from "./session-settings.ts";
import { createSimulatorLine, type SimulatorLine } from "./simulator-line.ts";
import type { SessionFault } from "./simulator-faults.ts";
import type { RealtimeDialect } from "../wire/realtime-dialect.ts";
import type { SimulatorRecord } from "./simulator-record.ts";

export interface Simulator {
  /** ws://host:port/v1/realtime, without `?model=` or `?intent=transcription`. */
  readonly url: string;
  readonly stats: SimulatorStats;
  /** One per session ever opened, oldest first; empty unless `isRecorded`. */
  readonly records: readonly SimulatorRecord[];
  /** The connections that are open now, oldest first. */
  lines(): readonly SimulatorLine[];
  /** The next `count` dials are refused with `status`. */
  refuseDials(status: number, count: number): void;
  /** The next session that opens has this fault. */
  failNextSession(fault: SessionFault): void;
  stop(): Promise<void>;
}

interface LineData {
  readonly kind: SessionKind;
  readonly model: string;
  readonly hasAuthorization: boolean;
  readonly dialect: RealtimeDialect;
  line: SimulatorLine | undefined;
}

const COMMAND_BYTES_MAX = 16 * 1024 * 1024;
const PATHS: ReadonlySet<string> = new Set(["/v1/realtime", "/openai/v1/realtime"]);

/** Listens at once. Throws VoxError `config_invalid` when the port is taken. */
export function createRealtimeSimulator(options: SimulatorOptions): Simulator {
  const limits: SimulatorLimits = { ...SIMULATOR_LIMITS, ...options.limits };
  const stats: SimulatorStats = {
    messagesReceived: 0,
    messagesSent: 0,
    pingsReceived: 0,
    sessionsOpened: 0,
    sessionsClosed: 0,
    commandsRefused: 0,
  };
  const records: SimulatorRecord[] = [];
  const lines = new Set<SimulatorLine>();
  const faults: SessionFault[] = [];
  const refusal = { status: 0, count: 0 };

  const open = (socket: ServerWebSocket<LineData>) => {
    stats.sessionsOpened += 1;
    const line = createSimulatorLine({
      ...socket.data,
      socket,
      options,
      limits,
      stats,
      fault: faults.shift(),
    });
    socket.data.line = line;
    lines.add(line);
    if (line.record !== undefined) records.push(line.record);
    line.open();
  };

  const answerHttp = (request: Request, server: Server<LineData>): Response | undefined => {
    if (refusal.count > 0) {
      refusal.count -= 1;
      return new Response("refused", { status: refusal.status });
    }
    const url = new URL(request.url);
    if (!PATHS.has(url.pathname)) return new Response("not found", { status: 404 });
    const asked = { ...askedIn(request.headers, options), ...askedFor(url.searchParams) };
    const mistake = mistakeIn(asked);
    if (mistake !== "") return new Response(mistake, { status: 400 });
    if (lines.size >= limits.sessionsMax) return new Response("too many sessions", { status: 429 });
    // Transcription sessions are younger than the other dialects: they are spoken as documented.
    const dialect = asked.kind === "transcription" ? "ga" : asked.dialect;
    const data = { ...asked, dialect, line: undefined };
    const isUpgraded = server.upgrade(request, { data });
    return isUpgraded ? undefined : new Response("a WebSocket is expected", { status: 426 });
  };

  const server = listen(options, {
    fetch: answerHttp,
    websocket: {
      perMessageDeflate: false,
      maxPayloadLength: COMMAND_BYTES_MAX,
      backpressureLimit: COMMAND_BYTES_MAX,
      closeOnBackpressureLimit: true,
      open,
      message(socket, message) {
        stats.messagesReceived += 1;
        socket.data.line?.onMessage(message);
      },
      ping() {
        stats.pingsReceived += 1;
      },
      close(socket) {
        stats.sessionsClosed += 1;
        const { line } = socket.data;
        if (line === undefined) return;
        lines.delete(line);
        line.onClosed();
      },
    },
  });

  return {
    url: `ws://${server.hostname}:${server.port}/v1/realtime`,
    stats,
    records,
    lines: () => [...lines],
    refuseDials(status, count) {
      refusal.status = status;
      refusal.count = count;
    },
    failNextSession: (fault) => {
      faults.push(fault);
    },
    stop: () => server.stop(true),
  };
}

function askedIn(headers: Headers, { dialect = "ga" }: SimulatorOptions) {
  const isBeta = headers.get("openai-beta") === "realtime=v1";
  const spoken: RealtimeDialect = isBeta ? "beta" : dialect;
  const hasAuthorization = headers.has("authorization") || headers.has("api-key");
  return { hasAuthorization, dialect: spoken };
}

function askedFor(query: URLSearchParams) {
  const intent = query.get("intent") ?? "";
  const kind: SessionKind = intent === "transcription" ? "transcription" : "realtime";
  return { intent, kind, model: query.get("model") ?? "" };
}

/** Exactly one of `model` and `intent=transcription` is taken. */
function mistakeIn(asked: ReturnType<typeof askedFor> & ReturnType<typeof askedIn>): string {
  const { intent, kind, model, dialect } = asked;
  if (intent === "") return model === "" ? "model is missing" : "";
  if (kind !== "transcription") return "intent is unknown";
  if (model !== "") return "model and intent exclude each other";
  return dialect === "beta" ? "transcription sessions are not spoken in the beta protocol" : "";
}

type ListenOptions = Pick<Bun.Serve.Options<LineData>, "fetch" | "websocket">;

function listen(options: SimulatorOptions, handlers: ListenOptions): Server<LineData> {
  const { host, port } = options;
  try {
    return Bun.serve<LineData>({
      hostname: host,
      port,
      ...handlers,
    } as Bun.Serve.Options<LineData>);
  } catch (cause) {
    const message = `Cannot start the simulator: port is ${port}, must be free`;
    throw new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
  }
}
