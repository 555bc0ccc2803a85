// Does the session that the server says it runs fit the one we asked for (decision 6)?
// A provider whose own turn detection stays on would answer beside us; a wrong format is noise.
import type { UpstreamSession } from "../contract/upstream.ts";
import { formatOf } from "../wire/realtime-commands.ts";
import type { FormatEcho, SessionEcho } from "../wire/realtime-session-echo.ts";

/**
 * "" when the echo fits, else what does not: "<what> is <value>, must be <wanted>".
 * isSilenceAccepted: what the server leaves out is not held against it.
 */
export function sessionMismatch(
  wanted: UpstreamSession,
  echo: SessionEcho,
  isSilenceAccepted: boolean,
): string {
  const type = formatOf(wanted.format).type ?? "";
  const rateHz = wanted.format.rateHz;
  const isSaid = (format: FormatEcho) => !isSilenceAccepted || format.type !== "";
  const isTurnsSaid = !isSilenceAccepted || echo.turnDetection !== "absent";
  return (
    (isTurnsSaid ? turnDetectionMismatch(wanted, echo) : "") ||
    (isSaid(echo.inputFormat)
      ? formatMismatch("input format", echo.inputFormat, type, rateHz)
      : "") ||
    (isSaid(echo.outputFormat)
      ? formatMismatch("output format", echo.outputFormat, type, rateHz)
      : "")
  );
}

function turnDetectionMismatch(wanted: UpstreamSession, echo: SessionEcho): string {
  const { turnDetection } = wanted;
  const type = turnDetection === null ? "none" : detectorOf(turnDetection);
  const echoed = plain(echo.turnDetection);
  if (echo.turnDetection !== type) return `turn_detection is ${echoed}, must be ${type}`;
  if (turnDetection === null || !turnDetection.endsWith("_signal")) return "";
  if (echo.isResponseCreatedByServer) return "create_response is true, must be false";
  return echo.isInterruptedByServer ? "interrupt_response is true, must be false" : "";
}

function detectorOf(turnDetection: string): string {
  return turnDetection.startsWith("semantic_vad") ? "semantic_vad" : "server_vad";
}

function formatMismatch(what: string, echo: FormatEcho, type: string, rateHz: number): string {
  if (echo.type !== type) return `${what} is ${plain(echo.type) || "absent"}, must be ${type}`;
  // G.711 has no rate field in this protocol, so 0 is what it says.
  const isRateWrong = echo.rateHz !== 0 && echo.rateHz !== rateHz;
  return isRateWrong ? `${what} is ${echo.rateHz} Hz, must be ${rateHz} Hz` : "";
}

/** A peer's word, cut to what a name of this protocol can be: it ends up in a log. */
function plain(text: string): string {
  return text.replace(/[^a-z0-9_/]/gi, "").slice(0, 32);
}
