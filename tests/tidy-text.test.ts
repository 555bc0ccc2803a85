// Goal: the house rules on what a source file may say: per-frame code that makes no garbage, state
// machines that never wait, names, sizes, leftovers.
// Method: the sources as text (support/source-files.ts); the rules on imports are in tidy.test.ts.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import {
  codeOnly,
  filesUnder,
  importsOf,
  matchesIn,
  ROOT,
  type SourceFile,
  sourcesUnder,
} from "./support/source-files.ts";

const SERVICE = sourcesUnder(["service", "models"]);
const DSP = sourcesUnder(["dsp"]);
const ALL = sourcesUnder(["dsp", "service", "models", "scripts", "tests", "bench", "examples"]);

/** Reading time, setting timers and rolling dice belongs to service/clock.ts (decision 15). */
const AMBIENT =
  /\bDate\.now\b|\bnew Date\(\)|\bperformance\.|\bset(?:Timeout|Interval|Immediate)\(|\bBun\.(?:nanoseconds|sleep)|\bhrtime\b|\bMath\.random\b|\bgetRandomValues\b|\brandom(?:UUID|Bytes|Int|FillSync)\b/;

/** What allocates, waits or leaves the core; `new` and arrays need a garbage collector. */
const DSP_BANNED =
  /\bnew\s+\w|\bthrow\b|\bArray\b|\bStaticArray\b|\bMap\b|\bSet\b|\bString\b|\bmemory\.grow\b|\b(?:async|await|console)\b/;

describe("per-frame code and state machines", () => {
  test("time, timers and randomness are read in service/clock.ts only", () => {
    const wrong = SERVICE.filter(({ path }) => path !== "service/clock.ts").flatMap(
      ({ path, text }) => matchesIn(path, codeOnly(text), AMBIENT),
    );
    expect(wrong).toEqual([]);
  });

  test("dsp/ makes no objects, throws nothing, grows nothing", () => {
    const wrong = DSP.flatMap(({ path, text }) => matchesIn(path, codeOnly(text), DSP_BANNED));
    expect(wrong).toEqual([]);
  });

  test("S3-02: nothing on the frame's way reads or writes a file", () => {
    const way =
      /^service\/(core|engine|lane|conversation|transport|upstream|wire|speech-to-text|provider)\//;
    const wrong = SERVICE.filter(({ path }) => way.test(path)).flatMap((file) => [
      ...matchesIn(file.path, codeOnly(file.text), /\bBun\.(?:file|write|stdout)\b/),
      ...importsOf(file)
        .filter(({ specifier }) => /^node:(fs|os|child_process)/.test(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    ]);
    expect(wrong).toEqual([]);
  });

  test("conversation/ is synchronous", () => {
    const wrong = SERVICE.filter(({ path }) => path.startsWith("service/conversation/")).flatMap(
      ({ path, text }) =>
        matchesIn(path, codeOnly(text), /\b(?:async|await|Promise|queueMicrotask)\b|\.then\(/),
    );
    expect(wrong).toEqual([]);
  });

  test("contract/ holds types, constants and sinks: no state, no classes", () => {
    const wrong = SERVICE.filter(({ path }) => path.startsWith("service/contract/")).flatMap(
      ({ path, text }) =>
        matchesIn(path, codeOnly(text), /^\s*(?:let|var|class)\b|\bexport class\b/),
    );
    expect(wrong).toEqual([]);
  });
});

const NAMES_BANNED = /^(utils?|helpers?|common|misc|types|manager|handler|base)(\.|-|$)/;

/** Tables and generated code may be long; their names say what they are. */
const LONG_ALLOWED = /-tables?\.ts$/;

describe("names and sizes", () => {
  test("file names are kebab-case and say what happens", () => {
    const form = /^[a-z0-9]+(-[a-z0-9]+)*(\.test)?(\.d)?\.ts$/;
    const wrong = ALL.map(({ path }) => path).filter(
      (path) => !form.test(basename(path)) || NAMES_BANNED.test(basename(path)),
    );
    expect(wrong).toEqual([]);
  });

  test("no index file but dsp/index.ts and the public entry, no re-export of everything", () => {
    const allowed = new Set(["dsp/index.ts", "service/index.ts"]);
    const isIndex = ({ path }: SourceFile) => basename(path) === "index.ts" && !allowed.has(path);
    const wrong = ALL.filter(isIndex).map(({ path }) => path);
    for (const { path, text } of ALL) {
      wrong.push(...matchesIn(path, codeOnly(text), /export \*/));
    }
    expect(wrong).toEqual([]);
  });

  test("a file has at most 300 lines", () => {
    const wrong = ALL.filter(({ path }) => !LONG_ALLOWED.test(path))
      .map(({ path, text }) => ({ path, lines: text.trimEnd().split("\n").length }))
      .filter(({ lines }) => lines > 300);
    expect(wrong).toEqual([]);
  });

  test("a comment has about 100 columns, unless it draws or names an address", () => {
    // The formatter cuts code at 100; nothing cuts comments, so a word may stick out.
    const columnsMax = 110;
    const wrong = ALL.flatMap(({ path, text }) =>
      text.split("\n").flatMap((line, index) => {
        const isComment = /^\s*(\/\/|\/?\*)/.test(line);
        const isDrawing = /^\s*(\/\/|\*).*\S? {2}/.test(line);
        if (line.length <= columnsMax || !isComment || isDrawing || /https?:/.test(line)) return [];
        return [`${path}:${index + 1}: ${line.length} columns`];
      }),
    );
    expect(wrong).toEqual([]);
  });
});

describe("what never reaches main", () => {
  test("no enum, no default export, no FIXME, no TODO without a decision number", () => {
    const wrong = ALL.filter(({ path }) => !/^tests\/|\.d\.ts$/.test(path)).flatMap(
      ({ path, text }) => [
        ...matchesIn(path, codeOnly(text), /\bexport default\b|^\s*(?:export )?(?:const )?enum\b/),
        ...matchesIn(path, text, /\bFIXME\b|\bTODO\b(?! decision \d+)/),
      ],
    );
    expect(wrong).toEqual([]);
  });

  test("no path of a machine and no package host in any text file", () => {
    const endings = [".ts", ".md", ".json", ".yaml", ".yml", ".toml", ".proto", ".lock", "run"];
    // Built from pieces, so that this file does not find itself.
    const pattern = new RegExp(
      ["/" + "work/", "registry" + "\\.npm", "/" + "home/", "/" + "root/"].join("|"),
    );
    const wrong = filesUnder(".", endings).flatMap((path) =>
      matchesIn(path, readFileSync(join(ROOT, path), "utf8"), pattern),
    );
    expect(wrong).toEqual([]);
  });

  test("every source file opens with a comment that says what it is for", () => {
    const wrong = ALL.filter(({ text }) => {
      const first = text.replace(/^#!.*\n/, "").trimStart();
      return !first.startsWith("//") && !first.startsWith("/*");
    });
    expect(wrong.map(({ path }) => path)).toEqual([]);
  });
});
