// A script makes the simulator's answers predictable: what the caller is said to have said, and
// what happens then. docs/simulator.md describes the file; every mistake in it is named with its
// place. Without a script the simulator claims no understanding at all.
import { z } from "zod";
import { VoxError } from "../errors.ts";

const when = z
  .strictObject({
    /** The n-th utterance or text of the caller, from 1. */
    turn: z.number().int().min(1).optional(),
    /** A text message, compared without regard to case and outer spaces. */
    text: z.string().optional(),
    /** Keys pressed on a phone. */
    dtmf: z
      .string()
      .regex(/^[0-9*#A-D]+$/)
      .optional(),
    /** Of the committed audio, bytes as sent, lower-case hex. */
    audioSha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
    /** A response that was asked for before the caller said anything. */
    greeting: z.literal(true).optional(),
  })
  .refine((value) => Object.keys(value).length === 1, {
    message: "must name exactly one of turn, text, dtmf, audioSha256, greeting",
  });

const serverError = z.strictObject({ code: z.string().min(1), message: z.string().default("") });

/** times: so many attempts fail, then the answer is given; left out, every one does. */
const answerError = serverError.extend({ times: z.number().int().min(1).max(1_000).optional() });

const answer = z.strictObject({
  /** Written as the agent's transcript; a tune is played for it. Several: one item each. */
  text: z.union([z.string().min(1), z.array(z.string().min(1)).min(1).max(8)]).optional(),
  /** Length of each tune; without it, the text's length decides. */
  toneMs: z.number().int().min(20).max(60_000).optional(),
  /** Slow start: from response.create to the first audio. */
  startDelayMs: z.number().int().min(0).max(120_000).optional(),
  toolCalls: z
    .array(
      z.strictObject({
        name: z.string().min(1),
        arguments: z.record(z.string(), z.unknown()).default({}),
      }),
    )
    .max(8)
    .default([]),
  /** The response fails with this. */
  error: answerError.optional(),
  /** The connection ends this long after response.create. */
  disconnect: z
    .strictObject({
      afterMs: z.number().int().min(0).default(0),
      code: z.number().int().min(1000).max(4999).default(1011),
    })
    .optional(),
});

const turn = z.strictObject({
  when,
  transcript: z.string().optional(),
  /**
   * While the audio of a transcription session comes, each so much of it gives one more word, before
   * the commit. Only with `when.turn`: what the audio will have been is not known yet.
   */
  wordMs: z.number().int().min(20).max(60_000).optional(),
  /** The utterance is not written down: this is why. */
  transcriptionError: serverError.optional(),
  answer: answer.optional(),
});

const script = z.strictObject({ turns: z.array(turn).max(1_000) });

export type SimulatorScript = z.infer<typeof script>;
export type ScriptedTurn = SimulatorScript["turns"][number];
export type ScriptedAnswer = NonNullable<ScriptedTurn["answer"]>;

/** What the caller did, as far as a script can ask for it. */
export type ScriptOccasion =
  | { readonly kind: "audio"; readonly turn: number; readonly audio: Uint8Array }
  | { readonly kind: "text"; readonly turn: number; readonly text: string }
  | { readonly kind: "greeting" };

/** Reads a script in JSON or YAML. Throws VoxError `config_invalid` that names every mistake. */
export function parseScript(text: string): SimulatorScript {
  let value: unknown;
  try {
    value = Bun.YAML.parse(text);
  } catch (cause) {
    throw invalid("file is neither JSON nor YAML", cause);
  }
  const parsed = script.safeParse(value);
  if (!parsed.success) throw invalid(`\n${z.prettifyError(parsed.error)}`, parsed.error);
  return parsed.data;
}

/**
 * The first turn of the script that fits; more exact ones (hash, text, dtmf) before turn numbers.
 */
export function scriptedTurn(
  from: SimulatorScript | undefined,
  occasion: ScriptOccasion,
): ScriptedTurn | undefined {
  if (from === undefined) return undefined;
  const exact = from.turns.find((turn) => isExactly(turn.when, occasion));
  if (exact !== undefined || occasion.kind === "greeting") return exact;
  return from.turns.find((turn) => turn.when.turn === occasion.turn);
}

function isExactly(rule: ScriptedTurn["when"], occasion: ScriptOccasion): boolean {
  if (occasion.kind === "greeting") return rule.greeting === true;
  if (occasion.kind === "audio") {
    return rule.audioSha256 !== undefined && rule.audioSha256 === sha256(occasion.audio);
  }
  if (rule.dtmf !== undefined) return rule.dtmf === dtmfDigits(occasion.text);
  return rule.text !== undefined && plain(rule.text) === plain(occasion.text);
}

/** Keys in a text message that reports them ("DTMF: 12#"), else undefined. */
export function dtmfDigits(text: string): string | undefined {
  return /\bDTMF\b[^0-9*#A-D]*([0-9*#A-D]+)\W*$/i.exec(text)?.[1]?.toUpperCase();
}

function plain(text: string): string {
  return text.trim().toLowerCase();
}

function sha256(bytes: Uint8Array): string {
  return new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
}

function invalid(what: string, cause: unknown): VoxError {
  const message = `Cannot read the simulator script: ${what}`;
  return new VoxError(message, { code: "config_invalid", isRetryable: false, cause });
}
