// What an operator sees of refused requests: a warning the first time each kind happens, so that a
// wrong PUBLIC_URL or key is found without looking for it, and debug lines after that, so that
// strangers cannot fill the log. The metric has the counts. Paths are left out: they hold tokens.
import type { Log } from "../contract/log.ts";
import type { Refusal } from "./admission.ts";
import type { Traffic } from "./traffic.ts";

export interface RefusalLog {
  /** Counts and logs one refusal. */
  note(refusal: Refusal): void;
}

export function createRefusalLog(log: Log, traffic: Traffic): RefusalLog {
  // Bounded by the closed list of codes in the source.
  const codesSeen = new Set<string>();
  return {
    note({ status, code, message }) {
      traffic.noteRefused(status);
      const fields = { status, code, advice: message };
      // Scanners ask for any path; that is nobody's mistake to correct.
      const isAsked = status === 404 || status === 405 || status === 426;
      if (isAsked || codesSeen.has(code)) {
        log.debug("request refused", fields);
      } else {
        codesSeen.add(code);
        log.warn("request refused, the first of its kind", fields);
      }
    },
  };
}
