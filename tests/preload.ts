// Runs before every test file: the core and the generated schema are built when they are stale.
import { buildAll } from "../scripts/build.ts";

buildAll({ isForced: false });
