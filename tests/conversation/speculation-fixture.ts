// Calls that answer at an early silence, for tests by hand: 200 ms is the early silence; after 20
// frames of speech from the call's first frame on, the early commit is due at frame 30 (600 ms).
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { ConversationSettings } from "../../service/conversation/conversation-settings.ts";
import type { SpeculationSettings } from "../../service/conversation/speculation.ts";
import { FRAME_SAMPLES, TestCall } from "./conversation-fixture.ts";

const SPECULATION: SpeculationSettings = {
  earlySilenceMs: 200,
  perTurnMax: 2,
  perMinuteMax: 10,
  hitRateMin: 0.5,
  sampleMin: 8,
};

export function readyCall(
  changes: Partial<SpeculationSettings> = {},
  settings: Partial<ConversationSettings> = {},
): TestCall {
  const call = new TestCall({ speculation: { ...SPECULATION, ...changes }, ...settings });
  call.conversation.onUpstreamReady();
  return call;
}

/** So many frames of the silence that may end the turn, the first of them with its bit. */
export function pause(call: TestCall, count: number): void {
  call.effects.vad = VAD_STATE.SPEECH_END;
  call.frames(1, CAPTURE_EVENT.END_MAYBE);
  call.frames(count - 1);
}

/** The silence was a pause: so many frames of speech more. */
export function goOn(call: TestCall, count: number): void {
  call.effects.vad = VAD_STATE.SPEECH;
  call.frames(1, CAPTURE_EVENT.END_OFF);
  call.frames(count - 1);
  call.effects.endSamples = call.effects.framesCaptured * FRAME_SAMPLES;
}

/** The turn machine is sure. */
export function end(call: TestCall): void {
  call.effects.vad = VAD_STATE.SILENCE;
  call.frames(1, CAPTURE_EVENT.END);
}

/** 20 frames of speech and the early silence: committed, asked, held. */
export function speculate(call: TestCall): void {
  call.speak(20);
  pause(call, 10);
}

/** What reached the world since it was asked last, but for the hints to an upstream that drafts. */
export function taken(call: TestCall): string[] {
  return call.effects.taken().filter((line) => !line.startsWith("hint"));
}

/** A speculation that was right, whose answer says nothing. */
export function hit(call: TestCall, responseId: string): void {
  speculate(call);
  call.conversation.onCommitted(`caller-${responseId}`, "early");
  call.created(responseId);
  pause(call, 4);
  end(call);
  call.conversation.onResponseDone(responseId, "completed");
}

/** A speculation that was wrong, in a turn that goes on. */
export function miss(call: TestCall, responseId: string): void {
  pause(call, 10);
  call.conversation.onCommitted(`caller-${responseId}`, "early");
  call.created(responseId);
  goOn(call, 10);
  call.conversation.onResponseDone(responseId, "cancelled");
}
