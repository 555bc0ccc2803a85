// `bun run lab A.jsonl B.jsonl`: compares two recorded sets of turns (docs/lab.md). Sets are made
// by `bun run call --turns N --record FILE`. Exit code 0: compared; 1: a file cannot be used.
import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { compareSets } from "./lab/compare-sets.ts";
import { comparisonLines } from "./lab/print-comparison.ts";
import { readTurnSet, type TurnSet } from "./lab/turn-set.ts";

const LAB_HELP = `Compares two recorded sets of turns: is the one faster, by how much, by chance?

  bun run lab A.jsonl B.jsonl [--json]

  A.jsonl B.jsonl   made by: bun run call --turns N --record FILE
  --json            one JSON object with unrounded values instead of tables
  --help            this text
`;

try {
  const { values, positionals } = parseArgs({
    args: process.argv.slice(2),
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) console.log(LAB_HELP);
  else run(positionals, values.json);
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
}

function run(paths: readonly string[], isJson: boolean): void {
  const [pathA, pathB, ...rest] = paths;
  if (pathA === undefined || pathB === undefined || rest.length > 0) {
    throw new Error(`Cannot compare ${paths.length} sets, must be 2\n\n${LAB_HELP}`);
  }
  const setA = load(pathA);
  const setB = load(pathB);
  const comparison = compareSets(setA, setB);
  if (isJson) {
    console.log(JSON.stringify({ a: described(setA), b: described(setB), ...comparison }, null, 2));
    return;
  }
  for (const line of comparisonLines(setA, setB, comparison)) console.log(line);
}

function described({ turns, ...set }: TurnSet): object {
  return { ...set, turnCount: turns.length };
}

function load(path: string): TurnSet {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    throw new Error(`Cannot read ${path}: ${error instanceof Error ? error.message : ""}`, {
      cause: error,
    });
  }
  return readTurnSet(text, path);
}
