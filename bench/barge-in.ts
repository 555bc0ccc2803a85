// Question: how soon is the agent silent when a caller talks over it, with other calls going on?
// (Issue: from the frame that decided to `clear` on the socket < 5 ms; from the start of the first
// window judged speech < 50 ms plus the minimum speech. S0-07, S4-C18.)
// Usage: bun run bench:barge-in [interruptions per caller]. Prints a table; keep it in
// bench/results/ with the date. Takes about four seconds an interruption.
import { cpus, loadavg } from "node:os";
import { type BargeInTimes, measureBargeIns } from "./barge-in-run.ts";

const INTERRUPTIONS = Number(process.argv[2] ?? 20);
const CALLERS = 5;
const BACKGROUND_CALLS = 50;
const MIN_SPEECH_MS = 200;

const commit = Bun.spawnSync(["git", "rev-parse", "--short", "HEAD"]).stdout.toString().trim();
const loadBefore = loadavg().map((value) => value.toFixed(2));
console.log(
  `machine  ${cpus()[0]?.model ?? "?"}, ${cpus().length} cores, load ${loadBefore.join(" ")}`,
);
console.log(`runtime  Bun ${Bun.version}, commit ${commit}`);
console.log(
  `${CALLERS} callers on each transport, ${INTERRUPTIONS} interruptions each, ` +
    `${BACKGROUND_CALLS} other calls\n`,
);
const times = await measureBargeIns({
  callers: CALLERS,
  interruptions: INTERRUPTIONS,
  backgroundCalls: BACKGROUND_CALLS,
});
print(times);
const loadAfter = loadavg().map((value) => value.toFixed(2));
console.log(`load after ${loadAfter.join(" ")}`);

function print({ reactionMs, clearedMs, onsetMs, wordMs, ambiguous }: BargeInTimes): void {
  console.log("ms                                              n      p50      p99      max");
  row("decisive frame to clear sent", reactionMs);
  row("decisive frame to clear read, stream", clearedMs.stream);
  row("decisive frame to clear read, phone", clearedMs.phone);
  row("first window of speech to clear, stream", onsetMs);
  row(
    `  without the ${MIN_SPEECH_MS} ms of minimum speech`,
    onsetMs.map((ms) => ms - MIN_SPEECH_MS),
  );
  row("first loud sample to clear, stream", wordMs.stream);
  row("first loud sample to clear, phone", wordMs.phone);
  console.log(`\n${ambiguous} clears not told apart from another call's, left out of the two ways`);
}

function row(name: string, values: readonly number[]): void {
  const sorted = values.toSorted((first, second) => first - second);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  const cells = [at(0.5), at(0.99), at(1)].map((value) => value.toFixed(2).padStart(9));
  console.log(`${name.padEnd(44)}${`${values.length}`.padStart(5)}${cells.join("")}`);
}
