// A service with thinkers, a scripted voice, a scripted chat model and a weather server of its own, on
// stepped time over real sockets. For tests/e2e/thinkers*.test.ts.
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { parseChatScript } from "../../service/simulator/chat-script.ts";
import { parseScript } from "../../service/simulator/script.ts";
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";
import { loadSpeech } from "../support/speech-files.ts";
import {
  noticesOf,
  startSteppedService,
  type SteppedService,
  type SteppedServiceOptions,
} from "../support/stepped-service.ts";

export const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
export const TURN_MS_MAX = 30_000;

/** A turn in which the voice acknowledges and asks a thinker. */
export function routed(turn: number, domain: string, query: string, text = "One moment."): object {
  const call = { name: "route_to_thinker", arguments: { domain, query } };
  return { when: { turn }, transcript: query, answer: { text, toneMs: 800, toolCalls: [call] } };
}

export function spoken(turn: number, text: string): object {
  return { when: { turn }, transcript: "something", answer: { text, toneMs: 600 } };
}

export interface ThinkersOptions {
  readonly turns: readonly object[];
  /** Entries of the chat script, YAML. */
  readonly chat: string;
  readonly argv?: readonly string[];
  readonly embedding?: SteppedServiceOptions["embedding"];
  readonly isBusy?: SteppedServiceOptions["isBusy"];
}

export interface ThinkersService extends AsyncDisposable {
  readonly service: SteppedService;
  /** Requests to the weather server. */
  readonly forecasts: () => number;
}

/** The chat model of the weather thinker: looks, notes the place, answers. */
export const WEATHER_CHAT = `
  - when: { system: "about the weather", toolAnswered: false }
    answer:
      firstTokenMs: 300
      tokensPerSecond: 0
      toolCalls:
        - { name: forecast, arguments: { place: Bern } }
        - { name: remember, arguments: { location: Bern } }
  - when: { system: "about the weather", toolAnswered: true }
    answer: { text: "It rains in Bern, 9 degrees.", firstTokenMs: 1500, tokensPerSecond: 0 }
`;

export async function startThinkersService(options: ThinkersOptions): Promise<ThinkersService> {
  let forecasts = 0;
  // Made before the census: its answers take no time, which the census need not know.
  const weather = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      if (new URL(request.url).pathname === "/v1/search") return Response.json(PLACES);
      forecasts += 1;
      return Response.json(FORECAST);
    },
  });
  const url = `http://127.0.0.1:${weather.port}`;
  const sources = ["--sources-geocoding-url", url, "--sources-weather-url", url];
  const service = await startSteppedService({
    argv: [...sources, ...(options.argv ?? [])],
    simulator: { script: parseScript(JSON.stringify({ turns: options.turns })) },
    chat: { script: parseChatScript(`answers:\n${options.chat}`) },
    ...(options.embedding && { embedding: options.embedding }),
    ...(options.isBusy && { isBusy: options.isBusy }),
  });
  return {
    service,
    forecasts: () => forecasts,
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await weather.stop(true);
    },
  };
}

const PLACES = { results: [{ name: "Bern", country: "CH", latitude: 46.9, longitude: 7.4 }] };
const FORECAST = {
  current: {
    temperature_2m: 9,
    apparent_temperature: 7,
    weather_code: 61,
    wind_speed_10m: 12,
  },
  daily: {
    time: ["2026-01-01"],
    weather_code: [61],
    temperature_2m_max: [10],
    temperature_2m_min: [4],
    precipitation_probability_max: [90],
  },
};

export function dial(service: SteppedService, start: object = {}): Promise<Caller> {
  return service.call("/v1/stream", createProtobufLine(WIDE, start));
}

export function ask(caller: Caller): void {
  caller.say(loadSpeech("question", WIDE));
}

/** Until so many tool calls have their answers. */
export function untilAnswered(service: SteppedService, caller: Caller, count = 1): Promise<void> {
  const isDone = ({ state }: { state: string }) => state !== "started";
  return service.until(
    () => noticesOf(caller, "toolStatus").filter(isDone).length >= count,
    120_000,
  );
}

export interface ToolOutput {
  readonly callId: string;
  readonly output: string;
}

/** What the model was told of its tool calls, in order. */
export function toolOutputs({ commands }: SimulatorRecord): ToolOutput[] {
  return commands.flatMap(({ command }) => {
    if (command.type !== "conversation.item.create") return [];
    const { item } = command;
    if (item.type !== "function_call_output") return [];
    return [{ callId: item.call_id, output: item.output }];
  });
}

/** The texts of every session.update's instructions. */
export function instructionsTold({ commands }: SimulatorRecord): string[] {
  return commands.flatMap(({ command }) => {
    if (command.type !== "session.update") return [];
    const { instructions } = command.session as { instructions?: string };
    return instructions === undefined ? [] : [instructions];
  });
}

/** Instructions of every response.create, "" for the session's. */
export function responsesAsked({ commands }: SimulatorRecord): string[] {
  return commands.flatMap(({ command }) =>
    command.type === "response.create" ? [command.response?.instructions ?? ""] : [],
  );
}

/** A metric's value as printed. */
export function metricOf(service: SteppedService, title: string): number {
  const line = service.running.metrics
    .print()
    .split("\n")
    .find((each) => each.startsWith(title));
  return Number(line?.split(" ").at(-1) ?? Number.NaN);
}

export function resultsOf(service: SteppedService, domain: string, result: string): number {
  return metricOf(
    service,
    `voxbridge_thinker_results_total{domain="${domain}",result="${result}"}`,
  );
}
