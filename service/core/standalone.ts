// What build/core.js offers: the audio core without the service, for Bun, Node 20 and Deno.
// scripts/build.ts bundles this file; nothing in the service imports it.

export { CAPTURE_EVENT, VAD_STATE } from "../contract/core.ts";
export { loadCore } from "./core.ts";
export { VAD_SETTINGS_DEFAULT } from "./vad-defaults.ts";
export { warmUp } from "./warm-up.ts";
