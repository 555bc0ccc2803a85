// Reads what a program has before it starts: arguments, environment, the configuration file.
// The file is the one `--config` names, which must exist, else voxbridge.yaml if there is one.
import { existsSync, readFileSync } from "node:fs";
import type { ConfigSources } from "./config-sources.ts";
import { VoxError } from "./errors.ts";

const FILE_DEFAULT = "voxbridge.yaml";

interface Program {
  /** Arguments after the program's name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
}

/**
 * Arguments and environment -> sources with the file's text. Throws VoxError when it cannot be
 * read.
 */
export function readConfigSources({ argv, env }: Program): ConfigSources {
  const named = fileNamed(argv);
  if (named === undefined && !existsSync(FILE_DEFAULT)) return { argv, env, file: null };
  const path = named ?? FILE_DEFAULT;
  try {
    return { argv, env, file: { path, text: readFileSync(path, "utf8") } };
  } catch (cause) {
    throw new VoxError(`Cannot read the configuration: ${path} must be a readable file`, {
      code: "config_invalid",
      isRetryable: false,
      cause,
    });
  }
}

function fileNamed(argv: readonly string[]): string | undefined {
  const index = argv.findIndex((word) => word === "--config" || word.startsWith("--config="));
  const word = argv[index];
  if (word === undefined) return undefined;
  return word === "--config" ? argv[index + 1] : word.slice("--config=".length);
}
