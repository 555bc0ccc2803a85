// A recorded set of turns as it lies in a file: one JSON object per line.
//
//   {"kind":"about", …}   where the set comes from, at most once, first
//   {"kind":"turn", …}    one recording that was spoken: what became of it, where its time went
//   {"kind":"sound", …}   what the answers sounded like, at most once, last (S1-85)
//
// All turns of a set have one configuration; what a comparison is about is the difference between
// two sets, so a set that mixes is refused.
import { z } from "zod";

const durationMs = z.number().min(0).max(3_600_000);

const configuration = {
  /** As the service confirmed them, not as they were asked for. */
  lane: z.enum(["fast", "big"]),
  turnDetection: z.enum(["local", "server_vad", "semantic_vad", "hybrid", "none"]),
  /** "simulator", "openai" and so on; the simulator's latencies are made up. */
  upstream: z.string(),
  model: z.string(),
};

const turnSchema = z.object({
  kind: z.literal("turn"),
  ...configuration,
  recording: z.string(),
  /**
   * Only measured ones count; the others are kept, so that nothing vanishes. Split: the recording
   * became several turns. Unmeasured: no answer, or the end of its speech was not heard.
   */
  result: z.enum(["measured", "split", "unmeasured"]),
  /** The service's TurnLatency, from the true end of speech; null unless measured. */
  latency: z
    .object({
      turnId: z.number().int().min(0),
      endpointMs: durationMs,
      commitMs: durationMs,
      modelMs: durationMs,
      perceivedMs: durationMs,
    })
    .nullable(),
  /** End of the caller's words to the first sound at its ear; null when none was heard. */
  answerMs: z.number().min(-60_000).max(3_600_000).nullable(),
});

const soundSchema = z.object({
  kind: z.literal("sound"),
  heardMs: durationMs,
  rateHz: z.number().positive(),
  /** Null when nothing was loud enough. */
  bandwidthHz: z.number().min(0).nullable(),
  clicks: z.number().int().min(0),
  dropouts: z.number().int().min(0),
});

const aboutSchema = z.object({ kind: z.literal("about"), text: z.string() });

const lineSchema = z.discriminatedUnion("kind", [aboutSchema, turnSchema, soundSchema]);

export type RecordedTurn = z.infer<typeof turnSchema>;
export type TurnTimes = NonNullable<RecordedTurn["latency"]>;
export type RecordedSound = z.infer<typeof soundSchema>;
export type RecordedLine = z.infer<typeof lineSchema>;

export interface TurnSet {
  readonly name: string;
  /** "fast lane, local, openai gpt-realtime". */
  readonly configuration: string;
  readonly about: string;
  readonly turns: readonly TurnTimes[];
  readonly isSimulated: boolean;
  readonly splitCount: number;
  readonly unmeasuredCount: number;
  readonly sound: RecordedSound | undefined;
}

/** Throws an Error that names the file, the line and what must be there. */
export function readTurnSet(text: string, name: string): TurnSet {
  const lines = text
    .split("\n")
    .map((content, index) => ({ content, number: index + 1 }))
    .filter(({ content }) => content.trim() !== "")
    .map(({ content, number }) => readLine(content, `${name}, line ${number}`));
  const spoken = lines.filter((line) => line.kind === "turn");
  const turns = spoken.flatMap(({ latency, result }) =>
    latency === null || result !== "measured" ? [] : [latency],
  );
  if (turns.length === 0) throw new Error(`Cannot compare ${name}: it has no measured turn`);
  const configurations = [...new Set(spoken.map(configurationOf))];
  if (configurations.length > 1) {
    throw new Error(
      `Cannot compare ${name}: it mixes ${configurations.join(" and ")}, must be one configuration`,
    );
  }
  return {
    name,
    configuration: configurations[0] ?? "",
    about: lines.find((line) => line.kind === "about")?.text ?? "",
    turns,
    isSimulated: spoken.some(({ upstream }) => upstream === "simulator"),
    splitCount: spoken.filter(({ result }) => result === "split").length,
    unmeasuredCount: spoken.filter(({ result }) => result === "unmeasured").length,
    sound: lines.find((line) => line.kind === "sound"),
  };
}

/** One line of a set, with its line end. */
export function writeLine(line: RecordedLine): string {
  return `${JSON.stringify(line)}\n`;
}

function configurationOf({ lane, turnDetection, upstream, model }: RecordedTurn): string {
  const answerer = upstream === model ? upstream : `${upstream} ${model}`.trimEnd();
  return `${lane} lane, ${turnDetection}, ${answerer}`;
}

function readLine(content: string, place: string): RecordedLine {
  let value: unknown;
  try {
    value = JSON.parse(content);
  } catch (error) {
    throw new Error(`Cannot read ${place}: it is not JSON`, { cause: error });
  }
  const parsed = lineSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join(".") ?? "";
  throw new Error(`Cannot read ${place}: ${path === "" ? "the line" : path}: ${issue?.message}`);
}
