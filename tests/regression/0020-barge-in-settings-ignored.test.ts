// With the provider's turns barge-in off, `duck`, `ignore` and a protected greeting or goodbye did
// nothing: its detection was always told to interrupt, and its speech_started always cut the agent.
import { expect, test } from "bun:test";
import { providerTurns } from "../../service/upstream/provider-turns.ts";
import { TestCall } from "../conversation/conversation-fixture.ts";

test("S2-66: an agent that may not be interrupted goes on, and the provider does not stop it", () => {
  expect(providerTurns("server_vad", "semantic_vad", true)).toBe("server_vad_signal");
  const call = new TestCall({
    turnDetection: "server_vad",
    isAnsweredHere: true,
    isBargeInEnabled: false,
  });
  call.conversation.onUpstreamReady();
  call.conversation.onResponseCreated("p1");
  call.play(call.audio("p1", "a", 50), 5);
  call.effects.taken();
  call.conversation.onProviderSpeechStarted(1_234);
  expect(call.effects.taken()).toEqual([]);
});
