// docs/protocol.md against the code: every message of the schema, every close code, every status
// and every error code of a refusal stands in it, so that the page cannot fall behind.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ClientFrameSchema, ServerFrameSchema } from "../../gen/voxbridge/v1/stream_pb.ts";
import { CLOSE } from "../../service/contract/call-terms.ts";

const ROOT = join(import.meta.dir, "../..");
const PAGE = readFileSync(join(ROOT, "docs/protocol.md"), "utf8");
const SOURCES = [
  "service/transport",
  "service/http",
  "service/wire",
  "service/conversation",
  "service/call*.ts",
];

/** Every `code: "..."` and refusalOf(..., "...") of the caller's side. */
function codesInSource(): Set<string> {
  const codes = new Set<string>();
  for (const source of SOURCES) {
    const pattern = source.endsWith(".ts") ? source : `${source}/*.ts`;
    for (const path of new Bun.Glob(pattern).scanSync(ROOT)) {
      if (path.includes("/realtime-")) continue;
      const text = readFileSync(join(ROOT, path), "utf8");
      for (const [, code] of text.matchAll(/\bcode: "([a-z_]+)"/g)) codes.add(code ?? "");
      for (const [, code] of text.matchAll(/refusalOf\(\s*\d{3},\s*"([a-z_]+)"/g)) {
        codes.add(code ?? "");
      }
    }
  }
  return codes;
}

describe("docs/protocol.md", () => {
  test("has a row for every message of both directions", () => {
    for (const schema of [ClientFrameSchema, ServerFrameSchema]) {
      for (const { jsonName, message } of schema.fields) {
        expect(PAGE).toContain(`| \`${message?.name}\` | \`${jsonName}\` |`);
      }
    }
  });

  test("has a row for every close code", () => {
    for (const code of Object.values(CLOSE)) expect(PAGE).toContain(`\n| ${code} | `);
  });

  test("names every code that a refusal or an error carries", () => {
    const codes = codesInSource();
    expect(codes.size).toBeGreaterThan(15);
    // Bugs of ours need no advice: 500 says that the log knows more.
    codes.delete("internal");
    // Told to who starts the service, not to a caller.
    codes.delete("config_invalid");
    const missing = [...codes].filter((code) => !PAGE.includes(`\`${code}\``));
    expect(missing).toEqual([]);
  });
});
