// One local server that plays all three engines of a cascade as OpenAI's API documents them, and
// fails in the ways that servers fail.
export type EngineKind = "stt" | "llm" | "tts";

export type EngineFault =
  | "well"
  /** The connection ends in the middle of the answer. */
  | "breaks"
  /** Nothing comes. */
  | "silent"
  | "garbage"
  | "rate_limited"
  | "server_error"
  /** A gateway's page, with status 200. */
  | "html";

export interface EngineServer {
  /** http://127.0.0.1:port/v1 */
  readonly url: string;
  fail(kind: EngineKind, fault: EngineFault): void;
  /** Texts that were asked to be spoken, oldest first. */
  spoken(): readonly string[];
  /** Requests of a kind so far. */
  asked(kind: EngineKind): number;
  stop(): Promise<void>;
}

/** The only one there is. */
export const VOICE = "anna";

const KINDS: Readonly<Record<string, EngineKind>> = {
  "/v1/audio/transcriptions": "stt",
  "/v1/chat/completions": "llm",
  "/v1/audio/speech": "tts",
};

export function engineServer(): EngineServer {
  const faults: Record<EngineKind, EngineFault> = { stt: "well", llm: "well", tts: "well" };
  const asked: Record<EngineKind, number> = { stt: 0, llm: 0, tts: 0 };
  const spoken: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const { pathname } = new URL(request.url);
      if (pathname === "/v1/audio/voices") return Response.json({ voices: [VOICE] });
      const kind = KINDS[pathname];
      if (kind === undefined) return new Response("no such path", { status: 404 });
      asked[kind] += 1;
      if (kind === "tts") {
        const { input, voice } = (await request.json()) as { input: string; voice: string };
        if (voice !== VOICE) return new Response("no such voice", { status: 400 });
        spoken.push(input);
      }
      return answer(kind, faults[kind]);
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}/v1`,
    fail(kind, fault) {
      faults[kind] = fault;
    },
    spoken: () => spoken,
    asked: (kind) => asked[kind],
    stop: () => server.stop(true),
  };
}

const TYPES: Readonly<Record<EngineKind, string>> = {
  stt: "application/json",
  llm: "text/event-stream",
  tts: "audio/pcm",
};

function answer(kind: EngineKind, fault: EngineFault): Response | Promise<Response> {
  const headers = { "content-type": TYPES[kind] };
  switch (fault) {
    case "well":
      return new Response(BODIES[kind], { headers });
    case "breaks":
      return new Response(broken(BODIES[kind]), { headers });
    case "silent":
      return new Promise(() => undefined);
    case "garbage":
      // For a voice: a piece that holds no whole sample.
      return new Response(kind === "tts" ? "}" : "}{ data: nonsense\n\n", { headers });
    case "rate_limited":
      return new Response("slow down", { status: 429, headers: { "retry-after": "60" } });
    case "server_error":
      return new Response("out of memory", { status: 500 });
    case "html":
      return new Response("<html>welcome</html>", { headers: { "content-type": "text/html" } });
  }
}

/** Half of it, then the connection is gone. */
function broken(body: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      controller.enqueue(body.subarray(0, body.length >> 1));
    },
    pull(controller) {
      controller.error(new Error("the test breaks the connection"));
    },
  });
}

const event = (value: unknown) => `data: ${JSON.stringify(value)}\n\n`;
const piece = (content: string) => event({ choices: [{ index: 0, delta: { content } }] });

const BODIES: Readonly<Record<EngineKind, Uint8Array<ArrayBuffer>>> = {
  stt: bytesOf(JSON.stringify({ text: "when do you close" })),
  llm: bytesOf(
    [
      ...["We", " close", " at", " eight."].map(piece),
      event({ choices: [{ index: 0, delta: {}, finish_reason: "stop" }] }),
      "data: [DONE]\n\n",
    ].join(""),
  ),
  // A quarter of a second of a square wave at 24 kHz.
  tts: new Uint8Array(
    Int16Array.from({ length: 6_000 }, (_, index) => (index % 60 < 30 ? 5_000 : -5_000)).buffer,
  ),
};

function bytesOf(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(Buffer.from(text));
}
