// What the speech simulator says: tones of a length that goes with the text, or what an engine makes
// of it. Station: asked by speech-simulator.ts for the audio of each request.
import type { TextToSpeech } from "../contract/text-to-speech.ts";

export interface SpeechSoundRequest {
  readonly text: string;
  readonly voice: string;
  readonly rate: number;
}

export interface SpeechSound {
  readonly rateHz: number;
  /** All of the audio, 16 bit mono. */
  say(request: SpeechSoundRequest, signal: AbortSignal): Promise<Int16Array>;
}

const TONE_RATE_HZ = 24_000;
const TONE_HZ = 220;
/** About what a person needs: 15 characters a second. */
const TONE_MS_PER_CHARACTER = 65;
const TONE_FADE_MS = 10;
/** -15 dBFS: clear on a phone line, no louder than speech. */
const AMPLITUDE = 0.178 * 32_767;

/** A tone as long as the words would take, a little higher for each word, silence between words. */
export const toneSound: SpeechSound = {
  rateHz: TONE_RATE_HZ,
  say: ({ text, rate }) => {
    const words = text.split(/\s+/).filter((word) => word !== "");
    const parts = words.map((word, index) => tone(word.length, index, rate));
    return Promise.resolve(joined(parts));
  },
};

/** The engine's own voice. It must speak at `rateHz`. */
export function engineSound(engine: TextToSpeech, rateHz: number): SpeechSound {
  return {
    rateHz,
    async say({ text, voice, rate }, signal) {
      const request = { text, isSsml: false, voice, language: "", rate, pitchSemitones: 0 };
      const parts: Int16Array[] = [];
      for await (const { audio } of engine.synthesize(request, signal)) parts.push(audio.slice());
      return joined(parts);
    },
  };
}

/** One word and the space behind it. */
function tone(characters: number, index: number, rate: number): Int16Array {
  const perCharacter = (TONE_RATE_HZ * TONE_MS_PER_CHARACTER) / 1_000 / rate;
  const samples = new Int16Array(Math.round((characters + 1) * perCharacter));
  const count = Math.round(characters * perCharacter);
  const fade = (TONE_RATE_HZ * TONE_FADE_MS) / 1_000;
  const hz = TONE_HZ * (1 + (index % 8) / 8);
  for (let at = 0; at < count; at += 1) {
    const level = Math.min(1, at / fade, (count - at) / fade);
    samples[at] = Math.round(AMPLITUDE * level * Math.sin((2 * Math.PI * hz * at) / TONE_RATE_HZ));
  }
  return samples;
}

function joined(parts: readonly Int16Array[]): Int16Array {
  const samples = new Int16Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    samples.set(part, at);
    at += part.length;
  }
  return samples;
}
