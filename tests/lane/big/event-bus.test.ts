// Goal: the bus tells everybody, in order, never twice, and nobody can hurt anybody else.
// Method: plain events on a stepped clock.
import { describe, expect, test } from "bun:test";
import type { CallEvent } from "../../../service/contract/call-events.ts";
import { EventBus, RING_EVENTS } from "../../../service/lane/big/event-bus.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

const STARTED: CallEvent = { kind: "provider_speech_started", audioMs: 100 };
const STOPPED: CallEvent = { kind: "provider_speech_stopped", audioMs: 900 };

function makeBus() {
  const clock = createSteppedClock();
  const faults: string[] = [];
  const onFault = (fault: string, detail: string) => void faults.push(`${fault} ${detail}`);
  return { clock, faults, bus: new EventBus(clock, { onFault }) };
}

describe("EventBus", () => {
  test("S4-C11: subscribe() hears its kind, `*` hears all, unsubscribe() ends it", () => {
    const { bus } = makeBus();
    const heard: string[] = [];
    const id = bus.subscribe("provider_speech_started", () => heard.push("started"));
    bus.subscribe("*", (event) => heard.push(event.kind));
    bus.emit(STARTED);
    bus.emit(STOPPED);
    bus.unsubscribe(id);
    bus.unsubscribe(id);
    bus.emit(STARTED);
    expect(heard).toEqual([
      "started",
      "provider_speech_started",
      "provider_speech_stopped",
      "provider_speech_started",
    ]);
  });

  test("an event emitted by a handler comes after the one being told", () => {
    const { bus } = makeBus();
    const heard: string[] = [];
    bus.subscribe("provider_speech_started", () => bus.emit(STOPPED));
    bus.subscribe("*", (event) => heard.push(event.kind));
    bus.emit(STARTED);
    expect(heard).toEqual(["provider_speech_started", "provider_speech_stopped"]);
  });

  test("a handler that throws is counted, the others hear the event", () => {
    const { bus, faults } = makeBus();
    let count = 0;
    bus.subscribe("*", () => {
      throw new Error("not mine");
    });
    bus.subscribe("*", () => {
      count += 1;
    });
    bus.emit(STARTED);
    expect(count).toBe(1);
    expect(faults).toEqual(["event_handler_threw provider_speech_started: Error: not mine"]);
  });

  test("S4-C11: a handler may be asynchronous; one that rejects is counted, nobody waits for it", async () => {
    const { bus, faults } = makeBus();
    const heard: string[] = [];
    bus.subscribe("*", async ({ kind }) => {
      await Promise.resolve();
      heard.push(kind);
      throw new Error("not mine");
    });
    bus.emit(STARTED);
    expect(heard).toEqual([]);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
    expect(heard).toEqual(["provider_speech_started"]);
    expect(faults).toEqual(["event_handler_threw provider_speech_started: Error: not mine"]);
  });

  test("S4-54: the ring is bounded: a handler that floods it loses events, counted, and it ends", () => {
    const { bus, faults } = makeBus();
    let isFlooding = true;
    bus.subscribe("*", () => {
      if (!isFlooding) return;
      isFlooding = false;
      for (let index = 0; index < RING_EVENTS + 10; index += 1) bus.emit(STOPPED);
    });
    bus.emit(STARTED);
    expect(faults).toEqual(Array(10).fill("event_lost provider_speech_stopped"));
  });

  test("S4-C11: waitFor() gives the next event of its kind, null when time runs out or the call ends", async () => {
    const { bus, clock } = makeBus();
    const first = bus.waitFor("provider_speech_stopped", 1000);
    bus.emit(STARTED);
    bus.emit(STOPPED);
    expect(await first).toEqual(STOPPED);
    const late = bus.waitFor("provider_speech_started", 1000);
    clock.advance(1000);
    expect(await late).toBeNull();
    const cut = bus.waitFor("provider_speech_started", 1000);
    bus.close();
    expect(await cut).toBeNull();
    expect(clock.pendingTimers()).toBe(0);
  });
});
