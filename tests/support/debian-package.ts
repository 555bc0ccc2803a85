// Tests that need a program of a Debian package: run where it is, and say loudly where it is not, so
// that `.ci/run` can fail on the line.

/** True when all `programs` are there; else prints the SKIPPED line, once per call. */
export function hasPrograms(
  test: string,
  packageName: string,
  programs: readonly string[],
): boolean {
  if (programs.every((program) => Bun.which(program) !== null)) return true;
  console.log(`SKIPPED: ${test} needs ${packageName}`);
  return false;
}
