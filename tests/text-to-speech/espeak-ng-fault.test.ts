// Goal: a speech program that is not there, hangs, dies or talks nonsense costs one sentence, in
// time, and leaves no process behind.
// Method: real processes: shell scripts in espeak-ng's place, which misbehave on purpose, and the
// real program killed from outside. Only the stepped clock makes deadlines pass.
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { VoxErrorCode } from "../../service/errors.ts";
import { EspeakProcesses } from "../../service/text-to-speech/espeak-processes.ts";
import { failureOf, NEVER } from "../provider/provider-fixture.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { canSpeak, espeakOf, SENTENCE } from "./engine-fixture.ts";

const folder = mkdtempSync(join(tmpdir(), "voxbridge-espeak-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** A program of our own in espeak-ng's place. */
function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("a speech program that fails", () => {
  test.each<[string, string, VoxErrorCode]>([
    ["ends with a status", "cat >/dev/null; exit 3", "engine_unavailable"],
    ["dies of a signal", "kill -9 $$", "engine_unavailable"],
    ["does not read its text", "exec 0<&-; exit 1", "engine_unavailable"],
    ["floods its standard error", "head -c 1000000 /dev/zero >&2; exit 1", "engine_unavailable"],
    [
      "dies in mid-sentence",
      "cat >/dev/null; head -c 9000 /dev/zero; exit 1",
      "engine_unavailable",
    ],
    ["says nothing of use", "printf 'RIFF....WAVEdata....xx'; exit 0", "engine_protocol"],
  ])("S2-87: it %s", async (name, script, code) => {
    const engine = espeakOf({ program: program(name.replaceAll(" ", "-"), script), warmMax: 0 });
    const failure = await failureOf(Array.fromAsync(engine.synthesize(SENTENCE, NEVER)));
    expect(failure.code).toBe(code);
    engine.close();
  });

  test("it is not installed", async () => {
    const engine = espeakOf({ program: join(folder, "nowhere") });
    const failure = await failureOf(Array.fromAsync(engine.synthesize(SENTENCE, NEVER)));
    expect([failure.code, failure.isRetryable]).toEqual(["engine_unavailable", false]);
    expect((await failureOf(engine.voices(NEVER))).code).toBe("engine_unavailable");
  });

  test.each([
    ["before its first audio", "exec sleep 60"],
    ["after some audio", "head -c 9000 /dev/zero; exec sleep 60"],
  ])("it hangs %s: the deadline ends it and kills it", async (name, script) => {
    const clock = createSteppedClock();
    const path = program(`hang-${name.replaceAll(" ", "-")}`, `echo $$ > ${folder}/pid; ${script}`);
    const engine = espeakOf({ program: path, warmMax: 0, totalMsMax: 9_000 }, clock);
    let chunks = 0;
    const reading = async () => {
      for await (const _ of engine.synthesize(SENTENCE, NEVER)) chunks += 1;
    };
    const failing = failureOf(reading());
    const pid = await fileWithText(join(folder, "pid"));
    while (name.startsWith("after") && chunks === 0) await turn();
    clock.advance(9_000);
    expect((await failing).code).toBe("engine_timeout");
    await untilGone(Number(pid));
    rmSync(join(folder, "pid"));
    expect(clock.pendingTimers()).toBe(0);
    engine.close();
  });
});

describe("EspeakProcesses", () => {
  const SLEEPER = () => program("sleeper", "exec sleep 60");

  test("speaks at most processesMax at once; a place that is given up goes to who waits", async () => {
    const processes = new EspeakProcesses("test", {
      program: SLEEPER(),
      processesMax: 2,
      warmMax: 0,
    });
    const first = await processes.begin([], NEVER);
    await processes.begin([], NEVER);
    let isThird = false;
    const third = processes.begin([], NEVER).then((process) => {
      isThird = true;
      return process;
    });
    await turn();
    expect(isThird).toBe(false);
    processes.end(first);
    await third;
    processes.close();
  });

  test("whoever gives up waiting loses no place; too many are refused", async () => {
    const processes = new EspeakProcesses("test", {
      program: SLEEPER(),
      processesMax: 1,
      warmMax: 0,
    });
    const first = await processes.begin([], NEVER);
    const controller = new AbortController();
    const given = processes.begin([], controller.signal);
    controller.abort();
    expect(await given.catch(String)).toBe("Error: aborted");
    const waiting = Array.from({ length: 64 }, () => processes.begin([], NEVER));
    expect((await failureOf(processes.begin([], NEVER))).code).toBe("queue_full");
    processes.end(first);
    for (const next of waiting) processes.end(await next);
    processes.end(await processes.begin([], NEVER));
    processes.close();
  });

  test("a warm process that died is not used", async () => {
    const log = join(folder, "starts");
    const processes = new EspeakProcesses("test", {
      program: program("dies-at-once", `echo $$ >> ${log}; exit 0`),
      processesMax: 1,
      warmMax: 2,
    });
    processes.warm(["a"]);
    await untilGone(Number(await fileWithText(log)));
    await turn();
    const process = await processes.begin(["a"], NEVER);
    expect(await process.exited).toBe(0);
    expect((await fileWithText(log)).split("\n")).toHaveLength(2);
    processes.end(process);
    processes.close();
  });

  test("a warm process is used for the same arguments only", async () => {
    const log = join(folder, "arguments");
    const processes = new EspeakProcesses("test", {
      program: program("says-its-arguments", `echo "$*" >> ${log}; exec sleep 60`),
      processesMax: 2,
      warmMax: 1,
    });
    processes.warm(["a"]);
    const warm = await processes.begin(["a"], NEVER);
    const cold = await processes.begin(["b"], NEVER);
    while ((await fileWithText(log)).split("\n").length < 2) await turn();
    expect((await fileWithText(log)).split("\n").toSorted()).toEqual(["a", "b"]);
    processes.end(warm);
    processes.end(cold);
    processes.close();
  });
});

describe.if(canSpeak("espeak-ng-fault.test.ts"))("espeak-ng itself", () => {
  test("killed from outside while it speaks: the sentence fails, the next one is spoken", async () => {
    const path = program("as-pid", `echo $$ > ${folder}/espeak-pid; exec espeak-ng "$@"`);
    const engine = espeakOf({ program: path, warmMax: 0 });
    const text = `${SENTENCE.text} `.repeat(300);
    const reading = async () => {
      for await (const _ of engine.synthesize({ ...SENTENCE, text }, NEVER)) {
        const pid = Number(await fileWithText(join(folder, "espeak-pid")));
        try {
          process.kill(pid, "SIGKILL");
        } catch {
          // Gone since the first chunk; its audio was in the pipe.
        }
      }
    };
    expect((await failureOf(reading())).code).toBe("engine_unavailable");
    const chunks = await Array.fromAsync(engine.synthesize(SENTENCE, NEVER));
    expect(chunks.length).toBeGreaterThan(0);
    engine.close();
  });
});

async function fileWithText(path: string): Promise<string> {
  for (;;) {
    const file = Bun.file(path);
    const text = (await file.exists()) ? await file.text() : "";
    if (text.endsWith("\n")) return text.trim();
    await turn();
  }
}

/** Waits until there is no such process any more. */
async function untilGone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await turn();
  }
}
