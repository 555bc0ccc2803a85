// Counts what is under way between every fetch and every Bun.serve of this process, as
// socket-census.ts does for WebSockets: a test on stepped time moves it only when nothing is.
//
//   fetch sent --> handler called       answer received <-- answer made
//                                       bytes received  <-- bytes written, end seen <-- end written
//
// How: while it is open, fetch and Bun.serve are replaced. Each request carries its number in a
// header; both sides of a body are pumped at once, so that a slow reader never looks like a wire.
// Limits: requests to other servers are quiet once they are answered or have failed.

export interface HttpCensus {
  isQuiet(): boolean;
  describe(): string;
  close(): void;
}

interface Exchange {
  isArrived: boolean;
  isAnswered: boolean;
  isAnswerReceived: boolean;
  bytesSent: number;
  bytesReceived: number;
  isSentEnded: boolean;
  isReceivedEnded: boolean;
}

const NUMBER_HEADER = "x-census-number";
type Serve = typeof Bun.serve;
type Handler = (this: unknown, request: Request, server: unknown) => unknown;

export function openHttpCensus(): HttpCensus {
  const exchanges = new Map<string, Exchange>();
  const releaseFetch = countFetches(exchanges);
  const releaseServe = countHandlers(exchanges);
  return {
    isQuiet: () => [...exchanges.values()].every(isQuiet),
    describe: () => JSON.stringify([...exchanges.values()].filter((each) => !isQuiet(each))),
    close() {
      releaseFetch();
      releaseServe();
    },
  };
}

function isQuiet(exchange: Exchange): boolean {
  const isForeign = !exchange.isArrived && exchange.isAnswerReceived;
  return (
    isForeign ||
    (exchange.isArrived &&
      exchange.isAnswered === exchange.isAnswerReceived &&
      exchange.bytesSent === exchange.bytesReceived &&
      exchange.isSentEnded === exchange.isReceivedEnded)
  );
}

function countFetches(exchanges: Map<string, Exchange>): () => void {
  const plainFetch = globalThis.fetch;
  let count = 0;
  const counting = async (input: string | URL | Request, init: RequestInit = {}) => {
    count += 1;
    const number = String(count);
    const exchange: Exchange = {
      isArrived: false,
      isAnswered: false,
      isAnswerReceived: false,
      bytesSent: 0,
      bytesReceived: 0,
      isSentEnded: false,
      isReceivedEnded: false,
    };
    exchanges.set(number, exchange);
    // Over for the client: whatever the server still writes goes nowhere.
    const forget = () => exchanges.delete(number);
    try {
      const headers = new Headers(init.headers);
      headers.set(NUMBER_HEADER, number);
      const response = await plainFetch(input, { ...init, headers });
      exchange.isAnswerReceived = true;
      const body = pumped(response.body, {
        onBytes: (bytes) => {
          exchange.bytesReceived += bytes;
        },
        onEnd: () => {
          exchange.isReceivedEnded = true;
          forget();
        },
      });
      if (body === null) forget();
      const { status, statusText } = response;
      return new Response(body, { status, statusText, headers: response.headers });
    } catch (error) {
      forget();
      throw error;
    }
  };
  globalThis.fetch = Object.assign(counting, { preconnect: plainFetch.preconnect });
  return () => {
    globalThis.fetch = plainFetch;
  };
}

function countHandlers(exchanges: Map<string, Exchange>): () => void {
  const plainServe = Bun.serve;
  const counting = (options: Parameters<Serve>[0]): unknown => {
    const handler = Reflect.get(options, "fetch") as Handler | undefined;
    if (handler === undefined) return plainServe(options);
    const fetch: Handler = async function (request, server) {
      const exchange = exchanges.get(request.headers.get(NUMBER_HEADER) ?? "");
      if (exchange === undefined) return handler.call(this, request, server);
      const whole = await wholeRequest(request);
      exchange.isArrived = true;
      const response = await handler.call(this, whole, server);
      exchange.isAnswered = true;
      if (!(response instanceof Response)) return response;
      const body = pumped(response.body, {
        onBytes: (bytes) => {
          exchange.bytesSent += bytes;
        },
        onEnd: () => {
          exchange.isSentEnded = true;
        },
      });
      const { status, headers } = response;
      return new Response(body, { status, headers });
    };
    return plainServe({ ...options, fetch } as Parameters<Serve>[0]);
  };
  Bun.serve = counting as Serve;
  return () => {
    Bun.serve = plainServe;
  };
}

/** With its body read, so that a handler waits for nothing but the clock. */
async function wholeRequest(request: Request): Promise<Request> {
  const { url, method, headers, signal } = request;
  const body = await request.arrayBuffer();
  return new Request(url, { method, headers, signal, ...(body.byteLength > 0 && { body }) });
}

interface Watch {
  readonly onBytes: (bytes: number) => void;
  /** Ended, broken or left. */
  readonly onEnd: () => void;
}

/** The same body, read as fast as it comes. */
function pumped(
  source: ReadableStream<Uint8Array> | null,
  { onBytes, onEnd }: Watch,
): ReadableStream<Uint8Array> | null {
  if (source === null) return null;
  const reader = source.getReader();
  let isLeft = false;
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const pump = async () => {
        try {
          for (;;) {
            const { done, value } = await reader.read();
            if (done || isLeft) break;
            onBytes(value.length);
            controller.enqueue(value);
          }
          if (!isLeft) controller.close();
        } catch (error) {
          if (!isLeft) controller.error(error);
        }
        onEnd();
      };
      void pump();
    },
    async cancel() {
      isLeft = true;
      onEnd();
      await reader.cancel();
    },
  });
}
