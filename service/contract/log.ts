// What the service says about itself: one event, one JSON line. service/telemetry writes it.
// `event` is a fixed text in the code ("call opened"), never built from values; values go into
// fields. Never audio, transcripts, keys or caller identity; a field that could identify a person
// starts with `pii_` and is dropped unless the operator turns such fields on.
// Not for per-frame code: a line allocates.

export type LogLevel = "debug" | "info" | "warn" | "error";

/**
 * Numbers carry their unit in the name (`latencyMs`). An Error is written as name, code, message.
 */
export type LogValue = string | number | boolean | null | undefined | Error;
export type LogFields = Readonly<Record<string, LogValue>>;

export interface Log {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A log that adds `fields` to every line, such as the call id. */
  with(fields: LogFields): Log;
}

/** Writes nothing: for tests and for the library without a server. */
export const SILENT_LOG: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  with: () => SILENT_LOG,
};
