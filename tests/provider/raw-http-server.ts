// An HTTP server on a bare TCP socket: it counts connections, and says exactly the bytes that a test
// wants, also wrong ones. Requests must have a content-length or no body.

export interface RawHttpServer extends AsyncDisposable {
  /** http://127.0.0.1:port */
  readonly url: string;
  /** Connections ever opened. */
  connections(): number;
  /** Requests as they came, head and body. */
  readonly requests: string[];
  /** Resolves when this many requests have come. */
  arrived(count: number): Promise<void>;
}

/** What to say, "" for nothing; `close` ends the connection after it. */
export interface RawAnswer {
  readonly text: string;
  readonly close?: boolean;
}

export function startRawHttpServer(
  answer: (request: string, index: number) => RawAnswer,
): RawHttpServer {
  let opened = 0;
  const requests: string[] = [];
  let waiting: { count: number; resolve: () => void }[] = [];
  const server = Bun.listen<{ text: string }>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        opened += 1;
        socket.data = { text: "" };
      },
      data(socket, bytes) {
        socket.data.text += bytes.toString("latin1");
        for (;;) {
          const { text } = socket.data;
          const headEnd = text.indexOf("\r\n\r\n");
          if (headEnd < 0) return;
          const length = Number(/content-length: (\d+)/i.exec(text.slice(0, headEnd))?.[1] ?? 0);
          const end = headEnd + 4 + length;
          if (text.length < end) return;
          socket.data.text = text.slice(end);
          requests.push(text.slice(0, end));
          const { text: said, close } = answer(text.slice(0, end), requests.length - 1);
          if (said !== "") socket.write(said);
          if (close) socket.end();
          for (const { count, resolve } of waiting) if (requests.length >= count) resolve();
          waiting = waiting.filter(({ count }) => requests.length < count);
        }
      },
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    connections: () => opened,
    requests,
    arrived: (count) =>
      requests.length >= count
        ? Promise.resolve()
        : new Promise((resolve) => waiting.push({ count, resolve })),
    async [Symbol.asyncDispose]() {
      server.stop(true);
    },
  };
}

/** A whole answer with its length. */
export function rawAnswer(
  body: string,
  { status = 200, type = "application/json", headers = "" } = {},
): RawAnswer {
  const length = Buffer.byteLength(body);
  const head = `HTTP/1.1 ${status} X\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n`;
  return { text: `${head}${headers}\r\n${body}` };
}
