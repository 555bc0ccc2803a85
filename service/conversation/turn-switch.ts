// Another owner of the turns in the middle of a call (S4-C06): what is open goes on.
// Station: behind caller-turns.ts; moves the running span between the caller's speech, which closes
// it at the end of a turn, and whoever keeps it always open. What was sent is not sent again, what
// comes next follows it.
//
//   speaking   local -> any other: the speech's span stays open      other -> local: it ends with the turn
//   silent     local -> any other: a span opens, with a pre-roll     other -> local: it is thrown away
//
// Words in an open span that nobody has ended yet are a turn.
import type { CaptureFacts } from "../contract/call-effects.ts";
import type { TurnDetection } from "../contract/call-terms.ts";
import { VAD_STATE } from "../contract/core.ts";
import type { CallerSpan } from "./caller-span.ts";
import type { CallerSpeech } from "./caller-speech.ts";
import type { FrameSpan } from "./turn-commit.ts";

export interface TurnSwitchParts {
  readonly facts: CaptureFacts;
  readonly span: CallerSpan;
  readonly speech: CallerSpeech;
  /** Words that nobody had ended are a turn, and over. */
  readonly endWords: (words: FrameSpan) => void;
}

/** The local detection decides about the turns. */
export function hearsTurns(turnDetection: TurnDetection): boolean {
  return turnDetection === "local" || turnDetection === "hybrid";
}

/** isUpstreamReady: else a span of turns that are not heard here opens when it is. */
export function switchTurns(
  parts: TurnSwitchParts,
  before: TurnDetection,
  after: TurnDetection,
  isUpstreamReady: boolean,
): void {
  parts.span.setTurnDetection(after);
  if (hearsTurns(before) && hearsTurns(after)) betweenHeard(parts, after === "hybrid");
  else if (hearsTurns(before)) toUnheard(parts, isUpstreamReady);
  else if (hearsTurns(after)) toHeard(parts, after === "hybrid");
}

/** Between local and hybrid: the speech goes on, in a span that ends with it or stays open. */
function betweenHeard({ span, speech }: TurnSwitchParts, isHybrid: boolean): void {
  if (isHybrid === span.isOpen()) return;
  const openFrame = speech.openFrame();
  if (isHybrid && openFrame >= 0) span.keepOpen(openFrame);
  else if (isHybrid) span.openInSilence();
  else if (openFrame >= 0) span.giveToSpeech();
  else span.close();
}

function toUnheard({ span, speech }: TurnSwitchParts, isUpstreamReady: boolean): void {
  const firstFrame = speech.release();
  if (span.isOpen()) return;
  if (firstFrame !== null) span.keepOpen(firstFrame);
  else if (isUpstreamReady) span.openInSilence();
}

/** The caller is speaking: the open span becomes that turn's. */
function toHeard(parts: TurnSwitchParts, isHybrid: boolean): void {
  const { facts, span, speech, endWords } = parts;
  if (!span.isOpen()) return;
  const firstFrame = span.firstFrame();
  const isSilent = facts.vadState() === VAD_STATE.SILENCE;
  const hasWords = isSilent && span.hasWords();
  if (isSilent && !hasWords && !isHybrid) {
    span.close();
    return;
  }
  if (!isHybrid) span.giveToSpeech();
  if (!isSilent) speech.adopt(firstFrame, facts.onsetPositionSamples());
  else if (hasWords) endWords({ firstFrame, endFrame: span.end() });
}
