// Runs once, before every test file: the core and the generated schema are built when they are
// stale. No test measures time, and a busy machine must not fail one that waits for a Worker or a
// child, so every file gets a patient limit: Bun 1.4.5 takes a default set here for the first file
// only and knows no such setting, so it is written in front of each file as that is loaded.
import { readFileSync } from "node:fs";
import { plugin } from "bun";
import { buildAll } from "../scripts/build.ts";

const PATIENCE = 'import { setDefaultTimeout as bePatient } from "bun:test"; bePatient(60_000); ';

buildAll({ isForced: false });

plugin({
  name: "patience",
  setup(build) {
    build.onLoad({ filter: /\.test\.ts$/ }, ({ path }) => ({
      // On the first line, so that the lines of an error are those of the file.
      contents: PATIENCE + readFileSync(path, "utf8"),
      loader: "ts",
    }));
  },
});
