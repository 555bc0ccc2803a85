// `bun run check`: everything a change must pass besides the tests, in the order of cheapness.
// One line per check; the output of a check is shown only when it fails.
import { existsSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");
const OUTPUT_LINES_MAX = 200;

interface Check {
  readonly name: string;
  /** What this check is about, for the reader of a failure. */
  readonly help: string;
  /** Words after `bun`. */
  readonly command: readonly string[];
  /** Which lines of a failure to show; all of them when absent. */
  readonly shown?: RegExp;
}

const CHECKS: readonly Check[] = [
  {
    name: "build",
    help: "the core and the generated code are made first; types need them",
    command: ["scripts/build.ts"],
  },
  {
    name: "format",
    help: "bun run format writes what this check wants",
    command: tool("biome", "format", "--colors=off", "--max-diagnostics=none", "."),
    shown: /^\S+ (format|parse) |^Found/,
  },
  {
    name: "lint",
    help: "rules in biome.json",
    command: tool("biome", "lint", "--colors=off", "."),
  },
  { name: "types", help: "tsconfig.json, strict", command: tool("tsc", "-p", "tsconfig.json") },
  { name: "typed lint", help: "rules in eslint.config.js", command: tool("eslint", ".") },
  {
    name: "tidy",
    help: "layers, package walls, names, banned words: tests/tidy*.test.ts",
    command: ["test", ...["", "-text", "-frame"].map((part) => `./tests/tidy${part}.test.ts`)],
  },
  { name: "schema lint", help: "buf.yaml", command: tool("buf", "lint") },
  ...schemaBreaking(),
  { name: "dead code", help: "knip.json", command: tool("knip", "--no-progress") },
];

const failed = CHECKS.filter((check) => !passes(check));
const passedCount = CHECKS.length - failed.length;
console.log(`${passedCount} of ${CHECKS.length} checks passed`);
if (failed.length > 0) {
  console.log(`failed: ${failed.map(({ name }) => name).join(", ")}`);
  process.exit(1);
}

function passes({ name, help, command, shown = /^/ }: Check): boolean {
  const result = Bun.spawnSync([process.execPath, ...command], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, NO_COLOR: "1" },
  });
  console.log(`${result.success ? "ok  " : "FAIL"}  ${name}`);
  if (result.success) return true;
  const lines = `${result.stdout.toString()}\n${result.stderr.toString()}`
    .trim()
    .split("\n")
    .filter((line) => shown.test(line));
  for (const line of lines.slice(0, OUTPUT_LINES_MAX)) console.log(`      ${line}`);
  if (lines.length > OUTPUT_LINES_MAX) console.log(`      … ${lines.length} lines in all`);
  console.log(`      (${help})`);
  return false;
}

/** A development tool, run by this Bun: the machine may have another Node or none. */
function tool(name: string, ...words: readonly string[]): string[] {
  return ["--bun", join("node_modules", ".bin", name), ...words];
}

/** Numbers of released fields stay what they are: today's schema against the last released one. */
function schemaBreaking(): Check[] {
  const released = join("proto", "released.binpb");
  if (!existsSync(join(ROOT, released))) return [];
  const command = tool("buf", "breaking", "--against", released);
  return [{ name: "schema breaking", help: `against ${released}`, command }];
}
