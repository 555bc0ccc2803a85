// What kind of call a seed is: how slow, how rude, how broken. Drawn once, before anything happens.
import type { TurnDetection } from "../../service/contract/call-terms.ts";
import { isAnsweredHere as isAnsweredByUs } from "../../service/conversation/conversation-settings.ts";
import type { BargeInAction } from "../../service/conversation/barge-in-action.ts";
import type { SpeculationSettings } from "../../service/conversation/speculation.ts";
import type { Dice } from "./dice.ts";
import { drawSpeculation } from "./speculation-rules.ts";

export type SimulatedTurns = TurnDetection;

export interface Knobs {
  readonly hasGreeting: boolean;
  readonly isGreetingProtected: boolean;
  readonly protectedSpeech: "drop" | "commit";
  readonly bargeInAction: BargeInAction;
  /** Windows of 32 ms of silence that end a turn. */
  readonly silenceWindows: number;
  /** Who owns the turns when the call begins. */
  readonly turnDetection: SimulatedTurns;
  /** Every so many seconds, perhaps, somebody else owns them. */
  readonly switchPercent: number;
  readonly isSilenceAdaptive: boolean;
  /** A model votes on the end of turns: well or badly, soon or late. */
  readonly hasVoter: boolean;

  /** Turns are committed at an early silence, and taken back when the caller goes on. */
  readonly speculation: SpeculationSettings | null;

  // The caller.
  readonly utteranceMsMax: number;
  readonly pausePercent: number;
  readonly hesitationPercent: number;
  readonly coughPercent: number;
  readonly bargePercent: number;
  readonly backchannelPercent: number;
  /** Windows of noise judged speech, or of speech judged silence. */
  readonly flipPercent: number;
  readonly hangUpPercent: number;
  /** The service says goodbye in the middle of it all. */
  readonly goodbyePercent: number;
  readonly textPercent: number;
  /** Push to talk: the key is pressed twice. */
  readonly pressTwicePercent: number;

  // The way to the caller and back.
  readonly upMs: number;
  readonly downMs: number;
  readonly jitterMs: number;
  readonly hasReports: boolean;
  readonly reportJitterMs: number;
  /** Marks of cleared audio come back as if played. */
  readonly isClearedEchoed: boolean;

  // The provider.
  readonly providerMs: number;
  readonly firstAudioMsMax: number;
  readonly answerMsMax: number;
  readonly deltaFramesMax: number;
  readonly slowDeltaPercent: number;
  readonly toolPercent: number;
  /** A thinker's deadline is at most this. */
  readonly thinkerMsMax: number;
  readonly thinkersPerCall: number;
  /** How soon a wait is bridged; 0: never. */
  readonly progressMs: number;
  readonly storeAwayPercent: number;
  /** The upstream takes no output of a tool just now. */
  readonly noRoomPercent: number;
  readonly lateAfterCancelMs: number;
  readonly refusePercent: number;
  readonly lostCreatedPercent: number;
  readonly lostDonePercent: number;
  /** A request is taken up only after the service has given it up. */
  readonly slowCreatedPercent: number;
  /** The acknowledgement of a commit comes after more was sent. */
  readonly slowCommittedPercent: number;
  readonly failedPercent: number;
  readonly disconnectPercent: number;
  /** The session is lost and another one takes its place. */
  readonly lossPercent: number;
  /** Its own detection: voiced frames before speech has begun, silent ones before it is over. */
  readonly providerOnsetFrames: number;
  readonly providerSilenceFrames: number;

  // The service.
  readonly timerLateMs: number;
  readonly stallPercent: number;
  /** It asks a silent caller whether anybody is there; 0: never. */
  readonly nudgeAfterMs: number;
}

/** Some seeds are calm in each respect: a fault must be found among well-behaved neighbours too. */
export function drawKnobs(dice: Dice): Knobs {
  const sometimes = (percent: number, max: number) =>
    dice.chance(percent) ? dice.between(1, max) : 0;
  const knobs: Omit<Knobs, "speculation"> = {
    hasGreeting: dice.chance(50),
    isGreetingProtected: dice.chance(40),
    protectedSpeech: dice.pick(["drop", "commit"]),
    bargeInAction: dice.pick(["interrupt", "pause", "acknowledge", "duck", "ignore"]),
    silenceWindows: dice.between(8, 16),
    turnDetection: drawTurns(dice),
    switchPercent: sometimes(30, 60),
    isSilenceAdaptive: dice.chance(50),
    hasVoter: dice.chance(30),
    utteranceMsMax: dice.between(600, 6_000),
    pausePercent: sometimes(60, 60),
    hesitationPercent: sometimes(50, 60),
    coughPercent: sometimes(50, 40),
    bargePercent: sometimes(70, 90),
    backchannelPercent: sometimes(50, 50),
    flipPercent: sometimes(30, 6),
    hangUpPercent: sometimes(20, 30),
    goodbyePercent: sometimes(20, 60),
    textPercent: sometimes(20, 20),
    pressTwicePercent: sometimes(40, 60),
    upMs: dice.between(0, 90),
    downMs: dice.between(0, 90),
    jitterMs: sometimes(40, 40),
    hasReports: dice.chance(60),
    reportJitterMs: sometimes(50, 15),
    isClearedEchoed: dice.chance(50),
    providerMs: dice.between(5, 120),
    firstAudioMsMax: dice.between(100, 2_500),
    answerMsMax: dice.between(400, 9_000),
    deltaFramesMax: dice.between(2, 40),
    slowDeltaPercent: sometimes(40, 50),
    toolPercent: sometimes(50, 60),
    thinkerMsMax: dice.between(1_500, 31_000),
    thinkersPerCall: dice.between(1, 3),
    progressMs: sometimes(70, 4_000),
    storeAwayPercent: sometimes(30, 60),
    noRoomPercent: sometimes(20, 50),
    lateAfterCancelMs: sometimes(60, 400),
    refusePercent: sometimes(20, 30),
    lostCreatedPercent: sometimes(12, 20),
    lostDonePercent: sometimes(12, 20),
    slowCreatedPercent: sometimes(20, 40),
    slowCommittedPercent: sometimes(20, 60),
    failedPercent: sometimes(20, 30),
    disconnectPercent: sometimes(10, 40),
    lossPercent: sometimes(30, 60),
    providerOnsetFrames: dice.between(1, 8),
    providerSilenceFrames: dice.between(10, 40),
    timerLateMs: dice.between(0, 4),
    stallPercent: sometimes(30, 100),
    nudgeAfterMs: dice.chance(40) ? dice.between(2_000, 6_000) : 0,
  };
  return { ...knobs, speculation: drawSpeculation(dice, knobs.silenceWindows) };
}

/** The service owns the turns from the call's start to its end. */
export function isOwnerAlwaysLocal({ turnDetection, switchPercent }: Knobs): boolean {
  return turnDetection === "local" && switchPercent === 0;
}

/** The provider's turns are answered by the service's requests. */
export function isAnsweredHere({
  bargeInAction,
  hasGreeting,
  isGreetingProtected,
}: Knobs): boolean {
  const greeting = hasGreeting ? { instructions: "", isProtected: isGreetingProtected } : null;
  return isAnsweredByUs({ bargeInAction, greeting });
}

/** Local turns are the most, as they have the most to get wrong. */
function drawTurns(dice: Dice): SimulatedTurns {
  if (dice.chance(60)) return "local";
  return dice.pick(["server_vad", "semantic_vad", "none"]);
}

/**
 * Half of the push-to-talk calls without a switch are hybrid ones: without a draw of its own, so
 * that every other seed stays the call it was. Switches: tests/e2e/hybrid.test.ts.
 */
export function withHybrid(knobs: Knobs): Knobs {
  const { turnDetection, switchPercent, isSilenceAdaptive } = knobs;
  const isHybrid = turnDetection === "none" && switchPercent === 0 && isSilenceAdaptive;
  return isHybrid ? { ...knobs, turnDetection: "hybrid" } : knobs;
}

/** Answers that call tools again and again would keep a call from its rest. */
const CALM_TOOL_PERCENT = 20;

/** The same call with every fault off: what must still work afterwards. */
export function withoutFaults(knobs: Knobs): Knobs {
  return {
    ...knobs,
    pausePercent: 0,
    hesitationPercent: 0,
    coughPercent: 0,
    bargePercent: 0,
    backchannelPercent: 0,
    flipPercent: 0,
    textPercent: 0,
    switchPercent: 0,
    pressTwicePercent: 0,
    slowDeltaPercent: 0,
    toolPercent: Math.min(knobs.toolPercent, CALM_TOOL_PERCENT),
    refusePercent: 0,
    lostCreatedPercent: 0,
    lostDonePercent: 0,
    slowCreatedPercent: 0,
    slowCommittedPercent: 0,
    failedPercent: 0,
    stallPercent: 0,
  };
}
