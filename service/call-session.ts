// What a call's session is told when it is dialled. Station: a part of the call's plan. Pure.
import type { NegotiateSettings } from "./call-plan.ts";
import { type ThinkingParts, thinkingSession } from "./call-thinking.ts";
import type { CallRequest } from "./contract/transport.ts";
import type { UpstreamFormat, UpstreamSession } from "./contract/upstream.ts";
import { providerTurns } from "./upstream/provider-turns.ts";

interface SessionParts {
  readonly request: CallRequest;
  readonly settings: NegotiateSettings;
  readonly route: "stream" | "twilio";
  readonly thinking: ThinkingParts | null;
  readonly business: ReadonlyMap<string, string>;
  readonly format: UpstreamFormat;
  /** As providerTurns() is told. */
  readonly isAnsweredHere: boolean;
}

/** -> the session, and the voice's own instructions in it. */
export function sessionOf(parts: SessionParts) {
  const { request, settings, route, thinking, business, format, isAnsweredHere } = parts;
  const routeSettings = settings.routes[route];
  const instructions =
    request.instructions ?? (routeSettings.instructions || settings.agent.instructions);
  const told =
    thinking === null
      ? { instructions, tools: [] }
      : thinkingSession(thinking, instructions, business);
  const session: UpstreamSession = {
    ...told,
    voice: request.voice ?? (routeSettings.voice || settings.agent.voice),
    turnDetection: providerTurns(
      request.turnDetection ?? settings.turnDetection,
      settings.hybrid.detector,
      isAnsweredHere,
    ),
    transcriptionModel: settings.transcriptionModel,
    format,
  };
  return { session, instructions };
}
