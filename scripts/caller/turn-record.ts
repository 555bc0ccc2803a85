// From what a caller lived through to the lines of a recorded set (scripts/lab/turn-set.ts).
// The configuration is what the service confirmed, not what was asked for: a set that says
// semantic_vad was made with it (D-38).
import { findArtifacts } from "../lab/artifacts.ts";
import { bandwidthHz } from "../lab/bandwidth.ts";
import type { RecordedSound, RecordedTurn, TurnTimes } from "../lab/turn-set.ts";
import { toPcm16 } from "./audio-format.ts";
import type { Caller } from "./caller.ts";
import type { Notice } from "./line.ts";
import type { SpokenTurn } from "./turns.ts";
import { countOf } from "./turns.ts";
import { laneName, turnDetectionName } from "./wiring.ts";

/** Throws when the service never said what the call is: a phone line does not. */
export function recordTurn(caller: Caller, turn: SpokenTurn): RecordedTurn {
  const started = firstOf(caller.notices, "started");
  const lane = started && laneName(started.lane);
  const turnDetection = started && turnDetectionName(started.turnDetection);
  if (lane === undefined || turnDetection === undefined) {
    throw new Error("Cannot record turns: the service did not confirm how the call is wired");
  }
  const latency = firstOf(turn.notices, "turnLatency");
  const turnCount = Math.max(
    countOf(turn.notices, "speechEnded"),
    countOf(turn.notices, "turnLatency"),
  );
  const isMeasured = turnCount === 1 && latency !== undefined;
  return {
    kind: "turn",
    lane,
    turnDetection,
    upstream: started?.upstream ?? "",
    model: started?.model ?? "",
    recording: turn.recording,
    result: isMeasured ? "measured" : turnCount > 1 ? "split" : "unmeasured",
    latency: isMeasured ? timesOf(latency) : null,
    answerMs: turn.answerMs === null ? null : Math.round(turn.answerMs),
  };
}

function timesOf(latency: NoticeValue<"turnLatency">): TurnTimes {
  const { turnId, endpointMs, commitMs, modelMs, perceivedMs } = latency;
  return { turnId, endpointMs, commitMs, modelMs, perceivedMs };
}

/** What all that was heard since fromMs sounded like, by its first channel (S1-85). */
export function recordSound(caller: Caller, fromMs: number): RecordedSound {
  const { format, ear } = caller;
  const interleaved = toPcm16(format, ear.recording(fromMs));
  const samples = interleaved.filter((_, index) => index % format.channels === 0);
  const { clicks, dropouts } = findArtifacts(samples, format.rateHz);
  return {
    kind: "sound",
    heardMs: ear.heardMs(),
    rateHz: format.rateHz,
    bandwidthHz: bandwidthHz(samples, format.rateHz) ?? null,
    clicks: clicks.length,
    dropouts: dropouts.length,
  };
}

type NoticeValue<Case extends Notice["case"]> = Extract<Notice, { case: Case }>["value"];

/** The first notice of a kind. */
function firstOf<Case extends Notice["case"]>(
  notices: readonly Notice[],
  name: Case,
): NoticeValue<Case> | undefined {
  const found = notices.find((notice) => notice.case === name);
  return found?.value as NoticeValue<Case> | undefined;
}
