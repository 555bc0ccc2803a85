// What a caller asked for and what the service has, made into one plan for the call.
// Station: between the transport's start and the opening of engine, upstream and lane. Pure.
// Phone callers (8 kHz G.711) get the same bytes to and from a realtime API (decision 4); every other
// format is resampled to 16 bit PCM at 24 kHz. The cascade takes 16 bit PCM at 16 kHz, from phones at 8 kHz.
import type { LaneName, TurnDetection } from "./contract/call-terms.ts";
import type { ResamplerPreset, SlotFormat, UpstreamRateHz, VadSettings } from "./contract/core.ts";
import type { CallNotice, CallRequest, RefusedCall } from "./contract/transport.ts";
import type { Upstream, UpstreamFormat, UpstreamSession } from "./contract/upstream.ts";
import type { VadModel, VadModels } from "./contract/vad-model.ts";
import { turnsOffered } from "./call-lanes.ts";
import { sessionOf } from "./call-session.ts";
import { businessOf, type ThinkingParts } from "./call-thinking.ts";
import type { HybridDetector } from "./upstream/provider-turns.ts";
import type { BargeInAction } from "./conversation/barge-in-action.ts";
import { type ConversationSettings, isAnsweredHere } from "./conversation/conversation-settings.ts";
import type { Greeting } from "./conversation/greeting.ts";
import type { SpeculationSettings } from "./conversation/speculation.ts";
import type { IdleSettings } from "./conversation/idle.ts";
import type { TurnEndSettings } from "./conversation/turn-end.ts";
import type { TurnEndVote } from "./lane/fast/turn-end-asker.ts";
import { COMMIT_MS_MIN, FRAME_MS, RESPONSE_WAIT_MS } from "./limits.ts";

/** The turn tape holds 60 s; a turn is ended by force a little before. */
const TURN_MS_MAX = 55_000;
/** Questions into one silence. */
const NUDGES_MAX = 2;

/** What speech over the agent does; `auto` holds nothing back where nothing interrupts. */
export interface BargeInPlan {
  readonly action: BargeInAction;
  readonly duckGain: number;
  /** What the agent says first after an interruption; only with the action `acknowledge`. */
  readonly acknowledgement: string;
  readonly heldSpeech: "auto" | "drop" | "commit";
}

/** How the end of a turn is found beyond the channel's silence. */
export interface TurnEndPlan {
  readonly isAdaptive: boolean;
  readonly silenceMsMin: number;
  readonly silenceMsMax: number;
  /** The vote's, where the embedding program brings a voter. */
  readonly voteOverShare: number;
  readonly voteGoesOnShare: number;
  readonly voteExtraMs: number;
  readonly voteAnswerMsMax: number;
}

/** Everything that is settled before a call opens. */
export interface CallPlan {
  readonly lane: LaneName;
  readonly turnDetection: TurnDetection;
  readonly route: "stream" | "twilio";
  readonly format: SlotFormat;
  readonly vadModel: VadModel;
  readonly vad: VadSettings;
  readonly answerSilentMs: number;
  readonly session: UpstreamSession;
  /** What the voice is told, before thinkers and context add to it. */
  readonly instructions: string;
  /** What the operator's side knows of this call (S1-43). */
  readonly business: ReadonlyMap<string, string>;
  readonly greeting: Greeting | null;
  readonly bargeIn: BargeInPlan;
  readonly turnEnd: TurnEndPlan;
  /** Who is asked whether a turn is over; not part of what a caller can ask for. */
  readonly turnEndVote?: TurnEndVote;
  readonly hybridDetector: HybridDetector;
  /** null: no turn is answered before it is over. */
  readonly speculation: SpeculationSettings | null;
  readonly idle: IdleSettings | null;
}

/** Lanes that a caller may ask for; what each can do is turnsOffered. */
export const LANES_OFFERED: readonly LaneName[] = ["fast", "big"];

export interface RouteSettings {
  readonly greeting: string;
  readonly isGreetingProtected: boolean;
  readonly voice: string;
  readonly instructions: string;
  /** Silence after which the caller is asked, and after which the call ends; 0: never. */
  readonly nudgeSeconds: number;
  readonly idleGoodbyeSeconds: number;
}

export interface NegotiateSettings {
  readonly agent: {
    readonly voice: string;
    readonly instructions: string;
    readonly nudge: string;
    readonly nudgeWaiting: string;
    readonly goodbye: string;
    readonly answerSilentMs: number;
  };
  readonly routes: { readonly stream: RouteSettings; readonly twilio: RouteSettings };
  readonly upstream: Upstream["kind"];
  /** The only rate that the cascade's recogniser takes; null: what suits the caller. */
  readonly cascadeRateHz: UpstreamRateHz | null;
  readonly turnDetection: TurnDetection;
  readonly resampler: ResamplerPreset;
  readonly vad: { readonly phone: VadSettings; readonly wideband: VadSettings };
  readonly bargeIn: BargeInPlan;
  readonly turnEnd: TurnEndPlan;
  readonly hybrid: { readonly detector: HybridDetector };
  readonly speculation: SpeculationSettings & { readonly isEnabled: boolean };
  /** Model that writes down the caller's words, "" for none. */
  readonly transcriptionModel: string;
}

/** -> the plan, or why there is none (start refused). */
export function negotiate(
  request: CallRequest,
  settings: NegotiateSettings,
  models: Pick<VadModels, "preferred" | "find" | "names">,
  thinking: ThinkingParts | null = null,
): CallPlan | RefusedCall {
  const turnDetection = request.turnDetection ?? settings.turnDetection;
  const lane = request.lane ?? (turnDetection === "local" ? "fast" : "big");
  const turns = turnsOffered(lane, settings.upstream);
  if (!turns.includes(turnDetection)) {
    const what = `turn_detection on lane ${lane} with upstream ${settings.upstream}`;
    return refused(what, turnDetection, turns);
  }
  const vadModel =
    request.vadEngine === undefined ? models.preferred : models.find(request.vadEngine);
  const vadRateHz = request.rateHz === 8000 ? 8000 : 16000;
  if (vadModel === null || !vadModel.supports(vadRateHz)) {
    return refused("vad_engine", request.vadEngine ?? "", models.names);
  }
  const route = request.transport === "twilio" ? "twilio" : "stream";
  const upstreamFormat = upstreamFormatOf(request, settings);
  const business = businessOf(request.metadata);
  const greeting = greetingOf(request, settings, route);
  const { bargeIn } = settings;
  const vad = request.rateHz === 8000 ? settings.vad.phone : settings.vad.wideband;
  const { isBargeInEnabled } = vad;
  const { session, instructions } = sessionOf({
    ...{ request, settings, route, thinking, business },
    format: upstreamFormat,
    isAnsweredHere: isAnsweredHere({ bargeInAction: bargeIn.action, isBargeInEnabled, greeting }),
  });
  return {
    lane,
    turnDetection,
    route,
    format: {
      callerEncoding: request.encoding,
      callerRateHz: request.rateHz,
      callerChannels: request.channels,
      upstreamEncoding: upstreamFormat.encoding,
      upstreamRateHz: upstreamFormat.rateHz,
      resampler: settings.resampler,
      vadSource: vadModel.source,
    },
    vadModel,
    vad,
    session,
    instructions,
    business,
    greeting,
    bargeIn,
    turnEnd: settings.turnEnd,
    hybridDetector: settings.hybrid.detector,
    speculation: settings.speculation.isEnabled ? settings.speculation : null,
    idle: idleOf(settings, route),
    answerSilentMs: settings.agent.answerSilentMs,
  };
}

/** What the conversation is told of the plan. */
export function conversationSettings(plan: CallPlan): ConversationSettings {
  const { format, greeting } = plan;
  const { isBargeInEnabled, preRollMs } = plan.vad;
  const bargeInAction = plan.bargeIn.action;
  return {
    turnDetection: plan.turnDetection,
    isAnsweredHere: isAnsweredHere({ bargeInAction, isBargeInEnabled, greeting }),
    isBargeInEnabled,
    callerRateHz: format.callerRateHz,
    callerFrameSamples: (format.callerRateHz * FRAME_MS) / 1000,
    upstreamRateHz: format.upstreamRateHz,
    ...{ preRollMs, answerSilentMs: plan.answerSilentMs },
    commitMsMin: COMMIT_MS_MIN,
    turnMsMax: TURN_MS_MAX,
    responseWaitMs: RESPONSE_WAIT_MS,
    greeting,
    idle: plan.idle,
    turnEnd: turnEndOf(plan),
    protectedSpeech: heldSpeechOf(plan.bargeIn),
    bargeInAction,
    duckGain: plan.bargeIn.duckGain,
    acknowledgement: acknowledgementOf(plan),
    acknowledgementText: plan.bargeIn.action === "acknowledge" ? plan.bargeIn.acknowledgement : "",
    speculation: plan.speculation,
  };
}

interface InForce {
  readonly callId: string;
  readonly lane: LaneName;
  readonly turnDetection: TurnDetection;
  readonly upstream: string;
  readonly model: string;
}

/** What the caller's side is told while a lost session is replaced. */
export const RECONNECTING: CallNotice = {
  kind: "error",
  code: "upstream_reconnecting",
  message: "The agent's line is not there and is being opened again; the caller may go on speaking",
};

/** What the caller's side is told of it. */
export function startedNotice(plan: CallPlan, inForce: InForce): CallNotice {
  const { session, vadModel } = plan;
  return { kind: "started", ...inForce, voice: session.voice, vadEngine: vadModel.name };
}

export function isRefused(plan: CallPlan | RefusedCall): plan is RefusedCall {
  return "refusal" in plan;
}

function refused(what: string, value: string, offered: readonly string[]): RefusedCall {
  return {
    refusal: "start_refused",
    message: `Cannot open call: ${what} is ${value}, must be one of ${offered.join(", ")}`,
  };
}

function upstreamFormatOf(
  request: CallRequest,
  { upstream, cascadeRateHz }: Pick<NegotiateSettings, "upstream" | "cascadeRateHz">,
): UpstreamFormat {
  // What recognisers are made for; a phone's 8 kHz gain nothing from more (decision page 0060).
  if (upstream === "cascade") {
    const rateHz = cascadeRateHz ?? (request.rateHz === 8000 ? 8000 : 16000);
    return { encoding: "pcm16", rateHz };
  }
  const { encoding } = request;
  if (encoding === "mulaw" || encoding === "alaw") return { encoding, rateHz: 8000 };
  return { encoding: "pcm16", rateHz: 24000 };
}

function turnEndOf({ turnEnd, vad, turnEndVote }: CallPlan): TurnEndSettings {
  const { isAdaptive, silenceMsMin, silenceMsMax } = turnEnd;
  const vote = {
    overShare: turnEnd.voteOverShare,
    goesOnShare: turnEnd.voteGoesOnShare,
    extraMs: turnEnd.voteExtraMs,
  };
  const silenceMs = vad.minSilenceMs;
  return { silenceMs, isAdaptive, silenceMsMin, silenceMsMax, vote: turnEndVote ? vote : null };
}

/** Where nothing interrupts, held words are all there is of what the caller said. */
function heldSpeechOf({ action, heldSpeech }: BargeInPlan): "drop" | "commit" {
  if (heldSpeech !== "auto") return heldSpeech;
  return action === "duck" || action === "ignore" ? "commit" : "drop";
}

/** A response's instructions stand in for the session's, so these hold both. */
function acknowledgementOf({ bargeIn, session }: CallPlan): string {
  const { action, acknowledgement } = bargeIn;
  if (action !== "acknowledge" || acknowledgement === "") return "";
  const words = JSON.stringify(acknowledgement);
  return (
    `${session.instructions}\n\nThe caller has just interrupted you. ` +
    `Begin by saying exactly ${words}, then answer what they said. ` +
    "If they only asked you to stop or to wait, say nothing more."
  );
}

function idleOf(settings: NegotiateSettings, route: "stream" | "twilio"): IdleSettings | null {
  const { nudgeSeconds, idleGoodbyeSeconds } = settings.routes[route];
  if (nudgeSeconds === 0 && idleGoodbyeSeconds === 0) return null;
  return {
    nudgeAfterMs: nudgeSeconds * 1000,
    nudgesMax: NUDGES_MAX,
    nudgeInstructions: settings.agent.nudge,
    nudgeWaitingInstructions: settings.agent.nudgeWaiting,
    goodbyeAfterMs: idleGoodbyeSeconds * 1000,
    goodbyeInstructions: settings.agent.goodbye,
  };
}

function greetingOf(
  request: CallRequest,
  settings: NegotiateSettings,
  route: "stream" | "twilio",
): Greeting | null {
  const routeSettings = settings.routes[route];
  const isProtected = request.isGreetingProtected ?? routeSettings.isGreetingProtected;
  if (request.greeting !== undefined) {
    const instructions = `Say exactly this to the caller, then wait: ${JSON.stringify(request.greeting)}`;
    return { instructions, isProtected, openingText: request.greeting };
  }
  if (routeSettings.greeting === "") return null;
  return { instructions: routeSettings.greeting, isProtected };
}
