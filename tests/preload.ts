// Runs before every test file: the core and the generated schema are built when they are stale.
import { setDefaultTimeout } from "bun:test";
import { buildAll } from "../scripts/build.ts";

buildAll({ isForced: false });

// No test measures time; a busy machine must not fail one that waits for a Worker or a child.
setDefaultTimeout(60_000);
