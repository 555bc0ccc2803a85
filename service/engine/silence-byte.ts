// The byte that, repeated, is silence in a sample format.
import type { CallerEncoding } from "../contract/core.ts";

/** Source: ITU-T G.711 (positive zero of each law); PCM and f32 zero are all-zero bytes. */
export function silenceByte(encoding: CallerEncoding): number {
  if (encoding === "mulaw") return 0xff;
  return encoding === "alaw" ? 0xd5 : 0;
}
