// The engines of the cascade from the configuration.
import type { CascadeEngines } from "./cascade/cascade-settings.ts";
import { VoxError } from "./errors.ts";

/** Errors: VoxError `config_invalid`. */
export function createCascadeEngines(): Promise<CascadeEngines> {
  const message = "Cannot use upstream cascade: its engines must be given to startService";
  throw new VoxError(message, { code: "config_invalid", isRetryable: false });
}
