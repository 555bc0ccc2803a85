// The timeline and the latencies of calls as text for people.
import type { TimelineEntry, TimelineKind } from "./timeline.ts";
import { latencies } from "./timeline.ts";

const LABEL: Readonly<Record<TimelineKind, string>> = {
  connected: "connected",
  started: "started",
  i_speak: "I speak",
  i_stop: "I stop",
  agent_sounds: "agent sounds",
  agent_quiet: "agent quiet",
  cleared: "agent cut",
  closed: "closed",
  receipt: "receipt",
  speechStarted: "speech started",
  speechEnded: "speech ended",
  turnCommitted: "turn committed",
  responseStarted: "response started",
  responseDone: "response done",
  bargeIn: "barge-in",
  transcript: "transcript",
  toolStatus: "tool",
  turnLatency: "turn latency",
  upstreamRestored: "agent is back",
  latency: "our share",
  goingAway: "going away",
  error: "error",
  ended: "ended",
};

const LABEL_WIDTH = 18;

/** "  12.340 s  agent sounds      item 2". */
export function entryLine(entry: TimelineEntry): string {
  const seconds = (entry.atMs / 1000).toFixed(3).padStart(8);
  return `${seconds} s  ${LABEL[entry.kind].padEnd(LABEL_WIDTH)}${entry.text}`.trimEnd();
}

/** What the caller itself measured over all `calls`, and what the service reported. */
export function latencyLines(calls: readonly (readonly TimelineEntry[])[]): string[] {
  const measured = calls.map(latencies);
  return [
    spreadLine(
      "end of my speech to first sound",
      measured.flatMap((call) => call.answerMs),
    ),
    spreadLine(
      "my interruption to silence",
      measured.flatMap((call) => call.interruptionMs),
    ),
  ];
}

function spreadLine(label: string, valuesMs: readonly number[]): string {
  const sorted = [...valuesMs].sort((left, right) => left - right);
  if (sorted.length === 0) return `${label.padEnd(34)}none`;
  const at = (share: number): string => {
    const value = sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
    return `${Math.round(value)} ms`;
  };
  const text =
    sorted.length === 1
      ? at(0)
      : `p50 ${at(0.5)}, p95 ${at(0.95)}, max ${at(1)}, n ${sorted.length}`;
  return `${label.padEnd(34)}${text}`;
}
