// A lane with everything real below it (core, engine, conversation) and stand-ins beside it: an
// upstream that is ready, full or away as the test says, and a caller's side that only notes.
import { GuardedEngineListener } from "../../service/call-guards.ts";
import type { AudioEngine } from "../../service/contract/audio-engine.ts";
import type { LaneName, TurnDetection } from "../../service/contract/call-terms.ts";
import type { CallLane } from "../../service/contract/lane.ts";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import type { CallNotice, Transport } from "../../service/contract/transport.ts";
import type { ResponseRequest, Upstream } from "../../service/contract/upstream.ts";
import { createAudioEngine } from "../../service/engine/audio-engine.ts";
import { createAudioShared } from "../../service/engine/audio-shared.ts";
import { BigLane } from "../../service/lane/big/big-lane.ts";
import { EventBus } from "../../service/lane/big/event-bus.ts";
import { FastLane } from "../../service/lane/fast/fast-lane.ts";
import type { FastLaneDeps } from "../../service/lane/fast/fast-lane-deps.ts";
import type { LaneOwner } from "../../service/lane/fast/lane-owner.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "../core/core-fixture.ts";
import { createSteppedClock, type SteppedClock } from "../support/stepped-clock.ts";

/** The model's side. */
export class NotingUpstream implements Upstream {
  readonly kind = "simulator";
  readonly model = "noting";
  readonly commands: string[] = [];
  /** What was appended, in order, µ-law at 8 kHz. */
  appended: Buffer<ArrayBuffer> = Buffer.alloc(0);
  /** Of the newest response that was asked for. */
  tagLast = "";
  isThere = true;
  isFull = false;
  /** Audio still goes, commands do not. */
  isDeaf = false;

  open(): void {}

  isReady(): boolean {
    return this.isThere;
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    if (this.isFull || !this.isThere) return SEND.DROPPED;
    this.appended = Buffer.concat([this.appended, source.subarray(start, end)]);
    return SEND.SENT;
  }

  readonly commit = (): SendResult => this.#note("commit");
  readonly clearInput = (): SendResult => this.#note("clearInput");
  readonly cancel = (): SendResult => this.#note("cancel");
  readonly truncate = (): SendResult => this.#note("truncate");
  readonly deleteItem = (): SendResult => this.#note("deleteItem");
  readonly createText = (): SendResult => this.#note("createText");
  readonly submitToolOutput = (): SendResult => this.#note("submitToolOutput");
  readonly updateSession = (): SendResult => this.#note("updateSession");
  respond({ tag }: ResponseRequest): SendResult {
    this.tagLast = tag;
    return this.#note("respond");
  }

  pauseReading(): void {}
  resumeReading(): void {}
  close(): void {}

  #note(command: string): SendResult {
    if (this.isDeaf) return SEND.DROPPED;
    this.commands.push(command);
    return SEND.SENT;
  }
}

/** The caller's side. */
class NotingTransport implements Transport {
  readonly kind = "protobuf";
  frames = 0;
  readonly clears: number[] = [];

  sendAudio(): SendResult {
    this.frames += 1;
    return SEND.SENT;
  }

  sendItemEnd(): void {}

  sendClear(generation: number): SendResult {
    this.clears.push(generation);
    return SEND.SENT;
  }

  sendNotice(): void {}
  close(): void {}
}

export interface LaneUnderTest {
  readonly id: string;
  readonly clock: SteppedClock;
  readonly lane: CallLane;
  readonly engine: AudioEngine;
  readonly upstream: NotingUpstream;
  readonly transport: NotingTransport;
  /** What the owner of the lane was told. */
  readonly notices: CallNotice[];
  /** What it told of as gone wrong beside the call. */
  readonly faults: readonly string[];
}

/** Not started yet; µ-law at 8 kHz on both sides. callerSide: instead of the one that notes. */
export function makeLane(
  name: LaneName,
  turnDetection: TurnDetection = "local",
  callerSide?: Transport,
): LaneUnderTest {
  const clock = createSteppedClock();
  const listener = new GuardedEngineListener();
  const shared = createAudioShared({ core: makeCore(1), clock });
  const vad = { ...SETTINGS, isBargeInEnabled: true };
  const config = { format: PHONE_FORMAT, vad, mode: "latency" } as const;
  const engine = createAudioEngine(shared, config, listener);
  engine.initialize();
  const upstream = new NotingUpstream();
  const transport = new NotingTransport();
  const notices: CallNotice[] = [];
  const id = "a call";
  const told: string[] = [];
  const faults = { onFault: (fault: string) => void told.push(fault) };
  const direct = new FastLane({
    ...{ id, clock, engine, upstream, transport: callerSide ?? transport },
    owner: ownerOf(notices),
    faults,
    stages: { observe: () => undefined },
    settings: settingsOf(turnDetection),
    upstreamSampleBytes: 1,
    failedRecording: new Uint8Array(),
    turnEndVote: null,
    hybridDetector: "server_vad",
    onSavedMs: () => undefined,
  });
  const passNotice = () => undefined;
  const events = new EventBus(clock, faults);
  const big = { inner: direct, events, stages: [], faults, passNotice };
  const lane = name === "fast" ? direct : new BigLane(big);
  listener.attach(lane, rethrow);
  return { id, clock, lane, engine, upstream, transport, notices, faults: told };
}

function settingsOf(turnDetection: TurnDetection): FastLaneDeps["settings"] {
  return {
    turnDetection,
    callerRateHz: 8000,
    callerFrameSamples: 160,
    upstreamRateHz: 8000,
    preRollMs: SETTINGS.preRollMs,
    commitMsMin: 100,
    turnMsMax: 55_000,
    responseWaitMs: 10_000,
    greeting: null,
    idle: null,
    protectedSpeech: "drop",
  };
}

function ownerOf(notices: CallNotice[]): LaneOwner {
  return {
    onUpstreamClosed: () => undefined,
    onUpstreamLost: () => undefined,
    onUpstreamRestored: () => undefined,
    onUpstreamReady: () => undefined,
    onUsage: () => undefined,
    onBargeIn: () => undefined,
    onCount: () => undefined,
    onNotice: (notice) => void notices.push(notice),
    onTransportFull: () => undefined,
    onSent: () => undefined,
    onBug: rethrow,
    answerTool: () => undefined,
    end: () => undefined,
  };
}

function rethrow(error: unknown): never {
  throw error;
}
