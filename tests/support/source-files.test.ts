// Goal: the house rules see what is there and nothing else. Method: small sources by hand.
import { describe, expect, test } from "bun:test";
import { codeOnly, importsOf, withoutComments } from "./source-files.ts";

describe("source-files.ts", () => {
  test("withoutComments() and codeOnly() keep lines and know a text from a comment", () => {
    const text = 'const a = "http://x"; // new Date()\n/* throw\n */ const b = `await`;';
    expect(withoutComments(text).split("\n")[0]?.trimEnd()).toBe('const a = "http://x";');
    expect(codeOnly(text)).not.toMatch(/http|throw|await|Date/);
    expect(codeOnly(text).split("\n")).toHaveLength(3);
  });

  test("importsOf() finds static, type, dynamic imports and re-exports", () => {
    const text =
      'import { a } from "./a.ts";\nimport type { B } from "hono";\nexport { c } from "../c.ts";\n' +
      'const d = await import("zod");\nimport "node:fs";\n// import "./no.ts"\n';
    const found = importsOf({ path: "service/wire/x.ts", text });
    expect(found.map(({ target, specifier }) => target ?? specifier)).toEqual([
      "service/wire/a.ts",
      "hono",
      "service/c.ts",
      "zod",
      "node:fs",
    ]);
    expect(found.map(({ isTypeOnly }) => isTypeOnly)).toEqual([false, true, false, false, false]);
  });
});
