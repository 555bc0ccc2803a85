// Goal: the whole loop of a voice that is always present, thinkers behind it and a memory between
// them: a known caller asks and hears that it is looked up, what one thinker learned the next one
// knows, a repeated question comes from the cache, and in a second call all of it is still known,
// to this caller's voice and thinkers and to nobody else's.
// Method: whole calls over real sockets, a real database file and a real redis-server; the voice and
// the text model are the project's simulators, their records say what they were told.
import { describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { CallerRecord } from "../../service/contract/caller-context.ts";
import {
  AUTHORIZED,
  callerToken,
  exported,
  KNOWN_CALLERS_ARGV,
  untilRecord,
} from "../support/known-callers.ts";
import { describeWithRedis, startRedisServer } from "../support/redis-server.ts";
import { noticesOf, type SteppedService } from "../support/stepped-service.ts";
import { openWorkerCensus } from "../support/worker-census.ts";
import {
  ask,
  instructionsTold,
  resultsOf,
  routed,
  spoken,
  startThinkersService,
  TURN_MS_MAX,
  toolOutputs,
  untilAnswered,
  WEATHER_CHAT,
  WIDE,
} from "./thinkers-fixture.ts";

const WEATHER = "What is the weather in Bern?";
const RIVER = "Which river runs through my town?";
const TURNS = [
  routed(1, "weather", WEATHER),
  routed(2, "knowledge", RIVER),
  routed(3, "weather", WEATHER),
];

/** An entry of the chat script for the notes on a caller. */
function notes(when: string, summary: string, name = ""): string {
  const empty = { tickersAdd: [], tickersRemove: [], factsAdd: [], factsRemove: [] };
  const text = JSON.stringify({ summary, name, location: "", temperatureUnit: "", ...empty });
  const rule = `{ schema: caller_notes${when} }`;
  return `  - { when: ${rule}, answer: { text: ${JSON.stringify(text)}, tokensPerSecond: 0 } }\n`;
}

const CHAT = `
${notes("", "Ann asked about the weather", "Ann")}${WEATHER_CHAT}
  - { when: { system: "from what you know" }, answer: { text: "The Aare.", firstTokenMs: 400 } }
`;

/** Before and after the dial time stands still until the store has answered. */
async function dialAs(service: SteppedService, sub: string): Promise<Caller> {
  await exported(service, `sub:${sub}`);
  const line = createProtobufLine(WIDE, { callerToken: await callerToken(service, sub) });
  const caller = await service.call("/v1/stream", line, AUTHORIZED);
  await exported(service, `sub:${sub}`);
  await service.run(500);
  return caller;
}

/** Asks, and hears the thinker's answer to its end. */
async function askAndHear(service: SteppedService, caller: Caller, turn: number): Promise<void> {
  ask(caller);
  await untilAnswered(service, caller, turn);
  await service.until(() => noticesOf(caller, "receipt").length === 2 * turn, TURN_MS_MAX);
}

function prompts(service: SteppedService): string[] {
  const records = service.running.chatSimulator?.records ?? [];
  return records.map(({ request }) => request.messages[0]?.content ?? "");
}

function promptsAbout(service: SteppedService, part: string): string[] {
  return prompts(service).filter((text) => text.includes(part));
}

async function firstCall(service: SteppedService): Promise<void> {
  const caller = await dialAs(service, "ann");
  ask(caller);
  await service.until(() => caller.ear.heardMs() > 400, TURN_MS_MAX);
  // The acknowledgement is heard while the thinker works.
  expect(toolOutputs(service.record(0))).toEqual([]);
  await untilAnswered(service, caller);
  await service.until(() => noticesOf(caller, "receipt").length === 2, TURN_MS_MAX);

  // What weather learned, knowledge uses, untold.
  await askAndHear(service, caller, 2);
  expect(promptsAbout(service, "about the weather")[0]).not.toContain("caller_memory");
  expect(promptsAbout(service, "from what you know").at(-1)).toContain('"location":"Bern"');
  const told = instructionsTold(service.record(0));
  expect(told).toHaveLength(2);
  expect(told[0]).not.toContain("caller_memory");
  expect(told[1]).toContain('"location":"Bern"');

  // Asked again: the same answer, and no model is asked.
  const asked = prompts(service).length;
  await askAndHear(service, caller, 3);
  expect(prompts(service)).toHaveLength(asked);
  const outputs = toolOutputs(service.record(0)).map(({ output }) => output);
  expect(outputs[2]).toBe(outputs[0] ?? "");
  expect(resultsOf(service, "weather", "cached")).toBe(1);
  expect(noticesOf(caller, "receipt").every(({ complete }) => complete)).toBe(true);
  caller.hangUp();
  const isKept = ({ context, history }: CallerRecord) =>
    context.summary !== "" && history.length === 9;
  const { context } = await untilRecord(service, "sub:ann", isKept);
  expect(context.preferences).toMatchObject({ name: "Ann", location: "Bern" });
}

async function secondCall(service: SteppedService): Promise<void> {
  const caller = await dialAs(service, "ann");
  const known = ['"location":"Bern"', '"name":"Ann"', '"callsBefore":1', "asked about the weather"];
  const told = () => instructionsTold(service.record(1));
  await service.until(() => told().length === 2, TURN_MS_MAX);
  await askAndHear(service, caller, 1);
  // What the thinker noted was known: nothing changed, so the voice is told nothing.
  expect(told()).toHaveLength(2);
  const prompt = promptsAbout(service, "about the weather").at(-1);
  for (const fact of known) {
    expect(told()[0]).not.toContain(fact);
    expect(told()[1]).toContain(fact);
    expect(prompt).toContain(fact);
  }
  caller.hangUp();
  await untilRecord(service, "sub:ann", ({ context }) => context.signals.callCount === 2);
}

/** Knows as much as Ann did when she asked: only who asks is another. */
async function anotherCaller(service: SteppedService): Promise<void> {
  const caller = await dialAs(service, "bob");
  const cached = () => ["weather", "knowledge"].map((name) => resultsOf(service, name, "cached"));
  const before = cached();
  const asked = promptsAbout(service, "from what you know").length;
  await askAndHear(service, caller, 1);
  await askAndHear(service, caller, 2);
  expect(cached()).toEqual(before);
  const river = promptsAbout(service, "from what you know");
  expect(river).toHaveLength(asked + 1);
  expect(river.at(-1)).toContain('"location":"Bern"');
  const seen = [...instructionsTold(service.record(2)), river.at(-1) ?? ""].join();
  expect(seen).not.toContain("Ann");
  caller.hangUp();
}

async function livesThrough(argv: readonly string[]): Promise<void> {
  using workers = openWorkerCensus();
  await using running = await startThinkersService({
    turns: TURNS,
    chat: CHAT,
    isBusy: () => workers.isBusy(),
    argv: [...KNOWN_CALLERS_ARGV, ...argv],
  });
  const { service } = running;
  await firstCall(service);
  expect(running.forecasts()).toBe(1);
  await secondCall(service);
  await anotherCaller(service);
  expect(service.complaints).toEqual([]);
}

/** Eleven turns: notes after the tenth, and at the end, from the notes before. */
async function keepsNotes(argv: readonly string[]): Promise<void> {
  const turns = Array.from({ length: 11 }, (_, index) => spoken(index + 1, "Very well."));
  const first = "Wants a table for two";
  const both = `${first}; asked about parking`;
  const chat = notes(`, user: "${first}"`, both) + notes("", first);
  using workers = openWorkerCensus();
  await using running = await startThinkersService({
    turns,
    chat,
    isBusy: () => workers.isBusy(),
    argv: [...KNOWN_CALLERS_ARGV, ...argv],
  });
  const { service } = running;
  const caller = await dialAs(service, "ann");
  const say = async (turn: number) => {
    caller.typeText(`words of turn ${turn}`);
    await service.until(() => noticesOf(caller, "receipt").length === turn, TURN_MS_MAX);
  };
  for (let turn = 1; turn <= 9; turn += 1) await say(turn);
  await service.run(1_000);
  expect(service.running.chatSimulator?.requests()).toBe(0);
  await say(10);
  await untilRecord(service, "sub:ann", ({ context }) => context.summary === first);
  expect(service.running.chatSimulator?.requests()).toBe(1);
  await say(11);
  caller.hangUp();
  await untilRecord(service, "sub:ann", ({ context }) => context.summary === both);
  const records = service.running.chatSimulator?.records ?? [];
  const [early, late, ...more] = records.map(({ request }) => request.messages.at(-1)?.content);
  expect(more).toEqual([]);
  expect(early).toContain("words of turn 10");
  expect(late).toContain("words of turn 11");
  // What is in the notes already is not told again.
  expect(late).not.toContain("words of turn 9");
}

describe("thinkers and memory, in a database file", () => {
  const inFile = async (life: (argv: readonly string[]) => Promise<void>) => {
    const folder = mkdtempSync(join(tmpdir(), "voxbridge-thinkers-"));
    try {
      await life(["--context-file", join(folder, "voxbridge.db")]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };
  const LIFE =
    "S1-35, S1-36, S1-37, S1-39, RT-10: asked, learned, asked again, known in the next call, to one caller";
  const NOTES =
    "S1-33: notes are written every ten turns and at the end, each from the ones before";

  test(LIFE, () => inFile(livesThrough));
  test(NOTES, () => inFile(keepsNotes));
});

describeWithRedis("thinkers and memory, in Redis", () => {
  const inRedis = async (life: (argv: readonly string[]) => Promise<void>) => {
    const server = await startRedisServer();
    try {
      await life(["--context-redis-url", server.url]);
    } finally {
      await server.kill();
    }
  };

  test("S1-35, S1-36, S1-37, S1-39, RT-10: the same", () => inRedis(livesThrough));
  test("S1-33: the same", () => inRedis(keepsNotes));
});
