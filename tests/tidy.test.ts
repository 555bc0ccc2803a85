// Goal: the house rules that a person would forget, checked on every file: who may import whom,
// which packages exist, what lies at the top. What files may say is in tidy-text.test.ts.
// Method: the sources as text (support/source-files.ts). A rule that must be broken is broken
// here, in the list, with the reason beside it.
import { describe, expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import {
  codeOnly,
  importsOf,
  matchesIn,
  packageOf,
  ROOT,
  sourcesUnder,
} from "./support/source-files.ts";

const SERVICE = sourcesUnder(["service", "models"]).filter(({ path }) => !path.endsWith(".d.ts"));
const DSP = sourcesUnder(["dsp"]);

/** Rows of the architecture; a file imports its own row or lower ones. */
const ROWS: readonly (readonly string[])[] = [
  ["assert", "errors", "clock", "limits", "assets", "contract"],
  ["wire", "conversation"],
  ["core", "provider"],
  [
    ...["vad", "upstream", "cascade", "speech-to-text", "language-model", "text-to-speech"],
    ...["context", "thinker", "identity", "recording", "telemetry", "models"],
  ],
  ["engine"],
  ["lane/fast", "lane/big"],
  ["call", "transport", "http", "simulator"],
  ["main", "config", "index"],
];

/**
 * Rows whose modules know each other by contract only; models/ is the shelf that vad takes from.
 */
const ROWS_APART = new Set([1, 3, 5]);

/** "service/lane/fast/x.ts" -> "lane/fast", "service/config-print.ts" -> "config". */
function moduleOf(path: string): string {
  const [top = "", second = "", third = ""] = path.split("/");
  if (top === "models") return "models";
  if (second === "lane") return `lane/${third}`;
  return second.endsWith(".ts") ? second.replace(/\.ts$/, "").replace(/^(\w+)-.*$/, "$1") : second;
}

function rowOf(path: string): number {
  return ROWS.findIndex((row) => row.includes(moduleOf(path)));
}

describe("layers", () => {
  test("every file of service/ and models/ has a row", () => {
    expect(SERVICE.map(({ path }) => path).filter((path) => rowOf(path) < 0)).toEqual([]);
  });

  test("no file imports from a higher row, nor from a neighbour that it knows by contract", () => {
    const wrong = SERVICE.flatMap((file) =>
      importsOf(file).flatMap(({ target }) => {
        if (target === undefined || !/^(service|models)\//.test(target)) return [];
        const isNeighbour = rowOf(target) === rowOf(file.path) && ROWS_APART.has(rowOf(target));
        const isAllowed = isNeighbour
          ? moduleOf(target) === moduleOf(file.path) || moduleOf(target) === "models"
          : rowOf(target) <= rowOf(file.path);
        return isAllowed ? [] : [`${file.path} imports ${target}`];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test("service/ and models/ import nothing of tests, scripts, bench and examples", () => {
    // core/ and models/ share the core's constants: memory map, limits, status numbers.
    const isShared = (path: string, target: string) =>
      target.startsWith("dsp/") && /^(service\/core|models)\//.test(path);
    const wrong = SERVICE.flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => target !== undefined && !/^(service|models|gen)\//.test(target))
        .filter(({ target }) => !isShared(file.path, target ?? ""))
        .filter(({ target }) => !/\.(wasm|onnx|json|html)$/.test(target ?? ""))
        .map(({ target }) => `${file.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  test("S4-52: parts are composed: no class extends another, but for errors", () => {
    const inherited = SERVICE.flatMap((file) =>
      matchesIn(file.path, codeOnly(file.text), /\bclass \w+(?:<[^{]*>)? extends (?!Error\b)\w+/),
    );
    expect(inherited).toEqual([]);
  });

  test("dsp/ imports only dsp/", () => {
    const wrong = DSP.flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => target === undefined || !target.startsWith("dsp/"))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("examples/ import the public entry, the generated code or a package", () => {
    const isPublic = (target: string) => target === "service/index.ts" || target.startsWith("gen/");
    const wrong = sourcesUnder(["examples"]).flatMap((file) =>
      importsOf(file)
        .filter(({ target }) => target !== undefined && !isPublic(target))
        .map(({ target }) => `${file.path} imports ${target}`),
    );
    expect(wrong).toEqual([]);
  });
});

/** Where a package may be imported inside service/ and models/; others nowhere. */
const PACKAGE_WALLS: Readonly<Record<string, RegExp>> = {
  hono: /^service\/http\//,
  "onnxruntime-web": /^service\/vad\//,
  "@bufbuild/protobuf": /^service\/wire\//,
  zod: /^(service\/(config[\w-]*\.ts|(http|wire|thinker|context|identity|simulator|upstream|provider|language-model|speech-to-text|text-to-speech|cascade)\/)|models\/)/,
  "@ricky0123/vad-web": /^(service\/assets\.ts|models\/)/,
  "@opentelemetry/api": /^service\/telemetry\//,
  "@opentelemetry/exporter-trace-otlp-http": /^service\/telemetry\//,
  "@opentelemetry/resources": /^service\/telemetry\//,
  "@opentelemetry/sdk-trace": /^service\/telemetry\//,
  jose: /^service\/identity\//,
  openai: /^service\/(wire|upstream|simulator)\//,
};

describe("packages", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
    dependencies: Record<string, string>;
    devDependencies: Record<string, string>;
  };

  test("each package stays behind its wall, gen/ behind wire/", () => {
    const wrong = SERVICE.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier, target }) => {
          if (target?.startsWith("gen/")) return !file.path.startsWith("service/wire/");
          if (target !== undefined || /^(node:|bun$|bun:)/.test(specifier)) return false;
          return PACKAGE_WALLS[packageOf(specifier)]?.test(file.path) !== true;
        })
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    );
    expect(wrong).toEqual([]);
  });

  test("openai gives types only: it is not installed in production", () => {
    const wrong = SERVICE.flatMap((file) =>
      importsOf(file)
        .filter(({ specifier, isTypeOnly }) => packageOf(specifier) === "openai" && !isTypeOnly)
        .map(() => file.path),
    );
    expect(wrong).toEqual([]);
  });

  test("T25: the packages are the agreed ones, each pinned to one version", () => {
    expect(Object.keys(manifest.dependencies).sort()).toEqual([
      "@bufbuild/protobuf",
      "@opentelemetry/api",
      "@opentelemetry/exporter-trace-otlp-http",
      "@opentelemetry/resources",
      "@opentelemetry/sdk-trace",
      "@ricky0123/vad-web",
      "hono",
      "jose",
      "onnxruntime-web",
      "zod",
    ]);
    expect(Object.keys(manifest.devDependencies).sort()).toEqual([
      "@alexanderolsen/libsamplerate-js",
      "@biomejs/biome",
      "@bufbuild/buf",
      "@bufbuild/protoc-gen-es",
      "alawmulaw",
      "assemblyscript",
      "bun",
      "bun-types",
      "eslint",
      "fast-check",
      "knip",
      "openai",
      "speex-resampler",
      "typescript",
      "typescript-eslint",
      "wave-resampler",
    ]);
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });

  test("service/core/ uses no Bun API, so that it runs under Node and Deno too", () => {
    const wrong = SERVICE.filter(({ path }) => path.startsWith("service/core/")).flatMap((file) => [
      ...matchesIn(file.path, codeOnly(file.text), /\bBun\b/),
      ...importsOf(file)
        .filter(({ specifier }) => /^bun\b/.test(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    ]);
    expect(wrong).toEqual([]);
  });
});

const TOP_LEVEL = new Set(
  (
    ".ci .dockerignore .gitattributes .github .gitignore CHANGELOG.md Dockerfile LICENSE NOTICE NOTICES.md " +
    "README.md THIRD_PARTY_NOTICES.md asconfig.json bench biome.json buf.gen.yaml buf.yaml bun.lock bunfig.toml docs " +
    "dsp eslint.config.js examples knip.json models package.json proto scripts service tests " +
    "tsconfig.json"
  ).split(" "),
);

/** What running leaves at the top and git ignores. */
const TOP_LEVEL_IGNORED =
  /^(\.git|node_modules|gen|build|recordings|coverage|voxbridge\.(yaml|db.*)|\.env.*|.*\.log)$/;

describe("names", () => {
  test("the top level holds the agreed names only", () => {
    const found = readdirSync(ROOT).filter((name) => !TOP_LEVEL_IGNORED.test(name));
    expect(found.filter((name) => !TOP_LEVEL.has(name))).toEqual([]);
  });
});
