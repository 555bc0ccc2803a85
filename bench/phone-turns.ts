// Question: how long does a caller on the phone wait for the answer, with our own voice activity
// detection and with the provider's semantic one (S1-59)?
// Method: a service for each, in this process and in real time, with the project's Realtime simulator;
// one call each over the Twilio route, mu-law at 8 kHz in frames of 20 ms, both calls at the same time
// and by the same recordings, so that whatever disturbs one disturbs the other. A phone is told nothing:
// the times are the call's own TurnLatency, heard on its bus, from the true end of speech as the local
// detector observes it in both configurations (S1-58). answerMs is the caller's own measure.
// No telephone network is in it, and the simulator's delays are made up.
// Usage: bun run bench:phone [turns] LOCAL.jsonl SEMANTIC.jsonl; bun run lab LOCAL.jsonl SEMANTIC.jsonl
import { randomBytes } from "node:crypto";
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join } from "node:path";
import type { AudioFormat } from "../scripts/caller/audio-format.ts";
import { type Caller, createCaller } from "../scripts/caller/caller.ts";
import { convertSpeech } from "../scripts/caller/convert-speech.ts";
import { recordSound } from "../scripts/caller/turn-record.ts";
import { type Recording, type SpokenTurn, speakTurns } from "../scripts/caller/turns.ts";
import { dialTwilio } from "../scripts/caller/twilio-dial.ts";
import { createTwilioLine } from "../scripts/caller/twilio-line.ts";
import { readWav } from "../scripts/caller/wav.ts";
import { type RecordedLine, type RecordedTurn, writeLine } from "../scripts/lab/turn-set.ts";
import { createSystemClock, createSystemRandom } from "../service/clock.ts";
import { loadConfig } from "../service/config.ts";
import type { CallEvent } from "../service/contract/call-events.ts";
import { SILENT_LOG } from "../service/contract/log.ts";
import { startService } from "../service/main-service.ts";

export type PhoneTurns = "local" | "semantic_vad";

const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8_000, channels: 1 };
const SPEECH = ["question", "yes", "numbers", "no", "hold-on"];
const AUTH_TOKEN = "a token that only this bench knows";
const TURNS = 50;

/** One call of so many turns. -> the lines of its set. */
export async function phoneTurns(
  turnDetection: PhoneTurns,
  turnCount: number,
  names: readonly string[] = SPEECH,
): Promise<RecordedLine[]> {
  const clock = createSystemClock();
  const events: CallEvent[] = [];
  const publicUrl = "https://phone.invalid";
  const service = await startService({
    config: loadConfig({
      argv: [
        ...["--port", "0", "--upstream", "simulator", "--thinkers-domains", ""],
        ...["--turn-detection", turnDetection, "--public-url", publicUrl],
        ...["--twilio-auth-token", AUTH_TOKEN],
      ],
      env: {},
      file: null,
    }),
    clock,
    random: createSystemRandom(),
    log: SILENT_LOG,
    embedding: {
      onEvents: (_callId, bus) => void bus.subscribe("*", (event) => events.push(event)),
    },
  });
  try {
    const caller = await dial(`http://127.0.0.1:${service.port}`, publicUrl);
    const lines: RecordedLine[] = [];
    const startMs = clock.nowMs();
    let eventCount = 0;
    await speakTurns(caller, {
      clock,
      recordings: names.map(load),
      turnCount,
      onTurn(turn) {
        lines.push(recordOf(turn, events.slice(0, 1), events.slice(eventCount)));
        eventCount = events.length;
      },
    });
    return [...lines, recordSound(caller, startMs)];
  } finally {
    await service.stop();
  }
}

async function dial(serviceUrl: string, publicUrl: string): Promise<Caller> {
  const id = (prefix: string) => `${prefix}${randomBytes(16).toString("hex")}`;
  const ids = { accountSid: id("AC"), callSid: id("CA"), streamSid: id("MZ") };
  const signing = { authToken: AUTH_TOKEN, publicUrl };
  const route = await dialTwilio({ serviceUrl, signing, ...ids });
  const line = createTwilioLine({ ...ids, customParameters: route.customParameters });
  const clock = createSystemClock();
  const caller = createCaller({ url: route.url, line, clock, headers: route.headers });
  await caller.opened;
  return caller;
}

function load(name: string): Recording {
  const path = join(import.meta.dir, `../tests/speech/${name}.wav`);
  return { name, speech: convertSpeech(readWav(readFileSync(path), path), PHONE) };
}

/** As scripts/caller/turn-record.ts does from notices: one turn, measured, or why not. */
function recordOf(
  turn: SpokenTurn,
  [started]: readonly CallEvent[],
  events: readonly CallEvent[],
): RecordedTurn {
  if (started?.kind !== "started") throw new Error("The call did not say how it is wired");
  const { lane, turnDetection, upstream, model } = started;
  const latencies = events.filter((event) => event.kind === "turn_latency");
  const ends = events.filter((event) => event.kind === "speech_ended");
  const [latency] = latencies;
  const count = Math.max(ends.length, latencies.length);
  const isMeasured = count === 1 && latency !== undefined;
  return {
    ...{ kind: "turn", lane, turnDetection, upstream, model, recording: turn.recording },
    result: isMeasured ? "measured" : count > 1 ? "split" : "unmeasured",
    latency: isMeasured ? timesOf(latency) : null,
    answerMs: turn.answerMs === null ? null : Math.round(turn.answerMs),
  };
}

function timesOf(latency: Extract<CallEvent, { kind: "turn_latency" }>) {
  const { turnId, endpointMs, commitMs, modelMs, perceivedMs } = latency;
  return { turnId, endpointMs, commitMs, modelMs, perceivedMs };
}

if (import.meta.main) {
  const words = process.argv.slice(2);
  const turnCount = Number(words.find((word) => /^\d+$/.test(word)) ?? TURNS);
  const [localPath = "local.jsonl", semanticPath = "semantic.jsonl"] = words.filter((word) =>
    word.endsWith(".jsonl"),
  );
  const git = Bun.spawnSync(["git", "rev-parse", "--short", "HEAD"]).stdout.toString().trim();
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? ""}, Bun ${Bun.version}, ${git}`;
  const date = new Date(createSystemClock().wallMs()).toISOString().slice(0, 10);
  const about = `${date}, Twilio route, mulaw at 8000 Hz, no telephone network, ${machine}`;
  const [local, semantic] = await Promise.all([
    phoneTurns("local", turnCount),
    phoneTurns("semantic_vad", turnCount),
  ]);
  for (const [path, lines] of [
    [localPath, local],
    [semanticPath, semantic],
  ] as const) {
    writeFileSync(path, writeLine({ kind: "about", text: about }));
    for (const line of lines) appendFileSync(path, writeLine(line));
  }
  console.log(`${about}, load ${(loadavg()[0] ?? 0).toFixed(1)}`);
  process.exit(0);
}
