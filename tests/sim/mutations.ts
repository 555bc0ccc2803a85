// `bun run sim:mutations`: breaks one rule of the code at a time and asks whether the simulator
// notices. A simulator that finds no planted fault proves nothing about the absence of others.
// A mutation is a replacement of text that occurs exactly once; one that no longer applies fails
// too.
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { MUTATIONS, type Mutation } from "./mutation-list.ts";

const ROOT = join(import.meta.dir, "../..");
/** What a simulated call needs; the packages that it imports are linked. */
const NEEDED = [
  "service/assert.ts",
  "service/errors.ts",
  "service/limits.ts",
  "service/call-memory.ts",
  "service/call-thinking.ts",
  "service/contract",
  "service/conversation",
  "service/lane/fast/held-tool-calls.ts",
  "service/lane/fast/lane-owner.ts",
  "service/lane/fast/tool-answer.ts",
  "service/provider/circuit-breaker.ts",
  "service/provider/deadline.ts",
  "service/thinker",
  "service/upstream/commit-acks.ts",
  "service/upstream/provider-clock.ts",
  "service/upstream/provider-turns.ts",
  "service/upstream/span-forwarder.ts",
  "tests/sim",
  "tests/support/seeded-random.ts",
];
/** With sound: what is read, and what scripts/build.ts needs when the fault is in the core. */
const NEEDED_WITH_SOUND = [
  "asconfig.json",
  "build",
  "dsp",
  "gen",
  "models",
  "package.json",
  "scripts",
  "service",
  "tests/core/core-fixture.ts",
  "tests/sim",
  "tests/speech",
  "tests/support",
];
const SEEDS_MAX = 4_000;
const SEEDS_WITH_SOUND_MAX = 200;

const only = process.argv[2];
const chosen = MUTATIONS.filter(({ rule }) => only === undefined || rule.includes(only));
const waiting = [...chosen];
let missed = 0;
// One process a core, each with a copy of the code of its own.
const places = Array.from({ length: Math.min(availableParallelism(), chosen.length) }, makePlace);
try {
  await Promise.all(places.map(tryWaiting));
} finally {
  for (const place of places) rmSync(place, { recursive: true });
}
console.log(`${chosen.length - missed} of ${chosen.length} planted faults were found`);
process.exitCode = missed === 0 && chosen.length > 0 ? 0 : 1;

function makePlace(): string {
  const place = mkdtempSync(join(tmpdir(), "voxbridge-mutations-"));
  const isWithSound = chosen.some(({ level }) => level === "audio");
  for (const path of isWithSound ? [...NEEDED, ...NEEDED_WITH_SOUND] : NEEDED) {
    mkdirSync(dirname(join(place, path)), { recursive: true });
    cpSync(join(ROOT, path), join(place, path), { recursive: true });
  }
  symlinkSync(join(ROOT, "node_modules"), join(place, "node_modules"));
  return place;
}

async function tryWaiting(place: string): Promise<void> {
  for (let mutation = waiting.shift(); mutation !== undefined; mutation = waiting.shift()) {
    const finding = await tryMutation(place, mutation);
    if (!finding.isFound) missed += 1;
    console.log(`${finding.isFound ? "found " : "MISSED"} ${mutation.rule}: ${finding.text}`);
  }
}

async function tryMutation(
  place: string,
  mutation: Mutation,
): Promise<{ isFound: boolean; text: string }> {
  const { file, replacements } = mutation;
  const path = join(place, file);
  const original = readFileSync(path, "utf8");
  let text = original;
  for (const [from, to] of replacements) {
    if (text.split(from).length !== 2) {
      return { isFound: false, text: `no longer applies to ${file}: ${JSON.stringify(from)}` };
    }
    text = text.replace(from, () => to);
  }
  writeFileSync(path, text);
  if (file.startsWith("dsp/")) await buildCore(place);
  const run = await runIn(place, ["tests/sim/run.ts", "--first", ...seedsOf(mutation)]);
  writeFileSync(path, original);
  if (file.startsWith("dsp/")) await buildCore(place);
  const [first = ""] = run.printed.split("\n");
  const isFound = run.exitCode === 1 && first.startsWith("seed ");
  return { isFound, text: first === "" ? run.complained.slice(0, 300) : first };
}

function seedsOf({ level }: Mutation): string[] {
  return level === "audio"
    ? ["--audio", "--seeds", `${SEEDS_WITH_SOUND_MAX}`]
    : ["--seeds", `${SEEDS_MAX}`];
}

/** A fault that does not compile is none. */
async function buildCore(place: string): Promise<void> {
  const build = await runIn(place, ["scripts/build.ts"]);
  if (build.exitCode !== 0) throw new Error(build.complained);
}

async function runIn(place: string, args: readonly string[]) {
  const command = [process.execPath, ...args];
  const child = Bun.spawn(command, { cwd: place, stdout: "pipe", stderr: "pipe" });
  const [printed, complained, exitCode] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { printed, complained, exitCode };
}
