// Finds requirement ids in test titles: in a JUnit report of tests that ran, or, without one, in
// the test sources (then a skipped test counts too, so the report is what a gate should use).
import { readFileSync } from "node:fs";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "..");

export interface TestTitle {
  readonly title: string;
  readonly file: string;
  readonly ids: ReadonlySet<string>;
}

const ID_FORM = /\b(?:S[0-4]-C?\d{2}|D-\d{2}|RT-\d{2}|T(?:[1-9]|1\d|2[0-8])|I(?:[1-9]|1[0-2]))\b/g;
/** "S2-18..27" names every number in between. */
const RANGE_FORM = /\b(S[0-4]-C?|D-|RT-)(\d{2})\.\.(\d{2})\b/g;

/** The requirement ids in a text; ranges are written `S2-18..27`. */
export function idsIn(text: string): ReadonlySet<string> {
  const ids = new Set(text.match(ID_FORM) ?? []);
  for (const [, prefix = "", first = "", last = ""] of text.matchAll(RANGE_FORM)) {
    for (let number = Number(first); number <= Number(last); number += 1) {
      ids.add(prefix + String(number).padStart(2, "0"));
    }
  }
  return ids;
}

/** Titles of the tests that passed, from the report of `bun test --reporter=junit`. */
export function readReport(xml: string): TestTitle[] {
  const titles: TestTitle[] = [];
  for (const match of xml.matchAll(/<testcase ([^>]*?)(\/>|>([\s\S]*?)<\/testcase>)/g)) {
    if (/<(failure|error|skipped)\b/.test(match[3] ?? "")) continue;
    const name = attribute(match[1] ?? "", "name");
    const group = attribute(match[1] ?? "", "classname");
    const file = attribute(match[1] ?? "", "file");
    // What a describe block names is proven by each of its tests together; it counts for the file.
    titles.push({ title: name, file, ids: idsIn(`${group} ${name}`) });
  }
  return titles;
}

/**
 * Titles in the test sources: the texts that open test() and describe() calls. A suite that several
 * test files share (`conformance/x.ts`) counts for the test file of its name (`x.test.ts`).
 */
export function readSources(): TestTitle[] {
  const form =
    /\b(?:test|it|describe)(?:\.\w+\([\s\S]*?\)|\.\w+)?\(\s*(["'`])((?:\\.|(?!\1).)*)\1/g;
  const files = [...new Bun.Glob("tests/**/*.ts").scanSync(ROOT)].sort();
  return files.flatMap((file) =>
    [...readFileSync(join(ROOT, file), "utf8").matchAll(form)].map((match) => {
      const title = match[2] ?? "";
      return { title, file: file.replace(/(\.test)?\.ts$/, ".test.ts"), ids: idsIn(title) };
    }),
  );
}

function attribute(attributes: string, name: string): string {
  const text = new RegExp(`\\b${name}="([^"]*)"`).exec(attributes)?.[1] ?? "";
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}
