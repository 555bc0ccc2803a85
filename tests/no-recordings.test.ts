// Goal: a call leaves no file (T22, T27, I10; docs/decisions/0068-no-recordings.md). Method: the sources of
// the service may call nothing that writes a file; sqlite is the one that does, where the operator said.
import { expect, test } from "bun:test";
import { sourcesUnder } from "./support/source-files.ts";

const NAMES = [
  ...[
    "writeFile",
    "writeFileSync",
    "appendFile",
    "appendFileSync",
    "createWriteStream",
    "openSync",
  ],
  ...["mkdir", "mkdirSync", "rename", "renameSync", "copyFile", "copyFileSync"],
];
const WRITES = new RegExp(`\\b(${NAMES.join("|")})\\(|\\bBun\\.write\\(|\\.writer\\(`);
/** The database's file and its mode. */
const ALLOWED = new Set(["service/context/sqlite-file.ts"]);

test("nothing in service/ writes a file but the database", () => {
  const files = sourcesUnder(["service"]);
  expect(files.length).toBeGreaterThan(200);
  const found = files.filter(({ path, text }) => WRITES.test(text) && !ALLOWED.has(path));
  expect(found.map(({ path }) => path)).toEqual([]);
  expect(WRITES.test('await Bun.write("call.wav", audio)')).toBe(true);
});
