// Goal: a provider that delivers minutes of answer at once is not read any further until the caller
// has heard enough of it; nothing of the answer is lost (decision 17, S4-C13).
// Method: the real engine and the real lane on a stepped clock; upstream, transport and call only
// note what they are asked. 240 s is the high mark, 120 s the low one.
import { expect, test } from "bun:test";
import { NO_FAULTS } from "../../../service/contract/call-faults.ts";
import { SEND } from "../../../service/contract/send-result.ts";
import type { Transport } from "../../../service/contract/transport.ts";
import type { Upstream } from "../../../service/contract/upstream.ts";
import { GuardedEngineListener } from "../../../service/call-guards.ts";
import { createAudioEngine } from "../../../service/engine/audio-engine.ts";
import { createFastLaneConfig } from "../../../service/engine/fast-lane-config.ts";
import { FastLane } from "../../../service/lane/fast/fast-lane.ts";
import type { LaneOwner } from "../../../service/lane/fast/lane-owner.ts";
import { PHONE_FORMAT } from "../../core/core-fixture.ts";
import { makeProcess, phoneAudio } from "../../engine/engine-fixture.ts";

/** Answers every call with `answer`, so that a test names only what it is about. */
function standIn<Contract extends object>(own: Partial<Contract>, answer: unknown): Contract {
  const known = { ...own } as Record<PropertyKey, unknown>;
  return new Proxy(known, {
    get: (target, name) => target[name] ?? (() => answer),
  }) as Contract;
}

function makeLane() {
  const { clock, shared } = makeProcess();
  const asked: string[] = [];
  let framesSent = 0;
  let tag = "";
  const upstream = standIn<Upstream>(
    {
      isReady: () => true,
      respond: (request) => {
        tag = request.tag;
        return SEND.SENT;
      },
      pauseReading: () => void asked.push("pause"),
      resumeReading: () => void asked.push("resume"),
    },
    SEND.SENT,
  );
  const transport = standIn<Transport>(
    {
      sendAudio: () => {
        framesSent += 1;
        return SEND.SENT;
      },
    },
    SEND.SENT,
  );
  const listener = new GuardedEngineListener();
  const engine = createAudioEngine(shared, createFastLaneConfig(PHONE_FORMAT), listener);
  const bugs: unknown[] = [];
  const lane = new FastLane({
    id: "test",
    clock,
    engine,
    upstream,
    transport,
    stages: { observe: () => undefined },
    faults: NO_FAULTS,
    owner: standIn<LaneOwner>({ onBug: (error) => void bugs.push(error) }, undefined),
    settings: {
      turnDetection: "local",
      callerRateHz: 8000,
      callerFrameSamples: 160,
      upstreamRateHz: 8000,
      preRollMs: 300,
      commitMsMin: 100,
      turnMsMax: 60_000,
      responseWaitMs: 10_000,
      greeting: { instructions: "", isProtected: false },
      idle: null,
      protectedSpeech: "drop",
    },
    turnEndVote: null,
    hybridDetector: "server_vad",
    onSavedMs: () => undefined,
    upstreamSampleBytes: 1,
    failedRecording: new Uint8Array(),
  });
  listener.attach(lane, (error) => void bugs.push(error));
  engine.initialize();
  lane.start();
  return { clock, lane, engine, asked, bugs, tag: () => tag, framesSent: () => framesSent };
}

test("S4-C13: a full answer queue stops the reading of the upstream until half is heard", () => {
  const { clock, lane, engine, asked, bugs, tag, framesSent } = makeLane();
  lane.onResponseCreated("response", tag());
  const second = phoneAudio(1000);
  for (let count = 0; count < 239; count += 1) {
    lane.onAudio("response", "item", 0, second, second.length);
  }
  expect(asked).toEqual([]);
  lane.onAudio("response", "item", 0, second, second.length);
  expect(asked).toEqual(["pause"]);
  lane.onAudioDone("response", "item");
  clock.advance(118_000);
  expect(asked).toEqual(["pause"]);
  clock.advance(3_000);
  expect(asked).toEqual(["pause", "resume"]);
  clock.advance(120_000);
  expect(framesSent()).toBe(240 * 50);
  expect(engine.playbackQueuedMs()).toBe(0);
  expect(bugs).toEqual([]);
});
