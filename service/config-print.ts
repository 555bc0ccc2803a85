// `bun run config`: prints every setting in force, where it came from, and the memory that callsMax
// means. Secrets are masked. Exits with 1 and the problems when the configuration does not hold.
import { addressShown, type ConfigExplained, explainConfig } from "./config.ts";
import { readConfigSources } from "./config-read.ts";
import { SETTINGS } from "./config-schema.ts";
import {
  ANSWER_QUEUE_MS,
  BACKPRESSURE_BYTES_MAX,
  SLOT_BYTES_MAX,
  TURN_TAPE_MS,
  UPSTREAM_BUFFERED_BYTES_MAX,
  UPSTREAM_BYTES_PER_SECOND_MAX,
} from "./limits.ts";

const MEBIBYTE = 1024 * 1024;

/** The configuration as lines for a person: `key = value   (origin)`. */
export function configLines({ config, origins }: ConfigExplained): string[] {
  const lines = SETTINGS.map(({ path, isSecret, defaultValue }) => {
    const value = inForce(config, path) ?? defaultValue;
    const shown = isSecret ? masked(value) : JSON.stringify(readable(value));
    return `${path} = ${shown}   (${origins.get(path) ?? "default"})`;
  });
  return [...lines, "", ...memoryLines(config.callsMax, config.audioPoolMegabytes)];
}

/** What `callsMax` calls can take at most, part by part. */
function memoryLines(callsMax: number, audioPoolMegabytes: number): string[] {
  const slots = (callsMax * SLOT_BYTES_MAX) / MEBIBYTE;
  const sockets = (callsMax * (BACKPRESSURE_BYTES_MAX + UPSTREAM_BUFFERED_BYTES_MAX)) / MEBIBYTE;
  const audioMs = TURN_TAPE_MS + ANSWER_QUEUE_MS;
  const audioPerCall = (audioMs * UPSTREAM_BYTES_PER_SECOND_MAX) / 1000 / MEBIBYTE;
  const audio = Math.min(callsMax * audioPerCall, audioPoolMegabytes);
  const total = slots + sockets + audio;
  return [
    `memory that ${callsMax} calls can take at most:`,
    `  core slots      ${size(slots)}   (${SLOT_BYTES_MAX / 1024} KiB a call, touched as calls open)`,
    `  socket buffers  ${size(sockets)}   (only when both far ends stop reading)`,
    `  audio pool      ${size(audio)}   (up to ${size(audioPerCall).trim()} a call, shared limit)`,
    `  together        ${size(total)}`,
  ];
}

function size(mebibytes: number): string {
  return `${mebibytes.toFixed(1)} MiB`.padStart(12);
}

function inForce(config: unknown, path: string): unknown {
  let value: unknown = config;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Readonly<Record<string, unknown>>)[key];
  }
  return value;
}

function readable(value: unknown): unknown {
  return typeof value === "string" && /^(ws|http)s?:/.test(value) ? addressShown(value) : value;
}

function masked(value: unknown): string {
  const count = Array.isArray(value) ? value.length : value === "" ? 0 : 1;
  if (count === 0) return "none";
  return Array.isArray(value) ? `*** (${count} keys)` : "***";
}

if (import.meta.main) {
  try {
    const sources = readConfigSources({ argv: process.argv.slice(2), env: process.env });
    for (const line of configLines(explainConfig(sources))) console.log(line);
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(1);
  }
}
