// A cached result as text and back, with the moment it ends: the service's clock decides, so that
// every store answers the same whatever its own clock says.
import { z } from "zod";

const RESULT = z.object({ value: z.string(), endsMs: z.number() });

export function printResult(value: string, endsMs: number): string {
  return JSON.stringify({ value, endsMs });
}

/** -> null when it has ended, is "" or no result. */
export function parseResult(text: string, wallMs: number): string | null {
  if (text === "") return null;
  try {
    const parsed = RESULT.safeParse(JSON.parse(text));
    return parsed.success && parsed.data.endsMs > wallMs ? parsed.data.value : null;
  } catch {
    // Not JSON: not ours; the next answer takes its place.
    return null;
  }
}
