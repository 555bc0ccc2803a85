// `bun run trace`: does docs/requirements.md tell the truth? Every `tested` id must stand in the
// title of a test that ran, in the file it names; every `measured` one in a dated result that
// exists; every `decided` page must exist. Prints the counts per document and what to mend.
//
//   bun scripts/trace.ts                      titles from the test sources
//   bun scripts/trace.ts --report FILE.xml    titles of the tests that passed (JUnit of bun test)
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { countLines, type Evidence, judge, namedButOpen } from "./trace-judge.ts";
import { readRequirements } from "./trace-list.ts";
import { readReport, readSources } from "./trace-titles.ts";

const ROOT = join(import.meta.dir, "..");
const LIST = "docs/requirements.md";

const report = reportPath(process.argv.slice(2));
const evidence: Evidence = {
  titles: report === undefined ? readSources() : readReport(readFileSync(report, "utf8")),
  readText(path) {
    const file = join(ROOT, path);
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  },
};
const { list, problems } = readRequirements(evidence.readText(LIST) ?? "");
const found = [...problems, ...judge(list, evidence)];

for (const line of countLines(list)) console.log(line);
const named = namedButOpen(list, evidence);
if (named.length > 0) console.log(`open, but named by tests: ${named.join(" ")}`);
for (const problem of found) console.error(`problem: ${problem}`);
console.log(
  `${list.length} requirements, ${evidence.titles.length} test titles, ${found.length} problems`,
);
if (found.length > 0) process.exit(1);

function reportPath(words: readonly string[]): string | undefined {
  const index = words.indexOf("--report");
  return index < 0 ? undefined : words[index + 1];
}
