// Goal: the file that `--config` names is read, and a file that is not there is said to be missing.
// Method: files in a temporary folder, never this project's own.
import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../service/config.ts";
import { readConfigSources } from "../service/config-read.ts";

const folder = mkdtempSync(join(tmpdir(), "voxbridge-config-"));
const path = join(folder, "some.yaml");
writeFileSync(path, "port: 4321\n");
afterAll(() => rmSync(folder, { recursive: true }));

describe("readConfigSources()", () => {
  test.each([[["--config", path]], [[`--config=${path}`]]])("reads the file of %j", (argv) => {
    const sources = readConfigSources({ argv, env: {} });
    expect(sources.file).toEqual({ path, text: "port: 4321\n" });
    expect(loadConfig(sources).port).toBe(4321);
  });

  test("passes arguments and environment on as they are", () => {
    const argv = ["--config", path, "--calls-max", "5"];
    const env = { PORT: "99" };
    const sources = readConfigSources({ argv, env });
    expect(sources.argv).toBe(argv);
    expect(sources.env).toBe(env);
    expect(loadConfig(sources).port).toBe(99);
  });

  test("refuses a named file that is not there", () => {
    const missing = join(folder, "none.yaml");
    const read = () => readConfigSources({ argv: ["--config", missing], env: {} });
    expect(read).toThrow(`Cannot read the configuration: ${missing} must be a readable file`);
  });

  test("a --config without its file is a problem of the command line, not ignored", () => {
    const sources = readConfigSources({ argv: ["--config"], env: {} });
    expect(() => loadConfig(sources)).toThrow(
      '--config: it has no value, must be "--config VALUE"',
    );
  });
});
