// Writes the table of settings in docs/configuration.md from the schema, so that the page and the
// program cannot disagree. `bun scripts/config-page.ts` writes, a test compares.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SETTINGS, type Setting } from "../service/config-schema.ts";

const PAGE = join(import.meta.dir, "..", "docs", "configuration.md");
const START = "<!-- settings: written by scripts/config-page.ts -->";
const END = "<!-- end of settings -->";

/** The page with its table replaced by today's settings. */
export function withSettings(page: string): string {
  const start = page.indexOf(START);
  const end = page.indexOf(END);
  if (start < 0 || end < start) throw new Error("Cannot find the table of settings in the page");
  return `${page.slice(0, start + START.length)}\n${settingsTable()}\n${page.slice(end)}`;
}

function settingsTable(): string {
  const rows = SETTINGS.map(
    (setting) =>
      `| \`${setting.path}\` | \`${setting.env}\` | ${defaultOf(setting)} | ${setting.help} |`,
  );
  const head = ["| key in the file | environment | default | meaning |", "|---|---|---|---|"];
  return [...head, ...rows].join("\n");
}

function defaultOf({ defaultValue, kind }: Setting): string {
  if (defaultValue === "" || (kind === "list" && String(defaultValue) === "")) return "";
  return kind === "text" && /\s/.test(String(defaultValue))
    ? `"${String(defaultValue)}"`
    : `\`${String(defaultValue)}\``;
}

if (import.meta.main) writeFileSync(PAGE, withSettings(readFileSync(PAGE, "utf8")));
