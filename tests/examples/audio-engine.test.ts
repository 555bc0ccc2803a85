// Goal: the library example runs as printed, without the server.
// Method: a child process in real time with a recording of one second; only what it prints counts.
import { expect, test } from "bun:test";
import { join } from "node:path";

const ROOT = join(import.meta.dir, "../..");

test("examples/audio-engine.ts hears a word and says it back", async () => {
  const child = Bun.spawn([process.execPath, "examples/audio-engine.ts", "tests/speech/yes.wav"], {
    cwd: ROOT,
    stdout: "pipe",
    stderr: "pipe",
  });
  const [printed, complaint] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(complaint).toBe("");
  expect(await child.exited).toBe(0);
  const [heard, played] = printed.trim().split("\n");
  const speechMs = Number(/^74 frames heard, (\d+) ms of them speech$/.exec(heard ?? "")?.[1]);
  expect(speechMs).toBeGreaterThanOrEqual(400);
  expect(played).toBe(`${speechMs / 20} frames played`);
}, 20_000);
