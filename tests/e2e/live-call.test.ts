// An open call in the hands of the program that embeds the service: its state, forced turns, other
// settings during the call, and waiting for its events (S4-C18, S4-C21, S4-C24).
// Method: stepped clock, real sockets, the big lane for its events; answers are tunes.
import { describe, expect, test } from "bun:test";
import { Lane } from "../../gen/voxbridge/v1/stream_pb.ts";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { CallEvents } from "../../service/contract/call-events.ts";
import type { LiveCall } from "../../service/contract/live-call.ts";
import { parseScript } from "../../service/simulator/script.ts";
import { loadSpeech } from "../support/speech-files.ts";
import type { SteppedService } from "../support/stepped-service.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";
import { truncations } from "../support/upstream-facts.ts";

const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const TURN_MS_MAX = 30_000;
const turns = [1, 2, 3].map((turn) => ({
  when: { turn },
  answer: { text: "La la.", toneMs: 8_000 },
}));
const script = parseScript(JSON.stringify({ turns }));

interface Open extends AsyncDisposable {
  readonly service: SteppedService;
  readonly caller: Caller;
  readonly call: LiveCall;
  readonly events: CallEvents;
}

async function open(): Promise<Open> {
  const calls: LiveCall[] = [];
  const buses: CallEvents[] = [];
  const embedding = {
    onCall: (call: LiveCall) => void calls.push(call),
    onEvents: (_callId: string, events: CallEvents) => void buses.push(events),
  };
  const service = await startSteppedService({ simulator: { script }, embedding });
  const line = createProtobufLine(WIDE, { lane: Lane.BIG });
  const caller = await service.call("/v1/stream", line);
  await service.until(() => calls.length === 1, TURN_MS_MAX);
  const [call] = calls;
  const [events] = buses;
  if (call === undefined || events === undefined) throw new Error("The call was not told of");
  const dispose = () => service[Symbol.asyncDispose]();
  return { service, caller, call, events, [Symbol.asyncDispose]: dispose };
}

async function untilAnswering({ service, caller, call }: Open): Promise<void> {
  caller.say(loadSpeech("question", WIDE));
  await service.until(() => call.state().floor === "agent", TURN_MS_MAX);
  await service.run(800);
}

describe("a live call", () => {
  test("S4-C21: says who has the floor, and how the talk has flowed", async () => {
    await using it = await open();
    const { service, caller, call } = it;
    expect(call.state()).toMatchObject({
      floor: "nobody",
      turnId: 0,
      turnDetection: "local",
      speech: "silent",
      flow: { turns: 0, interruptions: 0, overlapMs: 0, responseGapMsLast: -1 },
    });
    caller.say(loadSpeech("question", WIDE));
    await service.until(() => call.state().speech === "turn", TURN_MS_MAX);
    expect(call.state()).toMatchObject({ floor: "caller", turnId: 1 });
    await service.until(() => call.state().floor === "agent", TURN_MS_MAX);
    await service.run(800);
    const gapMs = call.state().flow.responseGapMsLast;
    expect(gapMs).toBe(noticesOf(caller, "turnLatency")[0]?.perceivedMs ?? 0);
    caller.say(loadSpeech("interrupt", WIDE));
    await service.until(() => call.state().floor === "both", TURN_MS_MAX);
    await service.until(() => noticesOf(caller, "turnLatency").length === 2, TURN_MS_MAX);
    const { flow } = call.state();
    expect(flow).toMatchObject({ turns: 2, interruptions: 1 });
    // From the first sign of speech to the cut: the accumulator's 200 ms and the model's.
    expect(flow.overlapMs).toBeGreaterThanOrEqual(100);
    expect(flow.overlapMs).toBeLessThanOrEqual(500);
    const [first = 0, second = 0] = noticesOf(caller, "turnLatency").map((it) => it.perceivedMs);
    expect(flow.responseGapMsMean).toBe(Math.round((first + second) / 2));
  });

  test("S4-C24: the end of a turn can be watched, set, waited for and forced", async () => {
    await using it = await open();
    const { service, caller, call, events } = it;
    call.setTurnEnd(1_500, false);
    caller.say(loadSpeech("yes", WIDE));
    await service.until(() => call.state().turnEnd?.isMaybeOver === true, TURN_MS_MAX);
    await service.run(1_000);
    expect(call.state().turnEnd).toMatchObject({ silenceMs: 1_500, learnedMs: 1_500 });
    expect(call.state().turnEnd?.quietMs).toBeGreaterThanOrEqual(960);
    const ended = events.waitFor("speech_ended", 60_000);
    call.forceTurn("agent");
    expect(await ended).toMatchObject({ kind: "speech_ended", turnId: 1 });
    await service.until(() => noticesOf(caller, "turnLatency").length === 1, TURN_MS_MAX);
    expect(noticesOf(caller, "turnLatency")[0]?.endpointMs).toBeLessThan(1_300);
    expect(() => call.setTurnEnd(-1, false)).toThrow(
      "Cannot set the end of turns: silenceMs is -1, must be 0..60000",
    );
    expect(() => call.setTurnEnd(Number.NaN, false)).toThrow(RangeError);
  });

  test("S4-C18: barge-in can be switched off and on, waited for, and made by command", async () => {
    await using it = await open();
    const { service, caller, call, events } = it;
    call.setBargeIn({ isBargeInEnabled: false });
    await untilAnswering(it);
    caller.say(loadSpeech("hold-on", WIDE));
    await service.run(2_000);
    expect(call.state()).toMatchObject({ floor: "agent", turnId: 1, flow: { interruptions: 0 } });
    call.setBargeIn({ isBargeInEnabled: true, bargeInMinSpeechMs: 100 });
    expect(() => call.setBargeIn({ bargeInThreshold: 1.5 })).toThrow(RangeError);
    const interrupted = events.waitFor("barge_in", 60_000);
    caller.say(loadSpeech("hold-on", WIDE));
    await service.until(() => call.state().flow.interruptions === 1, TURN_MS_MAX);
    expect(await interrupted).toMatchObject({ kind: "barge_in", turnId: 2 });
    expect(truncations(service.record(0))).toHaveLength(1);
    await service.until(() => call.state().floor === "agent", TURN_MS_MAX);
    await service.run(600);
    call.forceTurn("caller");
    expect(call.state().floor).toBe("nobody");
    expect(call.state().flow.interruptions).toBe(2);
    expect(service.complaints).toEqual([]);
  });

  test("S4-C21: turn taking changes hands, and whose turn it is can be waited for", async () => {
    await using it = await open();
    const { service, caller, call, events } = it;
    call.setTurnTaking("none");
    expect(call.state()).toMatchObject({ turnDetection: "none" });
    caller.say(loadSpeech("yes", WIDE));
    await service.run(2_500);
    expect(noticesOf(caller, "turnCommitted")).toHaveLength(0);
    const changed = events.waitFor("response_started", 60_000);
    call.forceTurn("agent");
    await service.until(() => call.state().floor === "agent", TURN_MS_MAX);
    expect(await changed).toMatchObject({ kind: "response_started" });
    const unheard = events.waitFor("speech_started", 40);
    await service.run(60);
    expect(await unheard).toBeNull();
  });

  test("after its end everything is ignored", async () => {
    await using it = await open();
    const { service, caller, call } = it;
    caller.hangUp();
    await service.until(() => service.running.calls.callsOpen() === 0, TURN_MS_MAX);
    call.forceTurn("agent");
    call.forceTurn("caller");
    call.setTurnEnd(600, true);
    call.setBargeIn({ isBargeInEnabled: false });
    expect(call.state().floor).toBe("nobody");
    expect(service.complaints).toEqual([]);
  });
});
