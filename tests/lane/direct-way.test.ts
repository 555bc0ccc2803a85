// Goal: from the frame that decides to the provider's socket, and from the provider's event to the
// caller's socket, there is one synchronous call on either lane: whoever called has it done when
// the call returns (S0-01, S0-10, S0-11). Method: stand-ins that note what they are asked; nothing
// is awaited, so what a queue or a promise held back would not be there.
import { describe, expect, test } from "bun:test";
import type { AudioEngine } from "../../service/contract/audio-engine.ts";
import { NO_FAULTS } from "../../service/contract/call-faults.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";
import type { CallLane } from "../../service/contract/lane.ts";
import { SEND } from "../../service/contract/send-result.ts";
import type { CallNotice, Transport } from "../../service/contract/transport.ts";
import type { Upstream } from "../../service/contract/upstream.ts";
import { BigLane } from "../../service/lane/big/big-lane.ts";
import { EventBus } from "../../service/lane/big/event-bus.ts";
import { FastLane } from "../../service/lane/fast/fast-lane.ts";
import type { FastLaneDeps } from "../../service/lane/fast/fast-lane-deps.ts";
import type { LaneOwner } from "../../service/lane/fast/lane-owner.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const FRAME = new Uint8Array(160);

function standIn<Contract extends object>(own: Partial<Contract>, answer: unknown): Contract {
  const known = { ...own } as Record<PropertyKey, unknown>;
  return new Proxy(known, { get: (target, name) => target[name] ?? (() => answer) }) as Contract;
}

function makeLane(turnDetection: "local" | "server_vad", isBig: boolean) {
  const clock = createSteppedClock();
  const asked: string[] = [];
  const told = { frames: 0, tag: "" };
  const note =
    (name: string) =>
    (...words: unknown[]) => {
      asked.push([name, ...words].join(" "));
      return SEND.SENT;
    };
  const upstream = standIn<Upstream>(
    {
      isReady: () => true,
      append: (_source, start, end) => {
        asked.push(`append ${end - start}`);
        return SEND.SENT;
      },
      commit: note("commit"),
      cancel: note("cancel"),
      truncate: note("truncate"),
      respond: ({ tag }) => {
        told.tag = tag;
        asked.push("respond");
        return SEND.SENT;
      },
    },
    SEND.SENT,
  );
  const engine = standIn<AudioEngine>(
    {
      framesCaptured: () => told.frames,
      tapeBegin: (frame) => frame,
      tapeEnd: () => told.frames,
      tapeRead: (from, to, read) => {
        for (let frame = from; frame < to; frame += 1) read(FRAME, 0, FRAME.length);
        return to - from;
      },
      vadState: () => VAD_STATE.SPEECH,
      onsetPositionSamples: () => 20 * 160,
      endPositionSamples: () => 25 * 160,
    },
    0,
  );
  const deps: FastLaneDeps = {
    id: "test",
    clock,
    engine,
    upstream,
    transport: standIn<Transport>({ sendClear: note("clear") }, SEND.SENT),
    owner: standIn<LaneOwner>(
      { onNotice: ({ kind }: CallNotice) => void note("tell")(kind) },
      undefined,
    ),
    faults: NO_FAULTS,
    stages: { observe: () => undefined },
    settings: {
      turnDetection,
      callerRateHz: 8000,
      callerFrameSamples: 160,
      upstreamRateHz: 8000,
      preRollMs: 100,
      commitMsMin: 100,
      turnMsMax: 60_000,
      responseWaitMs: 10_000,
      greeting: null,
      idle: null,
      protectedSpeech: "drop",
    },
    upstreamSampleBytes: 1,
    failedRecording: new Uint8Array(),
    turnEndVote: null,
    hybridDetector: "server_vad",
    onSavedMs: () => undefined,
  };
  const direct = new FastLane(deps);
  const passNotice = () => undefined;
  const big = { events: new EventBus(clock, NO_FAULTS) };
  const lane: CallLane = isBig
    ? new BigLane({ inner: direct, ...big, stages: [], faults: NO_FAULTS, passNotice })
    : direct;
  lane.start();
  const frame = (bits: number) => {
    told.frames += 1;
    lane.onCaptureFrame(bits, told.frames - 1);
    return asked.splice(0);
  };
  return { lane, asked, frame, tag: () => told.tag };
}

describe.each([
  ["fast", false],
  ["big", true],
] as const)("the direct way of the %s lane", (_name, isBig) => {
  test("S0-01, S0-11, S1-32, S4-52: nothing leaves in silence; the frame that hears the onset sends it", () => {
    const { frame } = makeLane("local", isBig);
    for (let count = 0; count < 30; count += 1) expect(frame(0)).toEqual([]);
    // Onset at frame 20, five frames of pre-roll before it: 15 to 30, in this very call.
    expect(frame(CAPTURE_EVENT.ONSET_MAYBE)).toEqual(Array(16).fill("append 160"));
    expect(frame(CAPTURE_EVENT.ONSET)).toEqual(["tell speech_started"]);
    const ended = frame(CAPTURE_EVENT.END);
    expect(ended.filter((what) => !what.startsWith("tell"))).toEqual([
      ...Array(2).fill("append 160"),
      "commit",
      "respond",
    ]);
  });

  test("S0-10, D-40: the provider's speech_started has cleared before anybody is told of it", () => {
    const { lane, asked, frame } = makeLane("server_vad", isBig);
    frame(0);
    lane.onResponseCreated("response", "");
    lane.onAudio("response", "item", 0, new Uint8Array(1_600), 1_600);
    lane.onPlaybackFrame(FRAME, 1, 0, 160);
    asked.length = 0;
    lane.onSpeechStarted(500, "caller");
    expect(asked.slice(0, 2)).toEqual(["clear 1", "cancel response"]);
    expect(asked.findIndex((what) => what.startsWith("tell"))).toBeGreaterThan(1);
  });
});
