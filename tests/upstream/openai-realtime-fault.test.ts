// Goal: whatever the other side does, a session ends once, with a reason that is true, and says
// nothing after; nothing throws and no key gets out.
// Method: faults of the simulator over a real loopback socket, time stepped; for a peer that never
// answers at all, a bare TCP listener.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../service/contract/send-result.ts";
import type { UpstreamClosure } from "../../service/contract/upstream.ts";
import { UPSTREAM_MESSAGE_BYTES_MAX } from "../../service/limits.ts";
import { createLoopbackPair, type LoopbackPair, patternAudio } from "../support/loopback-pair.ts";

function closure(pair: LoopbackPair): UpstreamClosure | undefined {
  return pair.of("onClosed")[0]?.[0] as UpstreamClosure | undefined;
}

async function closed(pair: LoopbackPair): Promise<UpstreamClosure> {
  await pair.until(() => closure(pair) !== undefined);
  expect(pair.heard.at(-1)?.[0]).toBe("onClosed");
  expect(pair.of("onClosed")).toHaveLength(1);
  expect(pair.upstreamTimers()).toBe(0);
  return closure(pair) ?? { reason: "protocol", isFatal: true, message: "" };
}

async function ready(pair: LoopbackPair): Promise<void> {
  pair.upstream.open();
  await pair.until(() => pair.upstream.isReady());
  await pair.settle();
}

describe("dialling", () => {
  test.each([
    [302, true],
    [401, true],
    [403, true],
    [404, true],
    [408, false],
    [429, false],
    [500, false],
    [503, false],
  ])("a refusal with status %d is refused, fatal %p", async (status, isFatal) => {
    await using pair = createLoopbackPair();
    pair.simulator.refuseDials(status, 1);
    pair.upstream.open();
    expect(await closed(pair)).toEqual({
      reason: "refused",
      isFatal,
      status,
      message: `Cannot open the upstream: status is ${status}, must be 101`,
    });
    expect(pair.heard).toHaveLength(1);
  });

  test("nobody listening is lost", async () => {
    await using pair = createLoopbackPair();
    await pair.simulator.stop();
    pair.upstream.open();
    expect(await closed(pair)).toMatchObject({ reason: "lost", isFatal: false });
  });

  test("a peer that takes the connection and stays silent is a timeout after 5 s", async () => {
    let openCount = 0;
    const silent = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      socket: {
        data: () => undefined,
        open: () => {
          openCount += 1;
        },
        close: () => {
          openCount -= 1;
        },
      },
    });
    const url = `ws://127.0.0.1:${silent.port}/v1/realtime`;
    await using pair = createLoopbackPair({ upstream: { url } });
    pair.upstream.open();
    await pair.until(() => openCount === 1);
    pair.clock.advance(4_999);
    expect(closure(pair)).toBeUndefined();
    pair.clock.advance(1);
    const message = "Cannot open the upstream: no connection in 5000 ms";
    expect(await closed(pair)).toEqual({ reason: "timeout", isFatal: false, message });
    await pair.until(() => openCount === 0);
    silent.stop(true);
  });

  test("a server that never confirms the session is a timeout", async () => {
    await using pair = createLoopbackPair();
    pair.simulator.failNextSession({ kind: "stall", afterEvents: 2 });
    pair.upstream.open();
    await pair.until(() => pair.stats.messagesReceived === 2);
    pair.clock.advance(5_000);
    expect(await closed(pair)).toMatchObject({ reason: "timeout", isFatal: false });
  });
});

describe("an open session", () => {
  test.each([
    ["cut", { kind: "drop", afterEvents: 0 }, "lost", false],
    ["closed with 1011", { kind: "close", afterEvents: 0, code: 1011 }, "lost", false],
    ["closed with 1000", { kind: "close", afterEvents: 0, code: 1000 }, "lost", false],
    ["closed with 1001", { kind: "close", afterEvents: 0, code: 1001 }, "expired", false],
  ] as const)("that is %s says so once", async (_, fault, reason, isFatal) => {
    await using pair = createLoopbackPair();
    await ready(pair);
    pair.simulator.lines()[0]?.fail(fault);
    expect(await closed(pair)).toMatchObject({ reason, isFatal });
    expect(pair.upstream.commit()).toBe(SEND.DROPPED);
    expect(pair.upstream.append(new Uint8Array(10), 0, 10)).toBe(SEND.DROPPED);
  });

  test("that goes silent is lost after two unanswered pings", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    pair.simulator.lines()[0]?.fail({ kind: "stall", afterEvents: 0 });
    pair.clock.advance(14_999);
    expect(closure(pair)).toBeUndefined();
    pair.clock.advance(1);
    expect(await closed(pair)).toEqual({
      reason: "lost",
      isFatal: false,
      message: "The upstream is lost: 2 pings without an answer",
    });
  });

  test("that answers its pings lives on", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    await pair.advance(60_000);
    expect(pair.stats.pingsSent).toBe(12);
    expect(pair.simulator.stats.pingsReceived).toBe(12);
    expect(pair.upstream.roundTripMs?.()).toBe(0);
    expect(closure(pair)).toBeUndefined();
  });

  test("that is paused is not taken for dead, and reads on when resumed", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    pair.upstream.pauseReading();
    pair.upstream.createText("user", "hello");
    pair.upstream.respond({ instructions: "", tag: "t" });
    await pair.until(() => pair.simulator.stats.messagesReceived === pair.stats.messagesSent);
    pair.clock.advance(30_000);
    await pair.until(() => pair.simulator.lines().length === 1);
    expect(pair.of("onAudio")).toEqual([]);
    expect(closure(pair)).toBeUndefined();
    pair.upstream.resumeReading();
    await pair.until(() => pair.of("onResponseDone").length === 1);
    expect(pair.of("onAudio").length).toBeGreaterThan(0);
  });

  test("that reaches its maximum is expired", async () => {
    await using pair = createLoopbackPair({ simulator: { limits: { sessionMsMax: 4_000 } } });
    await ready(pair);
    pair.clock.advance(4_000);
    expect(await closed(pair)).toMatchObject({ reason: "expired", isFatal: false });
    expect(pair.of("onError")[0]?.[0]).toBe("session_expired");
  });

  test("closed by us ends with our own closure, once", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    pair.upstream.close();
    pair.upstream.close();
    expect(closure(pair)).toBeUndefined();
    expect(await closed(pair)).toMatchObject({ reason: "closed_by_us", isFatal: false });
    await pair.until(() => pair.simulator.lines().length === 0);
  });

  test("closed by us ends within a second when the other side does not answer", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    pair.simulator.lines()[0]?.fail({ kind: "stall", afterEvents: 0 });
    pair.upstream.close();
    pair.clock.advance(1_000);
    expect(await closed(pair)).toMatchObject({ reason: "closed_by_us" });
  });

  test("closed before it was opened, or while dialling, ends too", async () => {
    await using unopened = createLoopbackPair();
    unopened.upstream.close();
    expect(await closed(unopened)).toMatchObject({ reason: "closed_by_us" });
    unopened.upstream.open();
    expect(unopened.stats.dials).toBe(0);
    await using dialling = createLoopbackPair();
    dialling.upstream.open();
    dialling.upstream.close();
    expect(await closed(dialling)).toMatchObject({ reason: "closed_by_us" });
  });

  test("ends when its listener throws, and the error is ours", async () => {
    await using pair = createLoopbackPair({
      listener: {
        onCommitted() {
          throw new Error("planted");
        },
      },
    });
    await ready(pair);
    pair.upstream.append(patternAudio(200, 8), 0, 1_600);
    pair.upstream.commit();
    expect(await closed(pair)).toMatchObject({ reason: "protocol", isFatal: true });
  });
});

describe("bad events", () => {
  test.each([
    ["not JSON", "{nonsense", "eventsMalformed"],
    ["no object", "[1,2]", "eventsMalformed"],
    ["no type", '{"event_id":"x"}', "eventsMalformed"],
    ["a delta without an item", '{"type":"response.output_audio.delta"}', "eventsMalformed"],
    ["an unknown type", '{"type":"session.surprise","x":[1]}', "eventsUnknown"],
    ["a type of every object", '{"type":"constructor"}', "eventsUnknown"],
  ] as const)("%s is counted and passed over (T26)", async (_, text, counter) => {
    await using pair = createLoopbackPair();
    await ready(pair);
    pair.simulator.lines()[0]?.fail({ kind: "garbage", afterEvents: 0, text });
    await pair.settle();
    expect(pair.stats[counter]).toBe(1);
    pair.upstream.respond({ instructions: "", tag: "after" });
    await pair.advance(1_000);
    expect(pair.of("onResponseDone")).toHaveLength(1);
  });

  test("one over 1 MiB is counted and passed over (T26)", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    const byteCount = UPSTREAM_MESSAGE_BYTES_MAX + 1;
    pair.simulator.lines()[0]?.fail({ kind: "oversized", afterEvents: 0, byteCount });
    await pair.settle();
    expect(pair.stats.eventsOversized).toBe(1);
    expect(closure(pair)).toBeUndefined();
  });

  test("ten in a row end the session; nine and a good one do not", async () => {
    await using pair = createLoopbackPair();
    await ready(pair);
    const [line] = pair.simulator.lines();
    const spoil = () => line?.fail({ kind: "garbage", afterEvents: 0, text: "?" });
    for (let count = 0; count < 9; count += 1) spoil();
    pair.upstream.clearInput();
    await pair.settle();
    for (let count = 0; count < 9; count += 1) spoil();
    await pair.settle();
    expect(closure(pair)).toBeUndefined();
    spoil();
    expect(await closed(pair)).toEqual({
      reason: "protocol",
      isFatal: true,
      message: "Cannot read the upstream: 10 bad events in a row",
    });
  });
});
