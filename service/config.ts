// The configuration in force: gathered from command line, environment and file, checked once, then
// trusted everywhere (decision 19). Pure: the program reads its sources in config-read.ts, a test
// gives literals. main passes each module its own slice; nobody else reads settings.
import { cascadeProblems } from "./config-cascade.ts";
import { languageModelProblems, thinkerProblems } from "./config-thinkers.ts";
import { callerConflicts } from "./config-callers.ts";
import { type Gathered, type ConfigSources, gatherConfig } from "./config-sources.ts";
import { CONFIG_SCHEMA, type ConfigValues, SETTINGS, VOICE_OF_REALTIME } from "./config-schema.ts";
import type { VadSettings } from "./contract/core.ts";
import { VoxError } from "./errors.ts";
import type { z } from "zod";

const REALTIME_URL_OPENAI = "wss://api.openai.com/v1/realtime";

interface RouteSettings {
  readonly greeting: string;
  readonly isGreetingProtected: boolean;
  readonly voice: string;
  readonly instructions: string;
  readonly nudgeSeconds: number;
  readonly idleGoodbyeSeconds: number;
}

type Settled = "upstream" | "routes" | "vad";

/** Everything settled: no empty stand-ins, no `auto`; barge-in is part of each channel's `vad`. */
export interface Config extends Omit<ConfigValues, Settled> {
  readonly upstream: "openai" | "simulator" | "cascade";
  /** True when nobody chose the simulator: it answers because there is no key. */
  readonly isSimulatorByDefault: boolean;
  readonly routes: { readonly stream: RouteSettings; readonly twilio: RouteSettings };
  readonly vad: {
    readonly engine: string;
    readonly fallback: "none" | "core" | "energy";
    readonly engines: readonly string[];
    readonly manifestFile: string;
    readonly phone: VadSettings;
    readonly wideband: VadSettings;
  };
}

export interface ConfigExplained {
  readonly config: Config;
  /** Where each setting that was set came from, by path; the others have their default. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Command line, environment and file text -> the configuration. Throws VoxError config_invalid. */
export function loadConfig(sources: ConfigSources): Config {
  return explainConfig(sources).config;
}

/** As loadConfig, with the origin of each setting. */
export function explainConfig(sources: ConfigSources): ConfigExplained {
  const gathered = gatherConfig(sources);
  const problems = [...gathered.problems];
  const parsed = CONFIG_SCHEMA.safeParse(nested(gathered));
  if (!parsed.success) {
    for (const issue of parsed.error.issues) problems.push(problemOf(issue, gathered));
  } else if (problems.length === 0) {
    problems.push(...conflictsOf(parsed.data));
  }
  if (!parsed.success || problems.length > 0) throw configError(problems);
  const origins = new Map([...gathered.values].map(([path, { origin }]) => [path, origin]));
  return { config: settle(parsed.data), origins };
}

/** A URL for people to read: a gateway's key may stand in its query, so that is left out. */
export function addressShown(address: string): string {
  if (!URL.canParse(address)) return address;
  const { protocol, host, pathname, search } = new URL(address);
  return `${protocol}//${host}${pathname}${search === "" ? "" : "?…"}`;
}

/** Is this address reachable from this machine only? */
export function isLoopbackHost(host: string): boolean {
  const name = host.replace(/^\[|\]$/g, "").toLowerCase();
  return name === "localhost" || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

function nested(gathered: Gathered): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const { path } of SETTINGS) {
    const keys = path.split(".");
    const last = keys.pop() ?? "";
    let group = root;
    for (const key of keys) {
      group[key] ??= {};
      group = group[key] as Record<string, unknown>;
    }
    const found = gathered.values.get(path);
    if (found !== undefined) group[last] = found.value;
  }
  return root;
}

/** "Cannot use <setting> from <origin>: is <value>, must be <wanted>", secrets never shown. */
function problemOf(issue: z.core.$ZodIssue, gathered: Gathered): string {
  const keys = issue.path.map(String);
  const setting = SETTINGS.find(({ path }) => `${keys.join(".")}.`.startsWith(`${path}.`));
  if (setting === undefined) return `Cannot use the configuration: ${issue.message}`;
  const found = gathered.values.get(setting.path);
  const shown = setting.isSecret ? "a secret" : JSON.stringify(found?.value);
  const origin = found?.origin ?? "the defaults";
  return `Cannot use ${setting.path} from ${origin}: is ${shown}, must be ${wantedOf(issue)}`;
}

function wantedOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_type":
      return issue.expected === "int" ? "a whole number" : `a ${issue.expected}`;
    case "too_big":
      return `at most ${issue.maximum}${issue.origin === "string" ? " characters" : ""}`;
    case "too_small":
      return `at least ${issue.minimum}${issue.origin === "string" ? " characters" : ""}`;
    case "invalid_value":
      return `one of ${issue.values.map(String).join(", ")}`;
    case "invalid_union":
      return "a text";
    default:
      return issue.message;
  }
}

/** Combinations that would run unsafely or not at all. */
function conflictsOf(values: ConfigValues): string[] {
  const problems = callerConflicts(values);
  const isLoopback = isLoopbackHost(values.host);
  const hasKeys = values.apiKeys.length > 0;
  if (!isLoopback && !hasKeys) {
    problems.push(
      `Cannot listen on ${values.host}: callers from outside need keys, ` +
        "set VOXBRIDGE_API_KEYS or HOST=127.0.0.1",
    );
  }
  if (values.twilio.authToken !== "" && values.publicUrl === "") {
    problems.push(
      "Cannot check Twilio's signatures: PUBLIC_URL is empty, must be the URL that Twilio calls",
    );
  }
  const hasOpenai = values.openai.apiKey !== "" || values.openai.realtimeUrl !== "";
  if (/^wss?:\/\/[^/?#]*@/.test(values.openai.realtimeUrl)) {
    problems.push(
      "Cannot use openai.realtimeUrl: it holds a user name or password, must be without; " +
        "the key belongs into OPENAI_API_KEY",
    );
  }
  if (values.upstream === "openai" && !hasOpenai) {
    problems.push(
      "Cannot use upstream openai: there is no key, set OPENAI_API_KEY or OPENAI_REALTIME_URL",
    );
  }
  const isOpen =
    !isLoopback || hasKeys || values.twilio.authToken !== "" || values.publicUrl !== "";
  if (values.upstream === "auto" && !hasOpenai && isOpen) {
    problems.push(
      "Cannot choose an upstream: this service is set up for real callers but has no key, " +
        "set OPENAI_API_KEY or OPENAI_REALTIME_URL, or say --upstream simulator",
    );
  }
  if (values.upstream === "cascade") {
    problems.push(...cascadeProblems(values.cascade, values.turnDetection));
  }
  problems.push(...languageModelProblems(values.languageModel));
  problems.push(...thinkerProblems(values.thinkers));
  if (values.callsPerKeyMax > values.callsMax) {
    problems.push(
      `Cannot use callsPerKeyMax: is ${values.callsPerKeyMax}, ` +
        `must be at most callsMax ${values.callsMax}`,
    );
  }
  problems.push(...turnEndConflicts(values));
  for (const [name, { startThreshold, stopThreshold, minSilenceMs }] of [
    ["phone", values.vad.phone],
    ["wideband", values.vad.wideband],
  ] as const) {
    if (stopThreshold > startThreshold) {
      problems.push(
        `Cannot use vad.${name}.stopThreshold: is ${stopThreshold}, ` +
          `must be at most startThreshold ${startThreshold}`,
      );
    }
    const { isEnabled, earlySilenceMs } = values.speculation;
    if (isEnabled && earlySilenceMs >= minSilenceMs) {
      problems.push(
        `Cannot use speculation.earlySilenceMs: is ${earlySilenceMs}, ` +
          `must be less than vad.${name}.minSilenceMs ${minSilenceMs}`,
      );
    }
  }
  return problems;
}

function turnEndConflicts({ turnEnd, vad }: ConfigValues): string[] {
  const { isAdaptive, silenceMsMin, silenceMsMax, voteGoesOnShare, voteOverShare } = turnEnd;
  const problems: string[] = [];
  if (silenceMsMin > silenceMsMax) {
    problems.push(
      `Cannot use turnEnd.silenceMsMin: is ${silenceMsMin}, ` +
        `must be at most silenceMsMax ${silenceMsMax}`,
    );
  }
  if (voteGoesOnShare >= voteOverShare) {
    problems.push(
      `Cannot use turnEnd.voteGoesOnShare: is ${voteGoesOnShare}, ` +
        `must be under voteOverShare ${voteOverShare}`,
    );
  }
  for (const name of ["phone", "wideband"] as const) {
    const { minSilenceMs } = vad[name];
    const isWithin = minSilenceMs >= silenceMsMin && minSilenceMs <= silenceMsMax;
    if (!isAdaptive || isWithin) continue;
    problems.push(
      `Cannot use turnEnd.isAdaptive: vad.${name}.minSilenceMs is ${minSilenceMs}, ` +
        `must be within silenceMsMin ${silenceMsMin} and silenceMsMax ${silenceMsMax}`,
    );
  }
  return problems;
}

function settle(values: ConfigValues): Config {
  const { bargeIn, vad, routes } = values;
  const hasOpenai = values.openai.apiKey !== "" || values.openai.realtimeUrl !== "";
  const chosen =
    values.upstream === "auto" ? (hasOpenai ? "openai" : "simulator") : values.upstream;
  const bargeInSettings = {
    isBargeInEnabled: bargeIn.isEnabled && bargeIn.action !== "ignore",
    bargeInThreshold: bargeIn.threshold,
    bargeInMinSpeechMs: bargeIn.minSpeechMs,
    bargeInOverNoiseFloorDb: bargeIn.overNoiseFloorDb,
    bargeInCooldownMs: bargeIn.cooldownMs,
  };
  // The cascade's engines have voices of their own; the default is a realtime API's.
  const isVoiceOpen = chosen === "cascade" && values.agent.voice === VOICE_OF_REALTIME;
  const agent = { ...values.agent, voice: isVoiceOpen ? "" : values.agent.voice };
  const routeOf = (route: ConfigValues["routes"]["stream"]): RouteSettings => ({
    ...route,
    voice: route.voice === "" ? agent.voice : route.voice,
    instructions: route.instructions === "" ? agent.instructions : route.instructions,
  });
  return {
    ...values,
    publicUrl: values.publicUrl.replace(/\/+$/, ""),
    callsPerKeyMax: values.callsPerKeyMax === 0 ? values.callsMax : values.callsPerKeyMax,
    upstream: chosen,
    agent,
    isSimulatorByDefault: values.upstream === "auto" && chosen === "simulator",
    openai: {
      ...values.openai,
      realtimeUrl:
        values.openai.realtimeUrl === "" ? REALTIME_URL_OPENAI : values.openai.realtimeUrl,
    },
    routes: { stream: routeOf(routes.stream), twilio: routeOf(routes.twilio) },
    vad: {
      ...vad,
      phone: { ...vad.phone, ...bargeInSettings },
      wideband: { ...vad.wideband, ...bargeInSettings },
    },
  };
}

function configError(problems: readonly string[]): VoxError {
  return new VoxError(problems.join("\n"), { code: "config_invalid", isRetryable: false });
}
