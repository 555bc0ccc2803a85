// A caller's voice for tests: Debian's `flite` (voice kal16, 16 kHz), which pocketsphinx understands;
// espeak-ng it does not. Audio comes over a pipe, no file is left.
import { hasPrograms } from "./debian-package.ts";

export const FLITE_RATE_HZ = 16_000;
const HEADER_BYTES = 44;
/** What Bun gives a child is a socket, which nobody can open by a path; a shell's pipe is one. */
const SPEAK = 'flite -voice kal16 -t "$1" -o /dev/stdout | cat';

export function hasFlite(test: string): boolean {
  return hasPrograms(test, "flite", ["flite"]);
}

/** `text` spoken: 16 bit mono samples at 16 kHz, with `silenceMs` of silence before and after. */
export async function fliteSpeech(text: string, silenceMs = 300): Promise<Int16Array> {
  const child = Bun.spawn(["sh", "-c", SPEAK, "sh", text], {
    stdout: "pipe",
    stderr: "ignore",
  });
  const bytes = new Uint8Array(await new Response(child.stdout).arrayBuffer());
  if ((await child.exited) !== 0 || bytes.length <= HEADER_BYTES) {
    throw new Error(`flite said nothing for "${text}"`);
  }
  const samples = new Int16Array(
    bytes.slice(HEADER_BYTES, bytes.length - (bytes.length % 2)).buffer,
  );
  const silence = (FLITE_RATE_HZ * silenceMs) / 1000;
  const speech = new Int16Array(samples.length + 2 * silence);
  speech.set(samples, silence);
  return speech;
}
