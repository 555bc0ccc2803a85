// The tones the simulator answers with where it has no caller's voice to give back. Each occasion
// has its own tune, so that a person hears which one it was.
import { type AudioForm, encodeAudio } from "./audio-forms.ts";

export type Occasion = "greeting" | "text" | "tool" | "scripted";

/** Hz of the notes; repeated until the length is reached. */
const TUNES: Readonly<Record<Occasion, readonly number[]>> = {
  greeting: [523.25, 659.26, 783.99],
  text: [659.26, 523.25],
  tool: [783.99, 659.26, 523.25],
  scripted: [440, 554.37, 659.26, 554.37],
};
const NOTE_MS = 160;
const FADE_MS = 15;
/** -15 dBFS: clear on a phone line, no louder than speech. */
const AMPLITUDE = 0.178 * 32_767;

/** `durationMs` of the tune of `occasion`, in the given format. */
export function melody(form: AudioForm, occasion: Occasion, durationMs: number): Uint8Array {
  const samples = new Int16Array(Math.floor((durationMs * form.rateHz) / 1000));
  const noteSamples = (NOTE_MS * form.rateHz) / 1000;
  const fadeSamples = (FADE_MS * form.rateHz) / 1000;
  const tune = TUNES[occasion];
  for (let index = 0; index < samples.length; index += 1) {
    const note = Math.floor(index / noteSamples);
    const within = index % noteSamples;
    const edge = Math.min(within, noteSamples - within, samples.length - index);
    const fade = Math.min(1, edge / fadeSamples);
    const hz = tune[note % tune.length] ?? 0;
    samples[index] = Math.round(
      AMPLITUDE * fade * Math.sin((2 * Math.PI * hz * index) / form.rateHz),
    );
  }
  return encodeAudio(form, samples);
}
