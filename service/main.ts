#!/usr/bin/env bun
// `bun start`: reads the configuration, starts the service, drains it on SIGTERM and SIGINT.
// A throw that no guard caught is logged and the other calls stay alive (decision 18).
import { readConfigSources } from "./config-read.ts";
import { SETTINGS } from "./config-schema.ts";
import { addressShown, type Config, loadConfig } from "./config.ts";
import { createSystemClock, createSystemRandom } from "./clock.ts";
import type { Log } from "./contract/log.ts";
import { WARM_UP_FRAMES } from "./core/warm-up.ts";
import { type RunningService, startService } from "./main-service.ts";
import { createJsonLog } from "./telemetry/json-log.ts";

const EXIT_CONFIG = 2;

async function main(): Promise<void> {
  if (process.argv.includes("--help")) {
    console.log(helpText());
    return;
  }
  const config = loadConfigOrExit();
  const clock = createSystemClock();
  const log = createJsonLog({
    settings: config.log,
    clock,
    write: (line) => process.stdout.write(`${line}\n`),
  });
  process.on("uncaughtException", (error) => log.error("uncaught exception", { error }));
  process.on("unhandledRejection", (reason) => {
    const error = reason instanceof Error ? reason : new Error(String(reason));
    log.error("unhandled rejection", { error });
  });
  const service = await startService({
    config,
    clock,
    random: createSystemRandom(),
    log,
    warmUpFrames: WARM_UP_FRAMES,
  });
  log.info("service listening", {
    host: config.host,
    port: service.port,
    upstream: config.upstream,
    vadEngine: config.vad.engine,
  });
  // Before the banner: whoever reads it may stop the service at once.
  stopOnSignals(config, service, log);
  printBanner(config, service.port);
}

function helpText(): string {
  const width = Math.max(...SETTINGS.map(({ flag }) => flag.length));
  return [
    "Starts VoxBridge. Without settings it listens on this machine and a simulator answers.",
    "",
    "  bun start [--SETTING VALUE ...]",
    "",
    `  ${"--config FILE".padEnd(width)}  settings from a YAML file (default: voxbridge.yaml)`,
    ...SETTINGS.map(({ flag, help }) => `  ${flag.padEnd(width)}  ${help}`),
    `  ${"--help".padEnd(width)}  this text`,
    "",
    "Environment variables, defaults and what is refused: docs/configuration.md.",
    "bun run config prints what is in force.",
  ].join("\n");
}

function loadConfigOrExit(): Config {
  try {
    return loadConfig(readConfigSources({ argv: process.argv.slice(2), env: process.env }));
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exit(EXIT_CONFIG);
  }
}

/** For a person at a terminal; programs read the log line. */
function printBanner(config: Config, port: number): void {
  const base = `${config.host.includes(":") ? `[${config.host}]` : config.host}:${port}`;
  console.error(
    [
      "",
      "  VoxBridge is listening",
      `    callers   ws://${base}/v1/stream   (try: bun run call)`,
      `    health    http://${base}/health/ready`,
      `    metrics   http://${base}/metrics`,
      `    answers   ${answerShown(config)}`,
      "",
    ].join("\n"),
  );
}

function answerShown({ upstream, openai, cascade }: Config): string {
  if (upstream === "simulator") {
    return "the SIMULATOR: it speaks back what it hears and understands nothing (set OPENAI_API_KEY)";
  }
  if (upstream === "openai") {
    return `${openai.realtimeModel} at ${addressShown(openai.realtimeUrl)}`;
  }
  const shown = (urls: readonly string[]) => urls.map(addressShown).join(", ");
  const { stt, llm, tts } = cascade;
  return `${shown(stt.urls)} -> ${shown(llm.urls)} -> ${shown(tts.urls)}`;
}

/** The first signal drains, the second one stops at once. */
function stopOnSignals(config: Config, service: RunningService, log: Log): void {
  let isStopping = false;
  const onSignal = (signal: string) => {
    if (isStopping) {
      log.warn("service stopped at once", { signal });
      process.exit(1);
    }
    isStopping = true;
    log.info("service draining", { signal, calls: service.calls.callsOpen() });
    service.drain(config.drainSeconds * 1000).then(
      () => {
        log.info("service stopped", { signal });
        process.exit(0);
      },
      (error: unknown) => {
        log.error("service failed to stop", { error: new Error(String(error)) });
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", onSignal);
  process.on("SIGINT", onSignal);
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
});
