// Goal: the list of requirements cannot claim what no test, result or page shows.
// Method: small lists and reports by hand, then the project's own list.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { countLines, judge, namedButOpen } from "../../scripts/trace-judge.ts";
import { readRequirements } from "../../scripts/trace-list.ts";
import { idsIn, readReport, readSources } from "../../scripts/trace-titles.ts";

const FILE = "tests/vad.test.ts";
const RESULT = "bench/results/2026-11-20-dsp.md";

function listOf(...rows: string[]) {
  const { list, problems } = readRequirements(rows.join("\n"));
  expect(problems).toEqual([]);
  return list;
}

function evidenceOf(title: string, files: Record<string, string> = {}) {
  const titles = [{ title, file: FILE, ids: idsIn(title) }];
  return { titles, readText: (path: string) => files[path] };
}

describe("idsIn()", () => {
  test("idsIn() finds ids of every document and ranges", () => {
    const found = idsIn("gate() starts S2-18..20, S4-C04 D-07 T23 I12 RT-01");
    expect([...found].sort()).toEqual(
      ["D-07", "I12", "RT-01", "S2-18", "S2-19", "S2-20", "S4-C04", "T23"].sort(),
    );
  });

  test("idsIn() leaves other words alone", () => {
    expect([...idsIn("UTF-16 T29 I13 S5-01 MP3-02 AT1 D-7 S2-1")]).toEqual([]);
  });
});

describe("readReport()", () => {
  test("readReport() counts tests that passed, with the ids of their group", () => {
    const xml = `<testsuites>
      <testcase name="a &lt;b&gt; S2-18" classname="gate D-07" file="${FILE}" />
      <testcase name="S2-19" classname="" file="${FILE}"><failure message="x"/></testcase>
      <testcase name="S2-20" classname="" file="${FILE}"><skipped /></testcase>
    </testsuites>`;
    const titles = readReport(xml);
    expect(titles.map(({ title }) => title)).toEqual(["a <b> S2-18"]);
    expect([...(titles[0]?.ids ?? [])].sort()).toEqual(["D-07", "S2-18"]);
  });
});

describe("readSources()", () => {
  test("readSources() finds the titles of this very file", () => {
    const own = readSources().filter(({ file }) => file === "tests/scripts/trace.test.ts");
    expect(own.map(({ title }) => title)).toContain("idsIn() leaves other words alone");
  });
});

describe("judge()", () => {
  test("judge() accepts a tested id whose test ran in the file the list names", () => {
    const list = listOf(`| S2-18 | a start | tested | \`${FILE}\` |`);
    expect(judge(list, evidenceOf("S2-18: start"))).toEqual([]);
  });

  test("judge() refuses a tested id without a test, without a file, or in another file", () => {
    const evidence = evidenceOf("S2-18: start");
    const problems = (row: string) =>
      judge(listOf(row), evidence).filter((one) => /tested/.test(one));
    expect(problems(`| S2-19 | x | tested | ${FILE} |`)[0]).toContain("no test that ran names it");
    expect(problems("| S2-18 | x | tested | |")[0]).toContain("names no test file");
    expect(problems("| S2-18 | x | tested | tests/other.test.ts |")[0]).toContain(
      "not in tests/other",
    );
  });

  test("judge() wants a dated result that names a measured id", () => {
    const list = listOf(`| S4-60 | overhead | measured | ${RESULT} |`);
    const withText = (text: string) => judge(list, evidenceOf("", { [RESULT]: text }));
    expect(withText("S4-60: 41 ns")).toEqual([]);
    expect(withText("41 ns")[0]).toContain("does not name it");
    expect(judge(list, evidenceOf(""))[0]).toContain("does not exist");
    const undated = listOf("| S4-60 | overhead | measured | bench/results/dsp.md |");
    const evidence = evidenceOf("", { "bench/results/dsp.md": "S4-60" });
    expect(judge(undated, evidence)[0]).toContain("has no date");
  });

  test("judge() wants the page of a decided id", () => {
    const list = listOf("| D-24 | device | decided | docs/decisions/0001-x.md |");
    expect(judge(list, evidenceOf(""))[0]).toContain("does not exist");
    expect(judge(list, evidenceOf("", { "docs/decisions/0001-x.md": "" }))).toEqual([]);
  });

  test("judge() refuses an id in a title that the list does not know", () => {
    const list = listOf("| S2-18 | x | open | |");
    expect(judge(list, evidenceOf("S2-99: nothing"))[0]).toContain("S2-99");
  });

  test("namedButOpen() tells which open ids a test names already", () => {
    const list = listOf("| S2-18 | x | open | |", "| S2-19 | x | open | |");
    expect(namedButOpen(list, evidenceOf("S2-18: start"))).toEqual(["S2-18"]);
  });
});

describe("docs/requirements.md", () => {
  const page = readFileSync(join(import.meta.dir, "../../docs/requirements.md"), "utf8");

  test("readRequirements() refuses an unknown status and an id that stands twice", () => {
    const { problems } = readRequirements(
      "| S2-18 | x | done | |\n| S2-19 | x | open | |\n| S2-19 | y | open | |",
    );
    expect(problems).toHaveLength(2);
  });

  test("the list holds every requirement once: the counts per document are the documents' own", () => {
    const { list, problems } = readRequirements(page);
    expect(problems).toEqual([]);
    const counts = Object.groupBy(list, ({ document }) => document);
    const numbers = Object.entries(counts).map(([name, some]) => [name, some?.length]);
    expect(Object.fromEntries(numbers)).toEqual({
      S0: 26,
      S1: 72,
      S2: 74,
      S3: 9,
      S4: 52,
      D: 41,
      RT: 16,
      T: 28,
      I: 12,
    });
    expect(countLines(list).at(-1)).toEndWith("330");
  });
});
