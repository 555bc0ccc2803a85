// Goal: a simulated session begins, changes and ends as the real one does. Method as in
// simulator-rules.test.ts.
import { describe, expect, test } from "bun:test";
import { connectRealtimeClient } from "../support/realtime-client.ts";

const RESPOND = { type: "response.create" };

describe("session", () => {
  test("begins with session.created, the server's turn detection on, formats 24 kHz", async () => {
    await using client = await connectRealtimeClient();
    expect(client.types()).toEqual(["session.created", "conversation.created"]);
    expect(client.events[0]).toMatchObject({
      session: {
        model: "simulated",
        audio: {
          input: {
            format: { type: "audio/pcm", rate: 24_000 },
            turn_detection: { type: "server_vad", threshold: 0.5, silence_duration_ms: 500 },
          },
          output: { format: { type: "audio/pcm", rate: 24_000 } },
        },
      },
    });
  });

  test("leaving turn_detection out keeps it, null switches it off (RT-01)", async () => {
    await using client = await connectRealtimeClient();
    const session = { type: "realtime", instructions: "a" };
    await client.say({ type: "session.update", session });
    await client.say({
      type: "session.update",
      session: { type: "realtime", audio: { input: { turn_detection: null } } },
    });
    const [kept, cleared] = client.of("session.updated");
    expect(kept).toMatchObject({
      session: { instructions: "a", audio: { input: { turn_detection: { type: "server_vad" } } } },
    });
    expect(cleared).toMatchObject({
      session: { instructions: "a", audio: { input: { turn_detection: null } } },
    });
  });

  test.each([
    ["a beta field", { type: "realtime", modalities: ["audio"] }, "unknown_parameter"],
    ["no type", { instructions: "a" }, "missing_required_parameter"],
    ["two modalities", { type: "realtime", output_modalities: ["audio", "text"] }, "invalid_value"],
    [
      "pcm at 16 kHz",
      { type: "realtime", audio: { input: { format: { type: "audio/pcm", rate: 16_000 } } } },
      "invalid_value",
    ],
    [
      "an unknown format",
      { type: "realtime", audio: { output: { format: { type: "audio/opus" } } } },
      "invalid_value",
    ],
  ])("refuses %s and keeps the session", async (_, session, code) => {
    await using client = await connectRealtimeClient();
    await client.say({ type: "session.update", event_id: "mine", session });
    const [error] = client.of("error");
    expect(error).toMatchObject({ error: { code, event_id: "mine" } });
    expect(client.of("session.updated")).toEqual([]);
    expect(client.closed()).toBeUndefined();
  });

  test("ends after its maximum with session_expired and close 1001", async () => {
    const limits = { sessionMsMax: 120_000 };
    await using client = await connectRealtimeClient({ limits });
    client.clock.advance(119_999);
    expect(client.closed()).toBeUndefined();
    client.clock.advance(1);
    await client.until(() => client.closed() !== undefined);
    expect(client.errorCodes()).toEqual(["session_expired"]);
    const reason = "Your session hit the maximum duration of 2 minutes.";
    expect(client.closed()).toEqual({ code: 1001, reason });
    expect(client.clock.pendingTimers()).toBe(0);
  });

  test("keeps its voice once audio was spoken", async () => {
    await using client = await connectRealtimeClient();
    const session = { type: "realtime", audio: { output: { voice: "cedar" } } };
    await client.say({ type: "session.update", session });
    await client.say(RESPOND);
    const other = { type: "realtime", audio: { output: { voice: "ash" } } };
    await client.say({ type: "session.update", session: other });
    expect(client.errorCodes()).toEqual(["cannot_update_voice"]);
    await client.say({ type: "session.update", session });
    expect(client.of("session.updated")).toHaveLength(2);
  });

  test("takes a message that is no command as an error, not as an end", async () => {
    await using client = await connectRealtimeClient();
    await client.sayRaw("{");
    await client.say({ type: "session.delete" }, { kind: "x" });
    expect(client.errorCodes()).toEqual([
      "invalid_json",
      "invalid_value",
      "missing_required_parameter",
    ]);
    expect(client.closed()).toBeUndefined();
  });

  test("closes on a binary message", async () => {
    await using client = await connectRealtimeClient();
    await client.sayRaw(new Uint8Array([1, 2, 3]));
    await client.until(() => client.closed() !== undefined);
    expect(client.closed()?.code).toBe(1003);
  });
});
