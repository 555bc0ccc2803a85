// Builds what is not committed: build/core.wasm from dsp/, build/core.js from service/core/, gen/
// from proto/ (decision 22).
// Called by postinstall, by the test preload and by start; a no-op when nothing changed.
//
//   sources + tool versions -> sha256 -> compare with build/<step>.sha256 -> build beside -> rename
//
// Several processes may run this at once: each writes temporary files of its own and renames,
// so a reader sees the old file or the new one, never half of one. Nothing needs the network.
//
// Usage: bun scripts/build.ts [--postinstall] [--force]

import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";

const ROOT = join(import.meta.dir, "..");
const BUILD = join(ROOT, "build");

type StepResult = "built" | "fresh" | "skipped";

interface Step {
  readonly name: string;
  /** Files whose bytes decide freshness. */
  readonly sources: readonly string[];
  /** Packages under node_modules whose version decides freshness; absent ones skip the step. */
  readonly tools: readonly string[];
  readonly isComplete: () => boolean;
  readonly run: () => void;
}

/** Builds everything that is stale. -> one line per step. Throws when a tool fails. */
export function buildAll(options: { readonly isForced: boolean }): string[] {
  mkdirSync(BUILD, { recursive: true });
  return [coreStep(), libraryStep(), protoStep()].map(
    (step) => `${step.name}: ${runStep(step, options)}`,
  );
}

function runStep(step: Step, options: { readonly isForced: boolean }): StepResult {
  if (step.sources.length === 0) return "skipped";
  const versions = step.tools.map(toolVersion);
  if (versions.includes(null)) return "skipped";
  const stampPath = join(BUILD, `${step.name}.sha256`);
  const stamp = hashOf(step.sources, versions);
  const isFresh = existsSync(stampPath) && readFileSync(stampPath, "utf8") === stamp;
  if (isFresh && step.isComplete() && !options.isForced) return "fresh";
  step.run();
  replaceFile(stampPath, stamp);
  return "built";
}

function coreStep(): Step {
  const target = join(BUILD, "core.wasm");
  const config = join(ROOT, "asconfig.json");
  return {
    name: "core",
    sources: [config, ...filesUnder(join(ROOT, "dsp"), ".ts")],
    tools: ["assemblyscript"],
    isComplete: () => existsSync(target),
    run() {
      const temporary = temporaryName(target);
      const compiler = join(ROOT, "node_modules/assemblyscript/bin/asc.js");
      runTool([process.execPath, compiler, "--config", config, "-o", relative(ROOT, temporary)]);
      renameSync(temporary, target);
    },
  };
}

// The core's host as one JavaScript file, for Node and Deno, which do not read our TypeScript.
function libraryStep(): Step {
  const target = join(BUILD, "core.js");
  const entry = join(ROOT, "service/core/standalone.ts");
  const folders = ["service/core", "service/contract", "dsp"].map((name) => join(ROOT, name));
  return {
    name: "library",
    sources: [join(ROOT, "service/assert.ts"), join(ROOT, "service/errors.ts")].concat(
      ...folders.map((folder) => filesUnder(folder, ".ts")),
    ),
    tools: ["bun"],
    isComplete: () => existsSync(target),
    run() {
      const temporary = temporaryName(target);
      runTool([process.execPath, "build", entry, "--target=node", `--outfile=${temporary}`]);
      renameSync(temporary, target);
    },
  };
}

function protoStep(): Step {
  const target = join(ROOT, "gen");
  const proto = filesUnder(join(ROOT, "proto"), ".proto");
  const configs = ["buf.yaml", "buf.gen.yaml"].map((name) => join(ROOT, name));
  const isConfigured = configs.every((path) => existsSync(path));
  return {
    name: "proto",
    sources: proto.length > 0 && isConfigured ? [...configs, ...proto] : [],
    tools: ["@bufbuild/buf", "@bufbuild/protoc-gen-es"],
    isComplete: () => filesUnder(target, ".ts").length >= proto.length,
    run() {
      const temporary = temporaryName(join(BUILD, "gen"));
      runTool([join(ROOT, "node_modules/.bin/buf"), "generate", "-o", temporary]);
      replaceFolder(join(temporary, "gen"), target);
      rmSync(temporary, { recursive: true, force: true });
    },
  };
}

// File by file, because a folder cannot be replaced in one step.
function replaceFolder(source: string, target: string): void {
  const fresh = filesUnder(source, "").map((path) => relative(source, path));
  for (const path of fresh) {
    mkdirSync(dirname(join(target, path)), { recursive: true });
    renameSync(join(source, path), join(target, path));
  }
  for (const path of filesUnder(target, "")) {
    if (!fresh.includes(relative(target, path))) rmSync(path, { force: true });
  }
}

function replaceFile(path: string, text: string): void {
  const temporary = temporaryName(path);
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

function temporaryName(path: string): string {
  return `${path}.${process.pid}.${randomBytes(4).toString("hex")}.tmp`;
}

function runTool(command: readonly string[]): void {
  // The tools of node_modules come first, so that buf finds its plugin without the network.
  const path = `${join(ROOT, "node_modules/.bin")}:${process.env["PATH"] ?? ""}`;
  const result = Bun.spawnSync([...command], { cwd: ROOT, env: { ...process.env, PATH: path } });
  if (result.success) return;
  const output = `${result.stdout.toString()}${result.stderr.toString()}`;
  throw new Error(`Cannot build: ${command.slice(0, 2).join(" ")} failed\n${output}`);
}

function hashOf(paths: readonly string[], versions: readonly (string | null)[]): string {
  const hash = createHash("sha256");
  hash.update(versions.join(" "));
  for (const path of paths) {
    hash.update(`\n${relative(ROOT, path)}\n`);
    hash.update(readFileSync(path));
  }
  return hash.digest("hex");
}

function toolVersion(name: string): string | null {
  const path = join(ROOT, "node_modules", name, "package.json");
  if (!existsSync(path)) return null;
  const manifest: unknown = JSON.parse(readFileSync(path, "utf8"));
  const isManifest = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isManifest ? `${name}@${manifest.version}` : null;
}

function filesUnder(folder: string, ending: string): string[] {
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(ending))
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

if (import.meta.main) {
  const isPostinstall = process.argv.includes("--postinstall");
  const lines = buildAll({ isForced: process.argv.includes("--force") });
  const isUsable = isPostinstall || [coreStep(), protoStep()].every((step) => step.isComplete());
  if (!isUsable) {
    console.error(
      "Cannot build: the development tools are absent, must be installed: " +
        "npx --yes bun@1.4.5 install (without --production)",
    );
    process.exit(1);
  }
  for (const line of lines) {
    const isSkipped = line.endsWith(": skipped");
    const reason = isPostinstall && isSkipped ? " (sources or development tools are absent)" : "";
    console.log(`build ${line}${reason}`);
  }
}
