// Goal: the upstream speaks the Realtime protocol as a call needs it, over a real loopback socket
// to the project's own simulator. Method: one stepped clock for both ends (tests/support).
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import { audioForm } from "../../service/simulator/audio-forms.ts";
import { melody } from "../../service/simulator/melodies.ts";
import {
  createLoopbackPair,
  createReadyPair,
  PCM_SESSION,
  PCMU_SESSION,
  patternAudio,
} from "../support/loopback-pair.ts";

describe("createOpenAiRealtimeFactory()", () => {
  test("sends turn_detection null and is ready when the echo says so (S1-51, RT-01)", async () => {
    await using pair = createLoopbackPair();
    pair.upstream.open();
    expect(pair.upstream.isReady()).toBe(false);
    await pair.until(() => pair.upstream.isReady());
    expect(pair.heard).toEqual([["onReady"]]);
    const [record] = pair.simulator.records;
    const first = record?.commands[0]?.command;
    expect(first).toMatchObject({
      type: "session.update",
      session: {
        type: "realtime",
        output_modalities: ["audio"],
        instructions: "Be brief",
        audio: {
          input: {
            format: { type: "audio/pcmu" },
            turn_detection: null,
            transcription: { model: "gpt-transcribe" },
          },
          output: { format: { type: "audio/pcmu" }, voice: "marin" },
        },
      },
    });
  });

  test.each([
    ["pcmu", PCMU_SESSION, 8],
    ["pcma", { ...PCMU_SESSION, format: { encoding: "alaw", rateHz: 8000 } } as const, 8],
    ["pcm", PCM_SESSION, 48],
  ] as const)(
    "append, commit, respond gives the %s answer byte for byte (S1-50)",
    async (...row) => {
      const [, session, bytesPerMs] = row;
      await using pair = createLoopbackPair({ session });
      pair.upstream.open();
      await pair.until(() => pair.upstream.isReady());
      const audio = patternAudio(900, bytesPerMs);
      for (let at = 0; at < audio.length; at += 100 * bytesPerMs) {
        const result = pair.upstream.append(audio, at, at + 100 * bytesPerMs);
        expect(result).not.toBe(SEND.DROPPED);
      }
      pair.upstream.commit();
      pair.upstream.respond({ instructions: "", tag: "turn-1" });
      await pair.advance(1_000);
      const [record] = pair.simulator.records;
      expect(record?.committed[0]?.audio).toEqual(audio);
      expect(pair.of("onCommitted")).toHaveLength(1);
      const [[responseId, tag] = []] = pair.of("onResponseCreated");
      expect(tag).toBe("turn-1");
      const itemId = String(pair.of("onAudio")[0]?.[1]);
      expect(Buffer.compare(pair.audioOf(itemId), audio)).toBe(0);
      expect(pair.of("onAudioDone")).toEqual([[responseId, itemId]]);
      expect(pair.of("onCallerTranscript")[0]?.[1]).toBe("[simulated: 0.9 s of speech]");
      const [done] = pair.of("onResponseDone");
      expect(done?.slice(0, 2)).toEqual([responseId, "completed"]);
      expect(pair.of("onError")).toEqual([]);
    },
  );

  test("a network in between makes everything later, in the same order", async () => {
    await using pair = createLoopbackPair({ simulator: { limits: { oneWayMs: 40 } } });
    pair.upstream.open();
    // The server's first words, our session.update, its answer.
    await pair.until(() => pair.simulator.stats.messagesReceived === 1);
    await pair.advance(70);
    expect(pair.upstream.isReady()).toBe(false);
    await pair.advance(20);
    expect(pair.upstream.isReady()).toBe(true);
    pair.upstream.respond({ instructions: "", tag: "far" });
    await pair.advance(70);
    expect(pair.of("onResponseCreated")).toEqual([]);
    await pair.advance(20);
    expect(pair.of("onResponseCreated")).toHaveLength(1);
    await pair.advance(1_000);
    expect(pair.of("onResponseDone")).toHaveLength(1);
    expect(pair.heard.map(([name]) => name).slice(1, 3)).toEqual([
      "onResponseCreated",
      "onAgentTranscript",
    ]);
  });

  test("with the server's turn detection it reports turns and answers nobody asked for", async () => {
    const session = { ...PCMU_SESSION, turnDetection: "server_vad" } as const;
    await using pair = await createReadyPair({ session });
    const form = audioForm({ type: "audio/pcmu" });
    const quiet = new Uint8Array(8 * 700).fill(0xff);
    const speech = Buffer.concat([quiet, melody(form, "greeting", 600), quiet]);
    for (let at = 0; at < speech.length; at += 160) {
      expect(pair.upstream.append(speech, at, at + 160)).not.toBe(SEND.DROPPED);
    }
    await pair.advance(1_000);
    // 700 ms less the prefix of 300.
    const itemId = String(pair.of("onCommitted")[0]?.[0]);
    expect(pair.of("onSpeechStarted")).toEqual([[400, itemId]]);
    expect(pair.of("onSpeechStopped")[0]?.[1]).toBe(itemId);
    expect(pair.of("onResponseCreated")[0]?.[1]).toBe("");
    expect(pair.of("onResponseDone")[0]?.[1]).toBe("completed");
  });
});
