// Assertions that stay on in release. A failed one is our bug: the call ends, the process lives.

export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

/**
 * Throws AssertionError unless `condition`. The message is a fixed text, so nothing is built per
 * call.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionError(message);
}
