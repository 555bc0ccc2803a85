// The programs themselves, once, in real time: `bun start`, `bun run call` over both transports,
// and the example. What is asserted is that they work, never how fast.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readWav } from "../../scripts/caller/wav.ts";
import { SETTINGS } from "../../service/config-schema.ts";
import type { ChildService } from "../support/child-service.ts";
import { ROOT, runChild, startChildService } from "../support/child-service.ts";

const TEST_MS_MAX = 60_000;
const SPEECH = "tests/speech/yes.wav";

let service: ChildService;
let directory = "";

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), "voxbridge-"));
  service = await startChildService();
}, TEST_MS_MAX);

afterAll(async () => {
  await service[Symbol.asyncDispose]();
  rmSync(directory, { recursive: true, force: true });
});

/** Loudest sample of a WAV file. */
function peak(path: string): number {
  return readWav(readFileSync(path), path).samples.reduce(
    (loudest, sample) => Math.max(loudest, Math.abs(sample)),
    0,
  );
}

/** A line of a help text: the flag, blanks, what it means. */
function line(flag: string, help: string): RegExp {
  return new RegExp(`^  ${flag} +${RegExp.escape(help)}$`, "m");
}

describe("in real time", () => {
  test.concurrent(
    "bun run call over the stream: is answered, prints the timeline, saves what it heard",
    async () => {
      const heard = join(directory, "stream.wav");
      const args = ["run", "call", SPEECH, "--url", service.url, "--save", heard];
      const { exitCode, output } = await runChild(args);
      expect(output).toContain("1 of 1 calls answered");
      expect(output).toContain("turn committed");
      expect(output).toMatch(/end of my speech to first sound +\d+ ms/);
      expect(exitCode).toBe(0);
      expect(peak(heard)).toBeGreaterThan(1_000);
    },
    TEST_MS_MAX,
  );

  test.concurrent(
    "bun run call --twilio: hears the greeting and the answer",
    async () => {
      const heard = join(directory, "phone.wav");
      const args = ["run", "call", SPEECH, "--twilio", "--url", service.url, "--save", heard];
      const { exitCode, output } = await runChild(args);
      expect(output).toContain("1 of 1 calls answered");
      expect(output.match(/agent sounds/g)?.length).toBeGreaterThanOrEqual(2);
      expect(exitCode).toBe(0);
      expect(peak(heard)).toBeGreaterThan(1_000);
    },
    TEST_MS_MAX,
  );

  test.concurrent(
    "examples/backend-stream.ts: streams a recording and keeps the answer",
    async () => {
      const answer = join(directory, "answer.wav");
      const { exitCode, output } = await runChild(["examples/backend-stream.ts", SPEECH, answer], {
        VOXBRIDGE_URL: `${service.url.replace(/^http/, "ws")}/v1/stream`,
      });
      expect(output).toContain("turnCommitted");
      expect(output).toContain(`${answer}: `);
      expect(exitCode).toBe(0);
      expect(peak(answer)).toBeGreaterThan(1_000);
      const source = readFileSync(join(ROOT, "examples/backend-stream.ts"), "utf8");
      expect(source.trimEnd().split("\n").length).toBeLessThan(60);
    },
    TEST_MS_MAX,
  );

  test.concurrent(
    "bun start --help names every setting and starts nothing",
    async () => {
      const { exitCode, output } = await runChild(["service/main.ts", "--help"]);
      for (const { flag, help } of SETTINGS) expect(output).toMatch(line(flag, help));
      expect(output).not.toContain("listening");
      expect(exitCode).toBe(0);
    },
    TEST_MS_MAX,
  );

  test.concurrent(
    "bun run call without a service says how to start one",
    async () => {
      const gone = Bun.serve({ port: 0, hostname: "127.0.0.1", fetch: () => new Response() });
      const url = `http://127.0.0.1:${gone.port}`;
      await gone.stop(true);
      const { exitCode, output } = await runChild(["run", "call", "--url", url]);
      expect(output).toContain("Start it with `npx bun start`");
      expect(exitCode).toBe(1);
    },
    TEST_MS_MAX,
  );
});
