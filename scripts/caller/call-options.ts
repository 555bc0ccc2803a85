// What `bun run call` was asked to do, checked before anything is dialled.
import { parseArgs } from "node:util";
import type { CallerEncoding } from "../../service/contract/core.ts";
import type { LaneName, TurnDetectionName } from "./wiring.ts";

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
  --turns N              so many turns in one call, 1 to 500: the recording again and again, or,
                         when none is named, several of tests/speech in turn
  --record FILE          one JSON line per turn for bun run lab (docs/lab.md); not with --twilio
  --note TEXT            with --record: where the set comes from, kept in its first line
  --lane NAME            fast or big (default: the service chooses); not with --twilio
  --turn-detection NAME  local, server_vad, semantic_vad or hybrid (default: the service's); not
                         with --twilio
  --save FILE            what the first caller heard, as a WAV in real time
  --auth-token TOKEN     with --twilio: go through the signed webhook (default: TWILIO_AUTH_TOKEN)
  --public-url URL       with --auth-token: the service's PUBLIC_URL (default: PUBLIC_URL)
  --help                 this text
`;

export interface CallOptions {
  readonly isHelpWanted: boolean;
  /** Undefined: none was named. */
  readonly speechPath: string | undefined;
  readonly isTwilio: boolean;
  readonly serviceUrl: string;
  readonly key: string;
  readonly encoding: CallerEncoding;
  readonly interruptAfterMs: number | undefined;
  readonly interruptPath: string;
  readonly callCount: number;
  /** Undefined: one plain talk, with its interruption if asked for. */
  readonly turnCount: number | undefined;
  readonly recordPath: string | undefined;
  readonly note: string;
  readonly lane: LaneName | undefined;
  readonly turnDetection: TurnDetectionName | undefined;
  readonly savePath: string | undefined;
  readonly signing: { readonly authToken: string; readonly publicUrl: string } | undefined;
}

const CALLS_MAX = 500;
const INTERRUPT_AFTER_MS_MAX = 600_000;
const TURNS_MAX = 500;
const LANE_NAMES: readonly LaneName[] = ["fast", "big"];
/** Push to talk is left out: nobody here presses a key. */
const TURN_DETECTION_NAMES: readonly TurnDetectionName[] = [
  "local",
  "server_vad",
  "semantic_vad",
  "hybrid",
];
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
      turns: { type: "string" },
      record: { type: "string" },
      note: { type: "string", default: "" },
      lane: { type: "string" },
      "turn-detection": { type: "string" },
      save: { type: "string" },
      "auth-token": { type: "string", default: env["TWILIO_AUTH_TOKEN"] ?? "" },
      "public-url": { type: "string", default: env["PUBLIC_URL"] ?? "" },
    },
  });
  if (positionals.length > 1) {
    throw new Error(`Cannot speak ${positionals.length} recordings: name one`);
  }
  checkTogether(values);
  const { record, turns } = values;
  const turnCount = turns === undefined ? undefined : readCount("--turns", turns, TURNS_MAX);
  const after = values["interrupt-after"];
  return {
    isHelpWanted: values.help,
    speechPath: positionals[0],
    isTwilio: values.twilio,
    serviceUrl: readUrl("--url", values.url).href,
    key: values.key,
    encoding: readName("--encoding", values.encoding, ENCODINGS) ?? "pcm16",
    interruptAfterMs:
      after === undefined
        ? undefined
        : readCount("--interrupt-after", after, INTERRUPT_AFTER_MS_MAX),
    interruptPath: values["interrupt-with"],
    callCount: readCount("--calls", values.calls, CALLS_MAX),
    turnCount: turnCount ?? (record === undefined ? undefined : 1),
    recordPath: record,
    note: values.note,
    lane: readName("--lane", values.lane, LANE_NAMES),
    turnDetection: readName("--turn-detection", values["turn-detection"], TURN_DETECTION_NAMES),
    savePath: values.save,
    signing: values.twilio ? readSigning(values["auth-token"], values["public-url"]) : undefined,
  };
}

/** Options that say nothing beside each other are refused, not ignored. */
function checkTogether(values: Readonly<Record<string, unknown>>): void {
  const clashes = [
    ["twilio", "record", "a phone line does not report where the time of a turn went"],
    ["twilio", "lane", "a phone line cannot ask for it; set it at the service"],
    ["twilio", "turn-detection", "a phone line cannot ask for it; set it at the service"],
    ["turns", "interrupt-after", "every answer is heard to its end"],
    ["record", "interrupt-after", "every answer is heard to its end"],
  ] as const;
  for (const [one, other, reason] of clashes) {
    const isGiven = (name: string) => values[name] !== undefined && values[name] !== false;
    if (isGiven(one) && isGiven(other)) {
      throw new Error(`Cannot use --${other} with --${one}: ${reason}`);
    }
  }
  if (values["record"] !== undefined && values["calls"] !== "1") {
    throw new Error("Cannot use --record with --calls: a set is made in one call");
  }
}

function readName<Name extends string>(
  option: string,
  text: string | undefined,
  names: readonly Name[],
): Name | undefined {
  if (text === undefined) return undefined;
  const found = names.find((name) => name === text);
  if (found === undefined) {
    throw new Error(`Cannot use ${option} ${text}, must be ${names.join(", ")}`);
  }
  return found;
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
