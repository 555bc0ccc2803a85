// Compares the list of requirements with what is there: tests that ran, results, pages.
import { type Requirement, STATUSES, type Status } from "./trace-list.ts";
import { idsIn, type TestTitle } from "./trace-titles.ts";

const COLUMN_CHARACTERS = 19;

export interface Evidence {
  readonly titles: readonly TestTitle[];
  /** The text of a file of the project, undefined when there is none. */
  readonly readText: (path: string) => string | undefined;
}

/** What the list claims and the evidence does not show, one sentence each. */
export function judge(list: readonly Requirement[], evidence: Evidence): string[] {
  const known = new Set(list.map(({ id }) => id));
  const strangers = evidence.titles.flatMap(({ ids, title, file }) =>
    [...ids].filter((id) => !known.has(id)).map((id) => `${id} in "${title}" (${file}) is no id`),
  );
  return [...list.flatMap((one) => problemsOf(one, evidence)), ...strangers];
}

/** Ids that tests name while the list still calls them open: for a person to judge. */
export function namedButOpen(list: readonly Requirement[], { titles }: Evidence): string[] {
  return list
    .filter(({ id, status }) => status === "open" && titles.some(({ ids }) => ids.has(id)))
    .map(({ id }) => id);
}

/** The table of counts: a line per document, a column per status. */
export function countLines(list: readonly Requirement[]): string[] {
  const row = (name: string, cells: readonly (string | number)[]) =>
    name.padEnd(6) + cells.map((cell) => String(cell).padStart(COLUMN_CHARACTERS)).join("");
  const counts = (some: readonly Requirement[]) => {
    const count = (status: Status) => some.filter((one) => one.status === status).length;
    return [...STATUSES.map(count), some.length];
  };
  const documents = [...new Set(list.map(({ document }) => document))];
  const rows = documents.map((document) =>
    row(document, counts(list.filter((one) => one.document === document))),
  );
  return [row("", [...STATUSES, "all"]), ...rows, row("all", counts(list))];
}

function problemsOf({ id, status, where }: Requirement, evidence: Evidence): string[] {
  switch (status) {
    case "tested":
      return problemsOfTests({ id, where }, evidence);
    case "measured":
      if (where.length === 0) return [`${id} is measured, but the list names no result`];
      return where.flatMap((path) => problemsOfResult(id, path, evidence));
    case "decided":
      if (where.length === 0) return [`${id} is decided, but the list names no page`];
      return where
        .filter((path) => evidence.readText(path) === undefined)
        .map((path) => `${id} is decided in ${path}, which does not exist`);
    case "not a requirement":
    case "open":
      return [];
  }
}

function problemsOfTests(
  { id, where }: Pick<Requirement, "id" | "where">,
  { titles }: Evidence,
): string[] {
  const files = new Set(titles.filter(({ ids }) => ids.has(id)).map(({ file }) => file));
  if (files.size === 0) return [`${id} is tested, but no test that ran names it`];
  if (where.length === 0) return [`${id} is tested, but the list names no test file`];
  return where
    .filter((file) => !files.has(file))
    .map((file) => `${id} is tested in ${[...files].join(", ")}, not in ${file}`);
}

/** A result lies in bench/results/, has a date in its name or text, and names the id. */
function problemsOfResult(id: string, path: string, { readText }: Evidence): string[] {
  if (!path.startsWith("bench/results/")) return [`${id}: ${path} is not in bench/results/`];
  const text = readText(path);
  if (text === undefined) return [`${id} is measured in ${path}, which does not exist`];
  const problems: string[] = [];
  if (!/20\d\d-\d\d-\d\d/.test(path + text)) problems.push(`${id}: ${path} has no date`);
  if (!idsIn(text).has(id)) problems.push(`${id}: ${path} does not name it`);
  return problems;
}
