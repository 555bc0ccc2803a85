// The voices a speech server lists at `GET /v1/audio/voices`. OpenAI has no such address; servers
// that do answer in their own ways: {"voices": ["af_heart"]} (Kokoro-FastAPI), {"voices": [{"id",
// "name"}]} (its newer versions), {"data": [{"voice_id"}]} or the list alone (others).
// Limits: VOICES_MAX.
import { z } from "zod";
import type { Voice } from "../contract/text-to-speech.ts";
import { VoxError } from "../errors.ts";

const VOICES_MAX = 2_000;

const NAME = z.string().min(1).max(128);
const ENTRY = z.union([
  NAME.transform((id) => ({ id })),
  z
    .object({ id: NAME.optional(), voice_id: NAME.optional(), name: NAME.optional() })
    .and(z.object({ language: z.string().max(35).optional() }))
    .transform(({ id, voice_id, name, language }) => ({
      id: id ?? voice_id ?? name ?? "",
      name,
      language,
    })),
]);
const ENTRIES = z.array(ENTRY).max(VOICES_MAX);
const LIST = z.union([
  ENTRIES,
  z.object({ voices: ENTRIES }).transform(({ voices }) => voices),
  z.object({ data: ENTRIES }).transform(({ data }) => data),
]);

/** Throws VoxError `engine_protocol` for anything else. */
export function parseVoiceList(value: unknown, provider: string, rateHz: number): Voice[] {
  const parsed = LIST.safeParse(value);
  if (!parsed.success) {
    const message = `Cannot use ${provider}: its list of voices is none we know`;
    throw new VoxError(message, { code: "engine_protocol", isRetryable: false, provider });
  }
  return parsed.data
    .filter(({ id }) => id !== "")
    .map((entry) => ({
      id: entry.id,
      name: ("name" in entry ? entry.name : undefined) ?? entry.id,
      language: ("language" in entry ? entry.language : undefined) ?? "",
      gender: "neutral",
      rateHz,
    }));
}

/** True also for a mix of voices as Kokoro takes it: "af_bella+af_sky", "af_bella(2)+af_sky(1)". */
export function hasVoice(voices: readonly Voice[], voice: string): boolean {
  const ids = new Set(voices.map(({ id }) => id));
  return ids.has(voice) || voice.split("+").every((part) => ids.has(part.replace(/\(.*\)$/, "")));
}
