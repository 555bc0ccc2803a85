// Goal: the page names every setting the program knows, with its default.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { withSettings } from "../scripts/config-page.ts";

test("docs/configuration.md holds today's settings (bun scripts/config-page.ts writes them)", () => {
  const page = readFileSync(join(import.meta.dir, "../docs/configuration.md"), "utf8");
  expect(withSettings(page)).toBe(page);
});
