// Reads a Dockerfile as far as ours goes: one instruction a line or with a backslash, JSON or words.
// And goes through its stages without a container engine: each stage is a folder.
import { cpSync, mkdirSync, symlinkSync } from "node:fs";
import { dirname, join } from "node:path";

export interface Instruction {
  readonly name: string;
  readonly words: string;
}

export interface Stage {
  /** "" for the last one, which is the image. */
  readonly name: string;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

export interface Copy {
  /** Of a stage, "" for the build's context. */
  readonly from: string;
  readonly sources: readonly string[];
  readonly target: string;
}

export function stagesOf(text: string): Stage[] {
  const instructions = text
    .replace(/\\\n\s*/g, "")
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("#"))
    .map((line) => {
      const [, name = "", words = ""] = /^([A-Z]+)\s+(.*)$/.exec(line) ?? [];
      return { name, words: words.trim() };
    });
  const stages: (Stage & { readonly instructions: Instruction[] })[] = [];
  for (const instruction of instructions) {
    const [, image = "", name = ""] = /^(\S+)(?: AS (\S+))?$/.exec(instruction.words) ?? [];
    if (instruction.name === "FROM") stages.push({ name, image, instructions: [] });
    else stages.at(-1)?.instructions.push(instruction);
  }
  return stages;
}

export function valuesOf(stage: Stage | undefined, name: string): string[] {
  const all = stage?.instructions ?? [];
  return all.filter((each) => each.name === name).map(({ words }) => words);
}

export function copiesOf(stage: Stage): Copy[] {
  return valuesOf(stage, "COPY").map((text) => {
    const words = text.split(/\s+/);
    const from = words.find((word) => word.startsWith("--from="))?.slice(7) ?? "";
    const paths = words.filter((word) => !word.startsWith("--"));
    return { from, sources: paths.slice(0, -1), target: paths.at(-1) ?? "" };
  });
}

export function environmentOf(stage: Stage | undefined): Record<string, string> {
  const pairs = valuesOf(stage, "ENV").flatMap((text) => text.split(/\s+/));
  return Object.fromEntries(pairs.map((pair) => pair.split("=", 2) as [string, string]));
}

export interface Replay {
  /** Where the context is: the project. */
  readonly root: string;
  /** Files of the context, as the engine would be sent them. */
  readonly context: readonly string[];
  /** A folder for each stage is made in it. */
  readonly folder: string;
}

/** Every COPY and every RUN of bun, stage by stage. -> the folder that is the image. */
export function replay(stages: readonly Stage[], { root, context, folder }: Replay): string {
  const bin = join(folder, "bin");
  mkdirSync(bin);
  symlinkSync(process.execPath, join(bin, "bun"));
  const { HOME = "", PATH = "" } = process.env;
  const environment = { HOME, PATH: `${bin}:${PATH}` };
  const folders = new Map<string, string>();
  for (const stage of stages) {
    const at = join(folder, stage.name === "" ? "image" : stage.name);
    mkdirSync(at);
    folders.set(stage.name, at);
    for (const { name, words } of stage.instructions) {
      if (name === "RUN" && words.startsWith("bun ")) run(words, at, environment);
      if (name !== "COPY") continue;
      const [copy] = copiesOf({ ...stage, instructions: [{ name, words }] });
      if (copy !== undefined) take(copy, at);
    }
  }
  return folders.get("") ?? "";

  function take({ from, sources, target }: Copy, at: string): void {
    const origin = from === "" ? root : folders.get(from);
    if (origin === undefined) throw new Error(`There is no stage ${from}`);
    for (const source of sources) {
      const name = source.replace(/^\/voxbridge\//, "");
      const to = target.endsWith("/") ? join(at, target, name) : join(at, target);
      if (from === "") copyContext(source, to);
      else cpSync(join(origin, name), to, { recursive: true, verbatimSymlinks: true });
    }
  }

  function copyContext(source: string, to: string): void {
    const files = context.filter((file) => file === source || file.startsWith(`${source}/`));
    if (files.length === 0) throw new Error(`The context has no ${source}`);
    for (const file of files) {
      const place = join(to, file.slice(source.length));
      mkdirSync(dirname(place), { recursive: true });
      cpSync(join(root, file), place);
    }
  }
}

function run(words: string, cwd: string, env: Record<string, string>): void {
  const { exitCode, stdout, stderr } = Bun.spawnSync(words.split(/\s+/), { cwd, env });
  if (exitCode === 0) return;
  throw new Error(`${words} failed in ${cwd}: ${stdout.toString()}${stderr.toString()}`);
}

/** What .dockerignore lets through; ours is a list of what may come in behind a `*`. */
export function letIn(files: readonly string[], ignore: string): string[] {
  const rules = ignore.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
  if (rules[0] !== "*") throw new Error("The first rule must keep everything out");
  const names = rules.slice(1).map((rule) => {
    if (!rule.startsWith("!")) throw new Error(`${rule} is no exception`);
    return rule.slice(1);
  });
  return files.filter((file) => names.some((name) => file === name || file.startsWith(`${name}/`)));
}
