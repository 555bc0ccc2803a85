// Goal: a whole turn in each dialect of the protocol: configured, heard, committed, answered.
// Method: the simulator speaks the dialect strictly (what does not belong to it is refused), over a
// real socket; `beta` by the header that the real server takes.
import { describe, expect, test } from "bun:test";
import type { RealtimeDialect } from "../../service/wire/realtime-dialect.ts";
import {
  createLoopbackPair,
  type LoopbackPair,
  PCM_SESSION,
  PCMU_SESSION,
  patternAudio,
} from "../support/loopback-pair.ts";

const TOOL = { name: "look_up", description: "Looks up", parameters: { type: "object" } };

async function turnIn(pair: LoopbackPair, bytesPerMs: number): Promise<Uint8Array> {
  pair.upstream.open();
  await pair.until(() => pair.upstream.isReady() || pair.of("onClosed").length > 0);
  pair.upstream.createText("assistant", "As I said before");
  const audio = patternAudio(600, bytesPerMs);
  pair.upstream.append(audio, 0, audio.length);
  pair.upstream.commit();
  pair.upstream.respond({ instructions: "Briefly", tag: "turn-1" });
  await pair.advance(2_000);
  return audio;
}

function pairOf(dialect: RealtimeDialect, spoken: "ga" | "mixed", format = PCMU_SESSION) {
  const session = { ...format, tools: [TOOL] };
  return createLoopbackPair({ session, upstream: { dialect }, simulator: { dialect: spoken } });
}

describe("dialects of the Realtime protocol", () => {
  test.each([
    ["ga", "ga", PCMU_SESSION, 8],
    ["beta", "ga", PCMU_SESSION, 8],
    ["beta", "ga", PCM_SESSION, 48],
    ["mixed", "mixed", PCMU_SESSION, 8],
  ] as const)("a turn in %s is heard and answered byte for byte", async (...row) => {
    const [dialect, spoken, format, bytesPerMs] = row;
    await using pair = pairOf(dialect, spoken, format);
    const audio = await turnIn(pair, bytesPerMs);
    expect(pair.of("onError")).toEqual([]);
    expect(pair.of("onCommitted")).toHaveLength(1);
    expect(pair.of("onResponseCreated")[0]?.[1]).toBe("turn-1");
    const itemId = String(pair.of("onAudio")[0]?.[1]);
    expect(Buffer.compare(pair.audioOf(itemId), audio)).toBe(0);
    expect(pair.of("onAudioDone")).toHaveLength(1);
    expect(pair.of("onAgentTranscript").at(-1)?.[3]).toBe(true);
    expect(pair.of("onCallerTranscript")).toHaveLength(1);
    expect(pair.of("onResponseDone")[0]?.[1]).toBe("completed");
    expect(pair.stats).toMatchObject({ eventsUnknown: 0, eventsMalformed: 0 });
  });

  test.each([
    ["ga", "mixed"],
    ["mixed", "ga"],
  ] as const)(
    "%s at a server that speaks %s is refused, with the parameter's code",
    async (...row) => {
      const [dialect, spoken] = row;
      await using pair = pairOf(dialect, spoken);
      pair.upstream.open();
      await pair.until(() => pair.of("onClosed").length > 0);
      const [closure] = pair.of("onClosed")[0] ?? [];
      expect(closure).toMatchObject({ isFatal: true });
      expect(JSON.stringify(closure)).toContain("unknown_parameter");
    },
  );

  test("the beta protocol knows no nested session: the simulator refuses it", async () => {
    const headers = { "openai-beta": "realtime=v1" };
    await using pair = pairOf("ga", "ga");
    const url = `${pair.simulator.url}?model=m`;
    const socket = new WebSocket(url, { headers } as unknown as string[]);
    const told: string[] = [];
    socket.onmessage = ({ data }) => told.push(String(data));
    await pair.until(() => told.length > 0);
    expect(JSON.parse(told[0] ?? "")).toMatchObject({
      type: "session.created",
      session: { input_audio_format: "pcm16", turn_detection: { type: "server_vad" } },
    });
    socket.send(JSON.stringify({ type: "session.update", session: { audio: {} } }));
    await pair.until(() => told.length > 2);
    const error = { type: "error", error: { code: "unknown_parameter" } };
    expect(JSON.parse(told[2] ?? "")).toMatchObject(error);
    socket.close();
  });
});
