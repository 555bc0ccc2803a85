// What happened in a call as its caller saw it, in order, with times since the socket opened.
import type { Latency, StageLatency } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { Clock } from "../../service/contract/clock.ts";
import type { Notice } from "./line.ts";

export type TimelineKind =
  | "connected"
  | "i_speak"
  | "i_stop"
  | "agent_sounds"
  | "agent_quiet"
  | "cleared"
  | "closed"
  | Notice["case"];

export interface TimelineEntry {
  readonly atMs: number;
  readonly kind: TimelineKind;
  /** For people; the facts for programs are in the caller's notices. */
  readonly text: string;
}

export interface Timeline {
  readonly entries: readonly TimelineEntry[];
  add(kind: TimelineKind, text?: string): void;
  /** Time of the first entry of `kind` at or after fromMs, undefined if there is none. */
  firstMs(kind: TimelineKind, fromMs?: number): number | undefined;
}

/** A clear that comes later than this after the caller began to speak is not its doing. */
const INTERRUPTION_MS_MAX = 5_000;

/** `listener` hears each entry as it is added. */
export function createTimeline(
  clock: Clock,
  listener: (entry: TimelineEntry) => void = () => undefined,
): Timeline {
  const startMs = clock.nowMs();
  const entries: TimelineEntry[] = [];
  return {
    entries,
    add(kind, text = "") {
      const entry = { atMs: clock.nowMs() - startMs, kind, text };
      entries.push(entry);
      listener(entry);
    },
    firstMs: (kind, fromMs = 0) =>
      entries.find((entry) => entry.kind === kind && entry.atMs >= fromMs)?.atMs,
  };
}

export interface Latencies {
  /** From the end of each own utterance to the first sound of the answer. */
  readonly answerMs: readonly number[];
  /** From the begin of each own utterance over the agent's voice to its silence. */
  readonly interruptionMs: readonly number[];
}

/** Measured at the caller's mouth and ear, so it holds for every dialect and needs no trust. */
export function latencies(entries: readonly TimelineEntry[]): Latencies {
  const answerMs: number[] = [];
  const interruptionMs: number[] = [];
  let spokeMs: number | undefined;
  let stoppedMs: number | undefined;
  for (const { kind, atMs } of entries) {
    if (kind === "i_speak") {
      spokeMs = atMs;
      stoppedMs = undefined;
    } else if (kind === "i_stop") {
      stoppedMs = atMs;
    } else if (kind === "agent_sounds" && stoppedMs !== undefined) {
      answerMs.push(atMs - stoppedMs);
      stoppedMs = undefined;
    } else if (kind === "cleared" && spokeMs !== undefined) {
      if (atMs - spokeMs <= INTERRUPTION_MS_MAX) interruptionMs.push(atMs - spokeMs);
      spokeMs = undefined;
    }
  }
  return { answerMs, interruptionMs };
}

/** One line for people about a notice. */
export function describeNotice(notice: Notice): string {
  switch (notice.case) {
    case "started": {
      const { callId, upstream, model, vadEngine } = notice.value;
      return `call ${callId}, upstream ${upstream} (${model}), voice activity ${vadEngine}`;
    }
    case "receipt": {
      const { item, heardMs, estimated, complete } = notice.value;
      const marks = `${complete ? ", to its end" : ""}${estimated ? ", estimated" : ""}`;
      return `item ${item} heard for ${heardMs} ms${marks}`;
    }
    case "speechStarted":
    case "speechEnded":
      return `turn ${notice.value.turnId} at ${notice.value.positionMs} ms of my audio`;
    case "turnCommitted": {
      const { turnId, startMs, endMs } = notice.value;
      return `turn ${turnId}: ${startMs} to ${endMs} ms of my audio`;
    }
    case "responseStarted":
      return `turn ${notice.value.turnId}, ${notice.value.responseId}`;
    case "responseDone":
      return `turn ${notice.value.turnId}, ${notice.value.status}`;
    case "bargeIn":
      return `item ${notice.value.item} cut after ${notice.value.heardMs} ms heard`;
    case "transcript":
      return `${notice.value.speaker === 2 ? "agent" : "caller"}: ${notice.value.text}`;
    case "toolStatus":
      return `${notice.value.name} ${notice.value.state}`;
    case "turnLatency": {
      const { turnId, endpointMs, commitMs, modelMs, perceivedMs, stages } = notice.value;
      const parts = `endpoint ${endpointMs} + commit ${commitMs} + model ${modelMs}`;
      const inside = stages === undefined ? "" : ` (${stagesText(stages)})`;
      return `turn ${turnId}: ${parts}, perceived ${perceivedMs} ms${inside}`;
    }
    case "upstreamRestored":
      return `after ${notice.value.lostMs} ms`;
    case "latency":
      return latencyText(notice.value);
    case "goingAway":
      return `the service stops in ${notice.value.deadlineMs} ms`;
    case "error":
      return `${notice.value.code}: ${notice.value.message}`;
    case "ended":
      return `${notice.value.reason} after ${notice.value.durationMs} ms`;
  }
}

/** "reaction 0.4 of 10 ms (mean 0.2), network 34 ms": the longest of each stage, and its budget. */
function latencyText({ stages, networkMs }: Latency): string {
  const shares = stages.map(({ stage, maxUs, meanUs, budgetMs }) => {
    const [maxMs, meanMs] = [maxUs, meanUs].map((us) => (us / 1000).toFixed(1));
    return `${stage.replaceAll("_", " ")} ${maxMs} of ${budgetMs} ms (mean ${meanMs})`;
  });
  const network = networkMs === undefined ? "not measured yet" : `${networkMs} ms`;
  return [...shares, `network ${network}`].join(", ");
}

/** "stt final 120, llm first token 200": the stages that there were. */
function stagesText(stages: StageLatency): string {
  return Object.entries(stages)
    .filter((entry): entry is [string, number] => typeof entry[1] === "number")
    .map(([stage, ms]) => `${words(stage.replace(/Ms$/, ""))} ${ms}`)
    .join(", ");
}

function words(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
}
