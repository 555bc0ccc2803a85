// A call outlives its sessions on both transports, over real sockets on a stepped clock: the session
// is rotated in mid-call, or the provider goes away while the caller speaks and comes back.
// Method: the simulated agent says back what was committed. So each committed turn must be the
// caller's own bytes, at the place where they were said, and what the caller hears must be those
// turns' answers, one after another: nothing lost in the gap, nothing said or heard twice.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import type { Line } from "../../scripts/caller/line.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { captureInOnePiece, playInOnePiece } from "../support/core-passage.ts";
import { loadSpeech, speechLabels } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { startSteppedService } from "../support/stepped-service.ts";
import { overlappingCreates, refusals } from "../support/upstream-facts.ts";

const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const NO_GREETING = ["--routes-twilio-greeting", ""];
/** Only answers are heard: nobody is asked to wait while the line is away (line-away.test.ts). */
const ANSWERS_ONLY = [...NO_GREETING, "--agent-wait-recording", ""];
const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const PHONE: AudioFormat = { encoding: "mulaw", rateHz: 8000, channels: 1 };
const TURN_MS_MAX = 40_000;
const FRAME_MS = 20;

interface Dialect {
  readonly path: string;
  readonly format: AudioFormat;
  readonly upstream: { upstreamEncoding: "pcm16" | "mulaw"; upstreamRateHz: 24_000 | 8000 };
  readonly bytesPerMs: number;
  readonly line: () => Line;
}

const DIALECTS: readonly (readonly [string, Dialect])[] = [
  [
    "stream",
    {
      path: "/v1/stream",
      format: WIDE,
      upstream: { upstreamEncoding: "pcm16", upstreamRateHz: 24_000 },
      bytesPerMs: 48,
      line: () => createProtobufLine(WIDE),
    },
  ],
  [
    "phone",
    {
      path: "/twilio/media",
      format: PHONE,
      upstream: { upstreamEncoding: "mulaw", upstreamRateHz: 8000 },
      bytesPerMs: 8,
      line: () => createTwilioLine(IDS),
    },
  ],
];

/** What was said, and from where to where its words lie in the caller's audio. */
interface Said {
  readonly fromMs: number;
  readonly toMs: number;
}

function say(caller: Caller, name: "question" | "numbers" | "yes" | "interrupt"): Said {
  const startMs = caller.mouth.positionMs() + caller.mouth.pendingMs();
  const labels = speechLabels(name);
  caller.say(loadSpeech(name, caller.format));
  return {
    fromMs: startMs + (labels[0]?.startMs ?? 0),
    toMs: startMs + (labels.at(-1)?.endMs ?? 0),
  };
}

const committed = (service: SteppedService) =>
  service.simulator.records.flatMap((record) => record.committed.map(({ audio }) => audio));

/** The caller has heard the answers to all of `turns` turns, and it is quiet. */
async function untilAnswered(service: SteppedService, caller: Caller, turns: number, d: Dialect) {
  const generatedMs = () =>
    committed(service).reduce((sum, audio) => sum + audio.byteLength, 0) / d.bytesPerMs;
  await service.until(
    () =>
      committed(service).length === turns &&
      caller.ear.heardMs() >= generatedMs() &&
      !caller.ear.isPlaying(),
    TURN_MS_MAX,
  );
}

/** Each turn is its words, whole, as they were said; and what was heard is those turns' answers. */
function expectNothingLostOrRepeated(
  service: SteppedService,
  caller: Caller,
  said: readonly Said[],
  d: Dialect,
): void {
  const turns = committed(service);
  expect(turns).toHaveLength(said.length);
  const whole = Buffer.from(captureInOnePiece(caller.mouth.sent(), d.format, d.upstream));
  let end = 0;
  for (const [index, audio] of turns.entries()) {
    const start = whole.indexOf(audio, end);
    expect(start).toBeGreaterThanOrEqual(end);
    expect(start % (FRAME_MS * d.bytesPerMs)).toBe(0);
    end = start + audio.byteLength;
    expect(start / d.bytesPerMs).toBeLessThanOrEqual(said[index]?.fromMs ?? 0);
    expect(end / d.bytesPerMs).toBeGreaterThanOrEqual(said[index]?.toMs ?? 0);
  }
  const answers = turns.map((audio) => playInOnePiece(audio, d.format, d.upstream));
  expect(Buffer.compare(caller.ear.heardBytes(), Buffer.concat(answers))).toBe(0);
  expect(caller.ear.staleFrames()).toBe(0);
  for (const record of service.simulator.records) {
    expect(refusals(record)).toEqual([]);
    expect(overlappingCreates(record)).toEqual([]);
  }
}

function drop(service: SteppedService): void {
  service.simulator.lines()[0]?.fail({ kind: "drop", afterEvents: 0 });
}

describe.each(DIALECTS)("a long call over the %s", (_name, dialect) => {
  test("R8: rotation in mid-call: words across it are whole, each answer is heard once", async () => {
    const argv = [...NO_GREETING, "--openai-rotate-minutes", "0.05"];
    await using service = await startSteppedService({ argv });
    const caller = await service.call(dialect.path, dialect.line());
    await service.run(1_500);
    // Due at 3 s, in the middle of this utterance; swapped when its answer has been heard.
    const said = [say(caller, "question")];
    await untilAnswered(service, caller, 1, dialect);
    await service.until(() => service.simulator.records.length === 2, TURN_MS_MAX);
    // Begins to speak at the moment of the swap.
    said.push(say(caller, "numbers"));
    await untilAnswered(service, caller, 2, dialect);
    await service.until(() => service.simulator.records.length === 3, TURN_MS_MAX);
    said.push(say(caller, "yes"));
    await untilAnswered(service, caller, 3, dialect);
    expectNothingLostOrRepeated(service, caller, said, dialect);
    // Never in the middle of words or of an answer.
    expect(service.record(0).committed).toHaveLength(1);
    expect(service.simulator.lines()).toHaveLength(1);
    expect(service.complaints).toEqual([]);
  });

  test("I5, I9: the provider is killed in mid-utterance; what is said without it is answered", async () => {
    await using service = await startSteppedService({ argv: ANSWERS_ONLY });
    const caller = await service.call(dialect.path, dialect.line());
    const said = [say(caller, "yes")];
    await untilAnswered(service, caller, 1, dialect);
    await service.run(500);
    said.push(say(caller, "interrupt"));
    await service.run(1_500);
    service.simulator.refuseDials(503, 4);
    drop(service);
    // Refused for at least 1.5 s of backoff, in which the caller goes on.
    await service.until(() => service.simulator.lines().length === 1, TURN_MS_MAX);
    expect(caller.mouth.isSpeaking()).toBe(true);
    await untilAnswered(service, caller, 2, dialect);
    said.push(say(caller, "numbers"));
    await untilAnswered(service, caller, 3, dialect);
    expectNothingLostOrRepeated(service, caller, said, dialect);
    expect(service.record(0).committed).toHaveLength(1);
    expect(service.record(1).committed).toHaveLength(2);
  });

  test("I5, I9: a whole turn is said while there is no provider", async () => {
    await using service = await startSteppedService({ argv: ANSWERS_ONLY });
    const caller = await service.call(dialect.path, dialect.line());
    await service.run(500);
    service.simulator.refuseDials(503, 6);
    drop(service);
    await service.run(200);
    const said = [say(caller, "question")];
    // Over before the provider is back: at least 200 + 400 + … + 6400 ms, halved.
    await service.until(() => !caller.mouth.isSpeaking(), TURN_MS_MAX);
    expect(service.simulator.lines()).toHaveLength(0);
    await untilAnswered(service, caller, 1, dialect);
    said.push(say(caller, "yes"));
    await untilAnswered(service, caller, 2, dialect);
    expectNothingLostOrRepeated(service, caller, said, dialect);
    expect(service.record(0).committed).toHaveLength(0);
  });
});
