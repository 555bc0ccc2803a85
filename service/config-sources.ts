// Turns command line, environment and file text into values by setting, and says where each came
// from. Precedence: command line > environment > file > defaults (decision 19). A key nobody knows
// is a problem, never ignored: a mistyped limit must not start a service without that limit.
// Environment: only names that start with VOXBRIDGE_ are ours to refuse.
import { SETTINGS, type Setting } from "./config-schema.ts";

/** What a program reads before it starts; tests give literals. */
export interface ConfigSources {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly file: { readonly path: string; readonly text: string } | null;
}

export interface GatheredValue {
  readonly value: unknown;
  /** Such as `--port`, `PORT`, `voxbridge.yaml`. */
  readonly origin: string;
}

export interface Gathered {
  /** By setting path; a setting nobody set is absent. */
  readonly values: ReadonlyMap<string, GatheredValue>;
  readonly problems: readonly string[];
}

/** Read by the tests and benches, not by the service. */
const ENV_FOREIGN: ReadonlySet<string> = new Set(["VOXBRIDGE_SPEECH_DIR"]);

const SETTING_BY_PATH = new Map(SETTINGS.map((setting) => [setting.path, setting]));
const SETTING_BY_FLAG = new Map(SETTINGS.map((setting) => [setting.flag, setting]));
const SETTING_BY_ENV = new Map(SETTINGS.map((setting) => [setting.env, setting]));

/** Gathers every value from the three sources. Problems are sentences, one each. */
export function gatherConfig(sources: ConfigSources): Gathered {
  const values = new Map<string, GatheredValue>();
  const problems: string[] = [];
  gatherFile(sources, values, problems);
  gatherEnv(sources, values, problems);
  gatherArgv(sources, values, problems);
  return { values, problems };
}

type Values = Map<string, GatheredValue>;

function gatherFile({ file }: ConfigSources, values: Values, problems: string[]): void {
  if (file === null) return;
  let content: unknown;
  try {
    content = Bun.YAML.parse(file.text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    problems.push(`Cannot read ${file.path}: it is not YAML (${reason})`);
    return;
  }
  if (content === null || content === undefined) return;
  if (!isGroup(content)) {
    problems.push(`Cannot read ${file.path}: it is no table, must be "key: value" lines`);
    return;
  }
  gatherGroup({ group: content, prefix: "", origin: file.path }, values, problems);
}

interface FileGroup {
  readonly group: Readonly<Record<string, unknown>>;
  readonly prefix: string;
  readonly origin: string;
}

function gatherGroup({ group, prefix, origin }: FileGroup, values: Values, problems: string[]) {
  for (const [key, value] of Object.entries(group)) {
    const path = prefix + key;
    const isSetting = SETTING_BY_PATH.has(path);
    const isPrefix = SETTINGS.some((setting) => setting.path.startsWith(`${path}.`));
    if (isSetting) {
      values.set(path, { value, origin });
    } else if (isPrefix && isGroup(value)) {
      gatherGroup({ group: value, prefix: `${path}.`, origin }, values, problems);
    } else if (isPrefix) {
      problems.push(`Cannot use ${path} from ${origin}: it is one value, must be a table`);
    } else {
      problems.push(unknownKey(path, origin, SETTING_BY_PATH.keys()));
    }
  }
}

function gatherEnv({ env }: ConfigSources, values: Values, problems: string[]): void {
  for (const [name, value] of Object.entries(env)) {
    const setting = SETTING_BY_ENV.get(name);
    if (setting !== undefined) {
      // An empty variable is how compose files and shells say "not set".
      if (value !== undefined && value !== "") {
        values.set(setting.path, { value: valueFrom(setting, value), origin: name });
      }
    } else if (name.startsWith("VOXBRIDGE_") && !ENV_FOREIGN.has(name)) {
      problems.push(unknownKey(name, "the environment", SETTING_BY_ENV.keys()));
    }
  }
}

function gatherArgv({ argv }: ConfigSources, values: Values, problems: string[]): void {
  for (let index = 0; index < argv.length; index += 1) {
    const argument = argv[index] ?? "";
    const equals = argument.indexOf("=");
    const flag = equals < 0 ? argument : argument.slice(0, equals);
    const setting = SETTING_BY_FLAG.get(flag);
    if (setting === undefined && flag !== "--config") {
      problems.push(unknownKey(flag, "the command line", SETTING_BY_FLAG.keys()));
      // Its value belongs to it: one slip is one problem.
      if (equals < 0 && argv[index + 1]?.startsWith("--") === false) index += 1;
      continue;
    }
    let value = equals < 0 ? undefined : argument.slice(equals + 1);
    const next = argv[index + 1];
    if (value === undefined && setting?.kind === "boolean") value = booleanAfter(next);
    else if (value === undefined && next !== undefined && !next.startsWith("--")) value = next;
    if (value === undefined) {
      problems.push(`Cannot use ${flag}: it has no value, must be "${flag} VALUE"`);
      continue;
    }
    if (equals < 0 && value === next) index += 1;
    if (setting !== undefined) {
      values.set(setting.path, { value: valueFrom(setting, value), origin: flag });
    }
  }
}

/** `--flag` alone means true. */
function booleanAfter(next: string | undefined): string {
  return next === "true" || next === "false" ? next : "true";
}

/** A text as the setting's kind; a text that does not fit stays text, and the schema refuses it. */
function valueFrom(setting: Setting, text: string): unknown {
  switch (setting.kind) {
    case "number":
      return /^-?\d+(\.\d+)?$/.test(text.trim()) ? Number(text) : text;
    case "boolean":
      return text === "true" ? true : text === "false" ? false : text;
    case "list":
      return text
        .split(",")
        .map((part) => part.trim())
        .filter((part) => part !== "");
    case "text":
      return text;
  }
}

function isGroup(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function unknownKey(key: string, origin: string, known: Iterable<string>): string {
  const hint = nearest(key, known);
  const help = hint === undefined ? "see docs/configuration.md" : `did you mean ${hint}?`;
  return `Cannot use ${key} from ${origin}: nobody knows that key, ${help}`;
}

/** The known name with the fewest edits, if that is few enough to be a slip of the fingers. */
function nearest(key: string, known: Iterable<string>): string | undefined {
  const wanted = key.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.max(2, Math.floor(key.length / 4)) + 1;
  for (const name of known) {
    const last = name.split(/[.]/).at(-1) ?? name;
    const distance = Math.min(
      editDistance(wanted, name.toLowerCase()),
      editDistance(wanted, last.toLowerCase()),
      editDistance(wanted, `voxbridge_${name.toLowerCase()}`),
    );
    if (distance < bestDistance) {
      best = name;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance (1966), one row of the table at a time. */
function editDistance(source: string, target: string): number {
  let row = Array.from({ length: target.length + 1 }, (_, index) => index);
  for (let index = 0; index < source.length; index += 1) {
    const nextRow = [index + 1];
    for (let other = 0; other < target.length; other += 1) {
      const replaced = (row[other] ?? 0) + (source[index] === target[other] ? 0 : 1);
      const inserted = (nextRow[other] ?? 0) + 1;
      const removed = (row[other + 1] ?? 0) + 1;
      nextRow.push(Math.min(replaced, inserted, removed));
    }
    row = nextRow;
  }
  return row[target.length] ?? 0;
}
