// Writes log events as JSON lines: time, level, event, then the fields in the order given.
// Secrets and personal data are taken out on the way (redact.ts), long texts are cut, a field that
// starts with `pii_` appears only when the operator asked for it. A line that cannot be written is
// lost and counted by nobody: logging must never end a call.
import type { Clock } from "../contract/clock.ts";
import type { Log, LogFields, LogLevel, LogValue } from "../contract/log.ts";
import { VoxError } from "../errors.ts";
import { HIDDEN_TEXT, hidePersonalData, hideSecrets, isSecretName } from "./redact.ts";

const TEXT_CHARACTERS_MAX = 500;
const CAUSES_MAX = 3;
const LEVEL_RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

export interface JsonLogSettings {
  /** Events under this level are not written. */
  readonly level: LogLevel;
  readonly isPersonalDataLogged: boolean;
}

export interface JsonLogParts {
  readonly settings: JsonLogSettings;
  readonly clock: Pick<Clock, "wallMs">;
  /** Takes one line without its line end. */
  readonly write: (line: string) => void;
}

/** A Log on an injected sink and clock. */
export function createJsonLog(parts: JsonLogParts, inherited: LogFields = {}): Log {
  const emit = (level: LogLevel, event: string, fields?: LogFields): void => {
    if (LEVEL_RANK[level] < LEVEL_RANK[parts.settings.level]) return;
    try {
      parts.write(lineOf(parts, { level, event, fields: { ...inherited, ...fields } }));
    } catch {
      // A full disk or a closed pipe; saying so would need the same sink.
    }
  };
  return {
    debug: (event, fields) => emit("debug", event, fields),
    info: (event, fields) => emit("info", event, fields),
    warn: (event, fields) => emit("warn", event, fields),
    error: (event, fields) => emit("error", event, fields),
    with: (fields) => createJsonLog(parts, { ...inherited, ...fields }),
  };
}

interface LogEvent {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

function lineOf({ settings, clock }: JsonLogParts, { level, event, fields }: LogEvent): string {
  const line: Record<string, unknown> = {
    time: new Date(clock.wallMs()).toISOString(),
    level,
    event: shown(event, false),
  };
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || name in line) continue;
    const isPersonal = name.startsWith("pii_");
    if (isPersonal && !settings.isPersonalDataLogged) continue;
    line[name] = fieldOf(name, value, isPersonal);
  }
  return JSON.stringify(line);
}

function fieldOf(name: string, value: LogValue, isPersonal: boolean): unknown {
  if (value instanceof Error) return errorOf(value);
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  if (typeof value !== "string") return value;
  return isSecretName(name) ? HIDDEN_TEXT : shown(value, isPersonal);
}

/** Name, code and message of an error and of what caused it; the stack only of our own bugs. */
function errorOf(error: Error, depth = 1): unknown {
  const cause = error.cause instanceof Error && depth < CAUSES_MAX ? error.cause : undefined;
  return {
    name: error.name,
    ...(error instanceof VoxError ? { code: error.code } : {}),
    message: shown(error.message, false),
    ...(cause === undefined ? {} : { cause: errorOf(cause, depth + 1) }),
    ...(error instanceof VoxError ? {} : { stack: shown(error.stack ?? "", false) }),
  };
}

function shown(text: string, isPersonal: boolean): string {
  const safe = isPersonal ? hideSecrets(text) : hidePersonalData(hideSecrets(text));
  return safe.length <= TEXT_CHARACTERS_MAX ? safe : `${safe.slice(0, TEXT_CHARACTERS_MAX)}…`;
}
