// What `bun run call` was asked to do, checked before anything is dialled.
import { parseArgs } from "node:util";
import type { CallerEncoding } from "../../service/contract/core.ts";

export const CALL_HELP = `Calls a running VoxBridge, speaks a recording and plays the answer into a file.

  bun run call [speech.wav] [options]

  speech.wav             16 bit WAV (default: tests/speech/question.wav)
  --twilio               as a phone call: Twilio Media Streams, mu-law at 8 kHz
  --url URL              where the service listens (default: http://127.0.0.1:8080)
  --key KEY              API key of /v1/stream (default: the first of VOXBRIDGE_API_KEYS)
  --encoding NAME        pcm16, f32, mulaw or alaw at the recording's rate (G.711: 8 kHz); not with --twilio
  --interrupt-after MS   talk over the answer after so many ms of it were heard
  --interrupt-with FILE  what is said then (default: tests/speech/interrupt.wav)
  --calls N              so many calls at the same time, 1 to 500 (default: 1)
  --save FILE            what the first caller heard, as a WAV in real time
  --auth-token TOKEN     with --twilio: go through the signed webhook (default: TWILIO_AUTH_TOKEN)
  --public-url URL       with --auth-token: the service's PUBLIC_URL (default: PUBLIC_URL)
  --help                 this text
`;

export interface CallOptions {
  readonly isHelpWanted: boolean;
  readonly speechPath: string;
  readonly isTwilio: boolean;
  readonly serviceUrl: string;
  readonly key: string;
  readonly encoding: CallerEncoding;
  readonly interruptAfterMs: number | undefined;
  readonly interruptPath: string;
  readonly callCount: number;
  readonly savePath: string | undefined;
  readonly signing: { readonly authToken: string; readonly publicUrl: string } | undefined;
}

const CALLS_MAX = 500;
const INTERRUPT_AFTER_MS_MAX = 600_000;
const ENCODINGS: readonly CallerEncoding[] = ["pcm16", "f32", "mulaw", "alaw"];

/** Throws an Error with the message for the person at the keyboard. */
export function readCallOptions(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): CallOptions {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      twilio: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
      url: { type: "string", default: "http://127.0.0.1:8080" },
      key: { type: "string", default: env["VOXBRIDGE_API_KEYS"]?.split(",")[0]?.trim() ?? "" },
      encoding: { type: "string", default: "pcm16" },
      "interrupt-after": { type: "string" },
      "interrupt-with": { type: "string", default: "tests/speech/interrupt.wav" },
      calls: { type: "string", default: "1" },
      save: { type: "string" },
      "auth-token": { type: "string", default: env["TWILIO_AUTH_TOKEN"] ?? "" },
      "public-url": { type: "string", default: env["PUBLIC_URL"] ?? "" },
    },
  });
  if (positionals.length > 1) {
    throw new Error(`Cannot speak ${positionals.length} recordings: name one`);
  }
  const encoding = ENCODINGS.find((name) => name === values.encoding);
  if (encoding === undefined) {
    throw new Error(`Cannot use --encoding ${values.encoding}, must be ${ENCODINGS.join(", ")}`);
  }
  const after = values["interrupt-after"];
  return {
    isHelpWanted: values.help,
    speechPath: positionals[0] ?? "tests/speech/question.wav",
    isTwilio: values.twilio,
    serviceUrl: readUrl("--url", values.url).href,
    key: values.key,
    encoding,
    interruptAfterMs:
      after === undefined
        ? undefined
        : readCount("--interrupt-after", after, INTERRUPT_AFTER_MS_MAX),
    interruptPath: values["interrupt-with"],
    callCount: readCount("--calls", values.calls, CALLS_MAX),
    savePath: values.save,
    signing: values.twilio ? readSigning(values["auth-token"], values["public-url"]) : undefined,
  };
}

function readSigning(authToken: string, publicUrl: string): CallOptions["signing"] {
  if (authToken === "") return undefined;
  if (publicUrl === "") throw new Error("Cannot sign for Twilio: --public-url is missing");
  return { authToken, publicUrl: readUrl("--public-url", publicUrl).href };
}

function readUrl(name: string, text: string): URL {
  const url = URL.parse(text.replace(/^ws/, "http"));
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new Error(`Cannot use ${name} ${text}, must be a URL such as http://127.0.0.1:8080`);
  }
  return url;
}

function readCount(name: string, text: string, countMax: number): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > countMax) {
    throw new Error(`Cannot use ${name} ${text}, must be a whole number from 1 to ${countMax}`);
  }
  return count;
}
