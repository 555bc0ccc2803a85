// Goal: a service starts only with settings that mean what the operator meant, and is safe when
// nobody set anything. Method: sources as literals, never this machine's environment.
import { describe, expect, test } from "bun:test";
import { explainConfig, isLoopbackHost, loadConfig } from "../service/config.ts";
import type { ConfigSources } from "../service/config-sources.ts";
import { configLines } from "../service/config-print.ts";
import { SETTINGS } from "../service/config-schema.ts";
import { VoxError } from "../service/errors.ts";

const KEY = "caller-key-0123456789";

function sources(overrides: Partial<ConfigSources> = {}): ConfigSources {
  return { argv: [], env: {}, file: null, ...overrides };
}

function file(text: string): ConfigSources["file"] {
  return { path: "voxbridge.yaml", text };
}

function problemOf(overrides: Partial<ConfigSources>): string {
  try {
    loadConfig(sources(overrides));
  } catch (error) {
    expect(error).toBeInstanceOf(VoxError);
    expect((error as VoxError).code).toBe("config_invalid");
    return (error as VoxError).message;
  }
  throw new Error("the configuration was accepted");
}

describe("loadConfig() precedence", () => {
  test("loadConfig() takes command line over environment over file over defaults", () => {
    const text = "port: 1001\ncallsMax: 11\ndrainSeconds: 7\n";
    const env = { PORT: "1002", VOXBRIDGE_CALLS_MAX: "12" };
    const config = loadConfig(sources({ argv: ["--port", "1003"], env, file: file(text) }));
    expect(config.port).toBe(1003);
    expect(config.callsMax).toBe(12);
    expect(config.drainSeconds).toBe(7);
    expect(config.callMinutesMax).toBe(60);
  });

  test("explainConfig() names the origin of every value that was set", () => {
    const explained = explainConfig(
      sources({ argv: ["--log-level=warn"], env: { PORT: "1" }, file: file("callsMax: 3") }),
    );
    expect(Object.fromEntries(explained.origins)).toEqual({
      callsMax: "voxbridge.yaml",
      port: "PORT",
      "log.level": "--log-level",
    });
  });

  test("loadConfig() reads nested tables, lists and booleans", () => {
    const text = `vad:\n  phone:\n    minSilenceMs: 640\napiKeys: ["${KEY}"]\nbargeIn: {isEnabled: false}`;
    const env = { OPENAI_REALTIME_URL: "ws://127.0.0.1:9" };
    const fromFile = loadConfig(sources({ env, file: file(text) }));
    expect(fromFile.vad.phone.minSilenceMs).toBe(640);
    expect(fromFile.vad.wideband.minSilenceMs).toBe(480);
    expect(fromFile.apiKeys).toEqual([KEY]);
    expect(fromFile.vad.phone.isBargeInEnabled).toBe(false);
    const list = `${KEY}, ${KEY}b ,`;
    const argv = ["--barge-in-is-enabled", "--routes-twilio-is-greeting-protected", "false"];
    const fromOthers = loadConfig(sources({ argv, env: { ...env, VOXBRIDGE_API_KEYS: list } }));
    expect(fromOthers.apiKeys).toEqual([KEY, `${KEY}b`]);
    expect(fromOthers.bargeIn.isEnabled).toBe(true);
    expect(fromOthers.routes.twilio.isGreetingProtected).toBe(false);
  });

  test("loadConfig() treats an empty variable as not set", () => {
    expect(loadConfig(sources({ env: { PORT: "", OPENAI_API_KEY: "" } })).port).toBe(8080);
  });
});

describe("loadConfig() defaults", () => {
  test("S2-12 S2-65 S3-06 D-04: voice activity starts from the documents' values per channel", () => {
    const { vad } = loadConfig(sources());
    expect(vad.engine).toBe("core");
    for (const channel of [vad.phone, vad.wideband]) {
      expect(channel.startThreshold).toBe(0.5);
      expect(channel.stopThreshold).toBe(0.25);
      expect(channel.minSpeechMs).toBe(250);
      expect(channel.isBargeInEnabled).toBe(true);
      expect(channel.bargeInThreshold).toBe(0.6);
      expect(channel.bargeInMinSpeechMs).toBe(200);
      expect(channel.bargeInCooldownMs).toBe(500);
    }
    // 400-600 ms (S3-06); why this value, and on both channels: docs/vad.md.
    expect(vad.phone.minSilenceMs).toBe(480);
    expect(vad.wideband.minSilenceMs).toBe(480);
  });

  test("S2-66: with barge-in ignored the accumulator is off in the core", () => {
    const { vad } = loadConfig(sources({ argv: ["--barge-in-action", "ignore"] }));
    for (const channel of [vad.phone, vad.wideband]) expect(channel.isBargeInEnabled).toBe(false);
  });

  test("loadConfig() listens on loopback and answers by the simulator when nothing is set", () => {
    const config = loadConfig(sources());
    expect(config.host).toBe("127.0.0.1");
    expect(config.upstream).toBe("simulator");
    expect(config.isSimulatorByDefault).toBe(true);
    expect(config.openai.realtimeModel).toBe("gpt-realtime-2.1");
    expect(config.callsPerKeyMax).toBe(config.callsMax);
  });

  test("loadConfig() gives a route the agent's voice and instructions unless it has its own", () => {
    const text = "agent: {voice: cedar, instructions: Be brief}\nroutes: {twilio: {voice: ash}}";
    const { routes } = loadConfig(sources({ file: file(text) }));
    expect(routes.stream.voice).toBe("cedar");
    expect(routes.twilio.voice).toBe("ash");
    expect(routes.twilio.instructions).toBe("Be brief");
  });
});

describe("loadConfig() unknown keys", () => {
  test.each([
    [{ file: file("vad: {phone: {minSilenceMS: 3}}") }, "vad.phone.minSilenceMS"],
    [{ file: file("prot: 8080") }, "did you mean port?"],
    [{ argv: ["--calls-maxx", "3"] }, "did you mean --calls-max?"],
    [{ argv: ["start"] }, "Cannot use start from the command line"],
    [{ env: { VOXBRIDGE_CALS_MAX: "3" } }, "did you mean VOXBRIDGE_CALLS_MAX?"],
    [{ env: { VOXBRIDGE_PORT: "3" } }, "did you mean PORT?"],
  ])("loadConfig() refuses %j", (overrides, expected) => {
    expect(problemOf(overrides)).toContain(expected);
  });

  test("loadConfig() leaves variables of other programs alone", () => {
    const env = { HOME: "/root", OPENAI_LOG: "debug", VOXBRIDGE_SPEECH_DIR: "/speech" };
    expect(loadConfig(sources({ env })).port).toBe(8080);
  });
});

describe("loadConfig() bad values", () => {
  test.each([
    [{ env: { PORT: "eighty" } }, 'port from PORT: is "eighty", must be a number'],
    [{ argv: ["--port", "70000"] }, "port from --port: is 70000, must be at most 65535"],
    [{ argv: ["--calls-max=0"] }, "must be at least 1"],
    [{ argv: ["--calls-max", "2000"] }, "must be at most 1024"],
    [{ argv: ["--calls-max", "1.5"] }, "must be a whole number"],
    [{ argv: ["--port"] }, '--port: it has no value, must be "--port VALUE"'],
    [{ argv: ["--log-level", "loud"] }, "must be one of debug, info, warn, error"],
    [{ argv: ["--barge-in-is-enabled=yes"] }, "must be a boolean"],
    [{ argv: ["--openai-realtime-url", "http://x"] }, "must be a ws:// or wss:// URL"],
    [{ argv: ["--vad-engine", "onnx:../x"] }, "must be core, energy or onnx:NAME"],
    [{ argv: ["--vad-engines", "core,onnx:/x"] }, "vad.engines from --vad-engines"],
    [{ argv: ["--origins", "example.com"] }, "must be origins like https://"],
    [{ argv: ["--turn-detection", "both"] }, "must be one of local, server_vad, semantic_vad"],
    [{ argv: ["--hybrid-detector", "none"] }, "must be one of server_vad, semantic_vad"],
    [
      { argv: ["--speculation-is-enabled", "true", "--speculation-early-silence-ms", "480"] },
      "must be less than vad.phone.minSilenceMs 480",
    ],
    [{ argv: ["--calls-max", "5", "--calls-per-key-max", "6"] }, "must be at most callsMax 5"],
    [
      { argv: ["--language-model-fallback-keys", "a"] },
      "one for each of languageModel.fallbackUrls",
    ],
    [{ argv: ["--vad-phone-stop-threshold", "0.9"] }, "must be at most startThreshold 0.5"],
    [{ argv: ["--turn-end-silence-ms-min", "961"] }, "must be at most silenceMsMax 960"],
    [{ argv: ["--turn-end-vote-goes-on-share", "0.85"] }, "must be under voteOverShare 0.85"],
    [
      { argv: ["--turn-end-is-adaptive", "--vad-phone-min-silence-ms", "1000"] },
      "vad.phone.minSilenceMs is 1000, must be within silenceMsMin 320 and silenceMsMax 960",
    ],
    [{ argv: ["--barge-in-action", "shout"] }, "must be one of interrupt, pause, acknowledge"],
    [{ argv: ["--barge-in-duck-gain", "1.5"] }, "must be at most 1"],
    [{ file: file("port: [") }, "voxbridge.yaml: it is not YAML"],
    [{ file: file("- port") }, "must be"],
    [{ file: file("vad: core") }, "vad from voxbridge.yaml: it is one value, must be a table"],
  ])("loadConfig() refuses %j", (overrides, expected) => {
    expect(problemOf(overrides)).toContain(expected);
  });

  test("loadConfig() reports every problem at once", () => {
    const problems = problemOf({ argv: ["--port", "-1", "--nothing", "--log-level", "loud"] });
    expect(problems.split("\n")).toHaveLength(3);
  });

  test("I12: a refused secret is not shown", () => {
    const problem = problemOf({ env: { VOXBRIDGE_API_KEYS: "short-secret" } });
    expect(problem).toContain("apiKeys from VOXBRIDGE_API_KEYS: is a secret, must be at least 16");
    expect(problem).not.toContain("short-secret");
  });
});

describe("loadConfig() safe by default", () => {
  const openaiKey = { OPENAI_API_KEY: "sk-0123456789abcdef" };

  test.each(["0.0.0.0", "::", "192.168.1.2", "example.com"])(
    "loadConfig() refuses HOST %s without caller keys",
    (HOST) => {
      expect(problemOf({ env: { HOST, ...openaiKey } })).toContain(
        "callers from outside need keys",
      );
      const env = { HOST, VOXBRIDGE_API_KEYS: KEY, ...openaiKey };
      expect(loadConfig(sources({ env })).host).toBe(HOST);
    },
  );

  test("isLoopbackHost() knows this machine's addresses only", () => {
    const hosts = ["127.0.0.1", "127.8.9.1", "localhost", "::1", "[::1]"];
    expect(hosts.filter(isLoopbackHost)).toEqual(hosts);
    expect(["127.0.0.1.example.com", "1270.0.0.1", "", "0.0.0.0"].some(isLoopbackHost)).toBe(false);
  });

  test("loadConfig() chooses openai when a key or a URL is set", () => {
    expect(loadConfig(sources({ env: openaiKey })).upstream).toBe("openai");
    const byUrl = loadConfig(sources({ env: { OPENAI_REALTIME_URL: "ws://localhost:1/v1" } }));
    expect(byUrl.upstream).toBe("openai");
    expect(byUrl.openai.realtimeUrl).toBe("ws://localhost:1/v1");
    expect(loadConfig(sources({ env: openaiKey })).openai.realtimeUrl).toStartWith(
      "wss://api.openai",
    );
  });

  test.each([
    [{ VOXBRIDGE_API_KEYS: KEY }],
    [{ PUBLIC_URL: "https://voice.example.com" }],
    [{ TWILIO_AUTH_TOKEN: "12345", PUBLIC_URL: "https://voice.example.com" }],
    [{ HOST: "0.0.0.0", VOXBRIDGE_API_KEYS: KEY }],
  ])("loadConfig() does not fall back to the simulator with %j", (env) => {
    expect(problemOf({ env })).toContain("Cannot choose an upstream");
    const chosen = loadConfig(sources({ env, argv: ["--upstream", "simulator"] }));
    expect(chosen.upstream).toBe("simulator");
    expect(chosen.isSimulatorByDefault).toBe(false);
  });

  test("I12: loadConfig() refuses a password in a URL and does not show it", () => {
    const problem = problemOf({ env: { OPENAI_REALTIME_URL: "wss://me:planted@example.com/v1" } });
    expect(problem).toContain("it holds a user name or password");
    expect(problem).not.toContain("planted");
  });

  test("loadConfig() refuses upstream openai without a key or URL", () => {
    expect(problemOf({ argv: ["--upstream", "openai"] })).toContain("there is no key");
  });

  test("T4: loadConfig() refuses a Twilio token without the public URL it signs", () => {
    expect(problemOf({ env: { TWILIO_AUTH_TOKEN: "1", ...openaiKey } })).toContain("PUBLIC_URL");
    const env = { TWILIO_AUTH_TOKEN: "1", PUBLIC_URL: "https://a.example/", ...openaiKey };
    expect(loadConfig(sources({ env })).publicUrl).toBe("https://a.example");
  });
});

describe("configLines()", () => {
  test("T23: configLines() masks every secret and shows every other setting", () => {
    const secrets = { OPENAI_API_KEY: "sk-secret-1", TWILIO_AUTH_TOKEN: "secret-2" };
    const env = { ...secrets, VOXBRIDGE_API_KEYS: KEY, PUBLIC_URL: "https://a.example" };
    const argv = ["--barge-in-threshold", "0.7"];
    const lines = configLines(explainConfig(sources({ env, argv })));
    const text = lines.join("\n");
    for (const secret of [...Object.values(secrets), KEY]) expect(text).not.toContain(secret);
    for (const { path } of SETTINGS) expect(text).toContain(`${path} = `);
    expect(lines).toContain("openai.apiKey = ***   (OPENAI_API_KEY)");
    expect(lines).toContain("bargeIn.threshold = 0.7   (--barge-in-threshold)");
    expect(lines).toContain('upstream = "openai"   (default)');
  });

  test("configLines() says what memory callsMax means", () => {
    const text = configLines(explainConfig(sources({ argv: ["--calls-max", "64"] }))).join("\n");
    // 64 slots of 160 KiB are 10 MiB, 64 x 512 KiB of socket buffers 32 MiB.
    expect(text).toContain("memory that 64 calls can take at most");
    expect(text).toMatch(/core slots\s+10\.0 MiB/);
    expect(text).toMatch(/socket buffers\s+32\.0 MiB/);
    expect(text).toMatch(/together\s+554\.0 MiB/);
  });
});
