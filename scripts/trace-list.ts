// Reads docs/requirements.md: one table per document, `| id | what | status | where |`.

export const STATUSES = ["tested", "measured", "decided", "not a requirement", "open"] as const;
export type Status = (typeof STATUSES)[number];

export interface Requirement {
  readonly id: string;
  /** "S2", "S4", "D", "T": the part of the id before its number. */
  readonly document: string;
  readonly what: string;
  readonly status: Status;
  /** Paths from the project's root. */
  readonly where: readonly string[];
}

export interface RequirementList {
  readonly list: readonly Requirement[];
  readonly problems: readonly string[];
}

const ROW_FORM = /^\| ((?:[A-Z]+\d*-C?\d+|[TI]\d+)) \| (.*) \| (.*) \|(.*)\|$/;

/** The page's text -> its requirements; a row that cannot be read is a problem. */
export function readRequirements(text: string): RequirementList {
  const list: Requirement[] = [];
  const problems: string[] = [];
  for (const [index, line] of text.split("\n").entries()) {
    if (!/^\| (?:[A-Z]+\d*-|[TI]\d)/.test(line)) continue;
    const [, id = "", what = "", word = "", places = ""] = ROW_FORM.exec(line) ?? [];
    const status = STATUSES.find((one) => one === word.trim());
    if (id === "" || status === undefined) {
      problems.push(`line ${index + 1} is no requirement: ${line}`);
      continue;
    }
    if (list.some((one) => one.id === id)) problems.push(`${id} stands twice`);
    list.push({ id, document: documentOf(id), what, status, where: pathsIn(places) });
  }
  if (list.length === 0) problems.push("the list is empty");
  return { list, problems };
}

function documentOf(id: string): string {
  return id.includes("-") ? id.slice(0, id.indexOf("-")) : id.slice(0, 1);
}

function pathsIn(places: string): string[] {
  return places
    .replaceAll("`", "")
    .split(",")
    .map((place) => place.trim())
    .filter((place) => place !== "");
}
