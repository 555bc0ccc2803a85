// Goal: what the Dockerfile copies and runs makes a service that answers, with nothing in it that it
// does not need, for a user that is not root. Method: no container engine is asked. The file is read, and
// its stages are gone through in folders: the same copies from the tracked files that .dockerignore lets
// in, the same installs and build; then the entry point is started with the image's environment, its
// health check is run, and a caller calls. What stays untested: the base images and the engine itself.
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ROOT, runChild, serviceOf, type ChildService } from "../support/child-service.ts";
import { copiesOf, environmentOf, letIn, replay, stagesOf, valuesOf } from "./dockerfile.ts";

const KEY = "key-of-at-least-sixteen";
const INSTALL_MS_MAX = 240_000;

const text = readFileSync(join(ROOT, "Dockerfile"), "utf8");
const stages = stagesOf(text);
const image = stages.at(-1);
const tracked = Bun.spawnSync(["git", "ls-files"], { cwd: ROOT })
  .stdout.toString()
  .trim()
  .split("\n");
const context = letIn(tracked, readFileSync(join(ROOT, ".dockerignore"), "utf8"));

let folder = "";
let built = "";

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "voxbridge-image-"));
  built = replay(stages, { root: ROOT, context, folder });
}, INSTALL_MS_MAX);

afterAll(() => rmSync(folder, { recursive: true }));

function entryPoint(): string[] {
  return JSON.parse(valuesOf(image, "ENTRYPOINT")[0] ?? "[]") as string[];
}

/** As an engine would start it, on a port of its own; loopback, as this machine is no container. */
function startImage(): Promise<ChildService> {
  const [, ...args] = entryPoint();
  return serviceOf([...args, "--upstream", "simulator"], {
    cwd: built,
    environment: {
      ...environmentOf(image),
      ...{ HOST: "127.0.0.1", PORT: "0", VOXBRIDGE_API_KEYS: KEY },
      VOXBRIDGE_CONTEXT_FILE: join(folder, "voxbridge.db"),
    },
  });
}

describe("S1-41: the container image", () => {
  test("copies only what is tracked, and lets nothing else into the build", () => {
    const sources = stages.flatMap((stage) =>
      copiesOf(stage).flatMap((copy) => (copy.from === "" ? copy.sources : [])),
    );
    expect(sources.length).toBeGreaterThan(8);
    for (const source of sources) {
      expect(context.some((file) => file === source || file.startsWith(`${source}/`))).toBe(true);
    }
    const isCopied = (file: string) =>
      sources.some((source) => file === source || file.startsWith(`${source}/`));
    expect(context.filter((file) => !isCopied(file))).toEqual([]);
    expect(context.filter((file) => /^(tests|docs|bench|\.git)/.test(file))).toEqual([]);
  });

  test("is built by the Bun that the project names, in stages that exist", () => {
    const { devDependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
      devDependencies: Record<string, string>;
    };
    expect(text).toContain(`ARG BUN_VERSION=${devDependencies["bun"]}`);
    for (const stage of stages) expect(stage.image).toStartWith(`oven/bun:\${BUN_VERSION}`);
    const names = new Set(stages.map(({ name }) => name));
    for (const { from } of stages.flatMap(copiesOf)) expect(names.has(from)).toBe(true);
  });

  test("runs as somebody who is not root, says how it is, and keeps its data apart", () => {
    const order = (image?.instructions ?? []).map(({ name }) => name);
    expect(valuesOf(image, "USER")).toEqual(["bun"]);
    expect(order.lastIndexOf("RUN")).toBeLessThan(order.indexOf("USER"));
    expect(order.lastIndexOf("COPY")).toBeLessThan(order.indexOf("USER"));
    expect(valuesOf(image, "HEALTHCHECK")).toHaveLength(1);
    expect(valuesOf(image, "EXPOSE")).toEqual([environmentOf(image)["PORT"] ?? ""]);
    const [volume = ""] = valuesOf(image, "VOLUME");
    expect(environmentOf(image)["VOXBRIDGE_CONTEXT_FILE"]).toStartWith(`${volume}/`);
    expect(valuesOf(image, "RUN")).toEqual([`mkdir ${volume} && chown bun:bun ${volume}`]);
    // No key, no secret, of anybody.
    expect(text).not.toMatch(/(KEY|SECRET|TOKEN|PEPPER|PASSWORD)=/);
  });

  test("holds the packages of a running service and none of the tools", () => {
    const packages = new Set(readdirSync(join(built, "node_modules")));
    for (const name of ["zod", "hono", "jose", "onnxruntime-web"]) {
      expect(packages.has(name)).toBe(true);
    }
    for (const name of ["typescript", "assemblyscript", "eslint", "knip", "openai", "bun"]) {
      expect(packages.has(name)).toBe(false);
    }
    expect(readdirSync(built).sort()).toEqual(
      ["LICENSE", "THIRD_PARTY_NOTICES.md", "build", "dsp", "gen", "models"].concat([
        "node_modules",
        "package.json",
        "service",
      ]),
    );
    expect(readdirSync(join(built, "build"))).toEqual(["core.wasm"]);
  });

  test("starts, is healthy by its own check, and answers a call", async () => {
    await using service = await startImage();
    const [check = ""] = valuesOf(image, "HEALTHCHECK");
    const [, ...command] = JSON.parse(check.slice(check.indexOf("["))) as string[];
    const { port } = new URL(service.url);
    expect(await runChild(command, { PORT: port })).toEqual({ exitCode: 0, output: "" });
    expect((await runChild(command, { PORT: "9" })).exitCode).toBe(1);
    const call = await runChild([
      ...["scripts/call.ts", "tests/speech/yes.wav", "--url", service.url, "--key", KEY],
    ]);
    expect(call.output).toContain("turn");
    expect(call.exitCode).toBe(0);
  });

  test("S4-57: what is off costs nothing: its packages may be away", async () => {
    const modules = join(built, "node_modules");
    const away = ["@opentelemetry", "onnxruntime-web", "onnxruntime-common", "protobufjs"];
    for (const name of away) renameSync(join(modules, name), join(folder, name.replace("/", "_")));
    try {
      await using service = await startImage();
      expect((await fetch(`${service.url}/health/ready`)).status).toBe(200);
      const words = ["scripts/call.ts", "tests/speech/yes.wav", "--url", service.url];
      expect((await runChild([...words, "--key", KEY])).exitCode).toBe(0);
      // Switched on, the same is missed, and said so.
      const [, ...args] = entryPoint();
      const collector = ["--tracing-endpoint", "http://127.0.0.1:9"];
      const child = Bun.spawn(
        [process.execPath, ...args, "--upstream", "simulator", ...collector],
        { cwd: built, env: { HOST: "127.0.0.1", PORT: "0" }, stdout: "pipe", stderr: "pipe" },
      );
      expect(await child.exited).not.toBe(0);
      const said = await new Response(child.stderr).text();
      const logged = await new Response(child.stdout).text();
      expect(said + logged).toContain("the OpenTelemetry packages did not load");
    } finally {
      for (const name of away)
        renameSync(join(folder, name.replace("/", "_")), join(modules, name));
    }
  });

  test("does not start without keys where others can reach it", async () => {
    const [, ...args] = entryPoint();
    const child = Bun.spawn([process.execPath, ...args, "--upstream", "simulator"], {
      cwd: built,
      env: { ...environmentOf(image), PORT: "0" },
      stdout: "pipe",
      stderr: "pipe",
    });
    expect(await child.exited).toBe(2);
    expect(await new Response(child.stderr).text()).toContain("VOXBRIDGE_API_KEYS");
  });
});
