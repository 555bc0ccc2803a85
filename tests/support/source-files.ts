// The project's own files as the house rules see them: names, lines, imports, code without
// comments and texts. Plain text work, no parser: the rules look for words, not for meaning.
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";

export const ROOT = join(import.meta.dir, "..", "..");

/** Made by tools, by running or by an operator; never part of the project. */
const NOT_OURS = new Set([".git", "node_modules", "gen", "build", "recordings", "coverage"]);

export interface SourceFile {
  /** From the project's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Every file under `folder` whose name ends with one of `endings`, sorted by path. */
export function filesUnder(folder: string, endings: readonly string[]): string[] {
  const found: string[] = [];
  for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true })) {
    if (NOT_OURS.has(entry.name)) continue;
    const path = posix.join(folder, entry.name);
    if (entry.isDirectory()) found.push(...filesUnder(path, endings));
    else if (endings.some((ending) => entry.name.endsWith(ending))) found.push(path);
  }
  return found.sort();
}

/** The TypeScript and AssemblyScript sources under `folders` that exist. */
export function sourcesUnder(folders: readonly string[]): SourceFile[] {
  const present = new Set(readdirSync(ROOT));
  return folders
    .filter((folder) => present.has(folder.split("/")[0] ?? ""))
    .flatMap((folder) => filesUnder(folder, [".ts"]))
    .map((path) => ({ path, text: readFileSync(join(ROOT, path), "utf8") }));
}

export interface Import {
  /** As written: "hono", "node:fs", "../limits.ts". */
  readonly specifier: string;
  /** Path from the root when it is one of our files, else undefined. */
  readonly target: string | undefined;
  readonly isTypeOnly: boolean;
}

const IMPORT_FORM =
  /\b(import|export)\s+(type\s+)?(?:[\w*{}\s,$]+?\s+from\s+)?["']([^"'\n]+)["']|\bimport\(\s*["']([^"'\n]+)["']/g;

/** What a file imports, static and dynamic, re-exports included. */
export function importsOf({ path, text }: SourceFile): Import[] {
  return [...withoutComments(text).matchAll(IMPORT_FORM)].map((match) => {
    const specifier = match[3] ?? match[4] ?? "";
    const isOurs = specifier.startsWith(".");
    return {
      specifier,
      target: isOurs ? posix.normalize(posix.join(dirname(path), specifier)) : undefined,
      isTypeOnly: match[2] !== undefined,
    };
  });
}

/** The package a specifier belongs to: "hono/bun" -> "hono", "@a/b/c" -> "@a/b". */
export function packageOf(specifier: string): string {
  const parts = specifier.split("/");
  return specifier.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? specifier);
}

const COMMENT_OR_TEXT =
  /\/\*[\s\S]*?\*\/|\/\/[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`/g;

/** The source with comments blanked; line numbers stay. */
export function withoutComments(text: string): string {
  return text.replace(COMMENT_OR_TEXT, (part) =>
    part.startsWith("/") ? part.replace(/[^\n]/g, " ") : part,
  );
}

/** The source with comments and texts blanked; code inside `${}` of a template goes with it. */
export function codeOnly(text: string): string {
  return text.replace(COMMENT_OR_TEXT, (part) => part.replace(/[^\n]/g, " "));
}

/** "path:line: what" for every match of `pattern` in `code`. */
export function matchesIn(path: string, code: string, pattern: RegExp): string[] {
  return code.split("\n").flatMap((line, index) => {
    const match = new RegExp(pattern.source, pattern.flags.replace("g", "")).exec(line);
    return match === null ? [] : [`${path}:${index + 1}: ${match[0].trim()}`];
  });
}

/** The body of the function or method `name` (without `#`), or undefined; calls do not count. */
export function bodyOf(code: string, name: string): string | undefined {
  const start = new RegExp(`^[ \\t]*(?:export )?(?:async )?(?:function )?#?${name}\\(`, "gm");
  for (const match of code.matchAll(start)) {
    const parametersEnd = closingAt(code, match.index + match[0].length - 1);
    // A definition goes on with a result type and a body; a call with ; or an operator.
    const between = /^(?:\s*:[^;=]*?)?\s*\{/.exec(code.slice(parametersEnd + 1));
    if (between === null) continue;
    const open = parametersEnd + between[0].length;
    return code.slice(open + 1, closingAt(code, open));
  }
  return undefined;
}

/** The index of the bracket that closes the one at `open`. */
function closingAt(code: string, open: number): number {
  let depth = 0;
  for (let index = open; index < code.length; index += 1) {
    const letter = code[index] ?? "";
    if ("({[".includes(letter)) depth += 1;
    else if (")}]".includes(letter)) depth -= 1;
    if (depth === 0) return index;
  }
  return code.length;
}
