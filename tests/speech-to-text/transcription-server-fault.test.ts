// Goal: a server that does not keep to the protocol is given no audio; one that names things as they
// were named before is understood.
// Method: a raw WebSocket server that answers the first message.
import { describe, expect, test } from "bun:test";
import { createSpeechEvents } from "./speech-events.ts";
import { failureCodes, transcriptionFixture, until } from "./transcription-fixture.ts";

describe("another server", () => {
  const updated = (input: Readonly<Record<string, unknown>>) =>
    JSON.stringify({
      type: "session.updated",
      session: { type: "transcription", audio: { input } },
    });
  const binary = new Uint8Array([1, 2, 3]);

  /** Answers the first message and keeps the types of all. */
  const serve = (answers: readonly (string | Uint8Array<ArrayBuffer>)[]) => {
    const heard: string[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: (request, self) =>
        self.upgrade(request, { data: undefined }) ? undefined : new Response("no"),
      websocket: {
        message(socket, message) {
          heard.push(JSON.parse(String(message)).type);
          if (heard.length === 1) for (const answer of answers) socket.send(answer);
        },
      },
    });
    const url = `ws://127.0.0.1:${server.port}/v1/realtime`;
    const fixture = transcriptionFixture({ settings: { url } });
    const events = createSpeechEvents();
    const stream = fixture.speech.open({ rateHz: 24_000, language: "en" }, events);
    stream.begin(1);
    stream.append(fixture.first, 0, 9_600);
    stream.finish();
    return {
      events,
      heard,
      async [Symbol.asyncDispose]() {
        stream.close();
        await server.stop(true);
        await fixture.simulator.stop();
      },
    };
  };

  test.each([
    ["binary frames", Array.from({ length: 10 }, () => binary)],
    ["turn detection stays on", [updated({ turn_detection: { type: "server_vad" } })]],
    ["another format", [updated({ turn_detection: null, format: { type: "audio/pcma" } })]],
  ])("%s: engine_protocol, and no audio goes there", async (_name, answers) => {
    await using server = serve(answers);
    await until(() => server.events.all.length > 0);
    expect(failureCodes(server.events)).toEqual(["engine_protocol"]);
    expect(server.heard).toEqual(["session.update"]);
  });

  test("one that names its events and fields as before is understood", async () => {
    const session = { input_audio_format: "pcm16", turn_detection: null };
    await using server = serve([
      JSON.stringify({ type: "transcription_session.updated", session }),
    ]);
    await until(() => server.heard.length === 3);
    expect(server.heard.slice(1)).toEqual([
      "input_audio_buffer.append",
      "input_audio_buffer.commit",
    ]);
  });
});
