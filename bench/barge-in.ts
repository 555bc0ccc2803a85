// Question: how soon is the agent silent when a caller talks over it, with other calls going on?
// (Issue: from the frame that decided to `clear` on the socket < 5 ms; from the start of the first
// window judged speech < 50 ms plus the minimum speech. S0-07, S4-C18.)
// Usage: bun run bench:barge-in [interruptions per caller] [other calls]. Prints a table; keep it
// in bench/results/ with the date. Takes about four seconds an interruption.
import { cpus, loadavg } from "node:os";
import { type BargeInTimes, measureBargeIns } from "./barge-in-run.ts";

const INTERRUPTIONS = Number(process.argv[2] ?? 20);
const CALLERS = 5;
const BACKGROUND_CALLS = Number(process.argv[3] ?? 50);
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
const { times, unmatched } = await measureBargeIns({
  callers: CALLERS,
  interruptions: INTERRUPTIONS,
  backgroundCalls: BACKGROUND_CALLS,
});
print(times);
const loadAfter = loadavg().map((value) => value.toFixed(2));
console.log(`\n${unmatched} clears not matched; load after ${loadAfter.join(" ")}`);

function print(all: readonly BargeInTimes[]): void {
  const stream = all.filter(({ transport }) => transport === "stream");
  const phone = all.filter(({ transport }) => transport === "phone");
  const decisions = stream.map(({ decisionMs }) => (decisionMs ?? Number.NaN) - MIN_SPEECH_MS);
  const wholes = stream.map(
    ({ inMs, clearMs, backMs }, index) => (decisions[index] ?? 0) + inMs + clearMs + backMs,
  );
  console.log("ms                                              n      p50      p99      max");
  row("decisive frame sent to taken up", all, ({ inMs }) => inMs);
  row("taken up to clear handed to the socket", all, ({ clearMs }) => clearMs);
  row("  processor time of it, all threads", all, ({ clearCpuMs }) => clearCpuMs);
  row("taken up to clear, cancel, truncate sent", all, ({ reactionMs }) => reactionMs);
  row("clear handed over to read, stream", stream, ({ backMs }) => backMs);
  row("clear handed over to read, phone", phone, ({ backMs }) => backMs);
  row("taken up to clear read", all, ({ clearMs, backMs }) => clearMs + backMs);
  row(`first window of speech to decision, less ${MIN_SPEECH_MS}`, decisions, (ms) => ms);
  row(`first window of speech to clear read, less ${MIN_SPEECH_MS}`, wholes, (ms) => ms);
  row("first loud sample to clear read, stream", stream, ({ wordMs }) => wordMs);
  row("first loud sample to clear read, phone", phone, ({ wordMs }) => wordMs);
}

function row<Item>(name: string, items: readonly Item[], ms: (item: Item) => number): void {
  const sorted = items.map(ms).toSorted((first, second) => first - second);
  const at = (share: number) => sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN;
  const cells = [at(0.5), at(0.99), at(1)].map((value) => value.toFixed(2).padStart(9));
  console.log(`${name.padEnd(44)}${`${sorted.length}`.padStart(5)}${cells.join("")}`);
}
