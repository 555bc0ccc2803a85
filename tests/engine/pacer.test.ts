// Goal: one drift-free chain of timers wakes every active seat each 20 ms, spread over four phases,
// and sleeps when nobody is active (decision 9, S1-81, S1-83).
// Method: seats that write down when they are woken, on a virtual clock that can stall.
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { createEngineMetrics } from "../../service/engine/engine-metrics.ts";
import { createPacer, type PacerClient } from "../../service/engine/pacer.ts";
import { createBusyClock, createCountedMetrics } from "./engine-fixture.ts";

class Sleeper implements PacerClient {
  readonly ticks: number[] = [];
  readonly faults: unknown[] = [];
  act: (() => void) | null = null;

  onTick(nowMs: number): void {
    this.ticks.push(nowMs);
    this.act?.();
  }

  onFault(error: unknown): void {
    this.faults.push(error);
  }
}

function makePacer() {
  const clock = createBusyClock();
  const metrics = createCountedMetrics();
  const pacer = createPacer(clock, createEngineMetrics(metrics));
  const seat = () => {
    const sleeper = new Sleeper();
    return { sleeper, seat: pacer.seat(sleeper) };
  };
  return { clock, metrics, pacer, seat };
}

describe("pacer", () => {
  test("a lone seat is woken at once, then every 20 ms, by one timer", () => {
    const { clock, seat } = makePacer();
    const { sleeper, seat: place } = seat();
    clock.advance(7);
    expect(clock.pendingTimers()).toBe(0);
    place.activate();
    expect(sleeper.ticks).toEqual([]);
    expect(clock.pendingTimers()).toBe(1);
    clock.advance(70);
    expect(sleeper.ticks).toEqual([7, 27, 47, 67]);
    place.deactivate();
    expect(clock.pendingTimers()).toBe(0);
    clock.advance(100);
    expect(sleeper.ticks).toHaveLength(4);
  });

  test("a further seat waits at most 5 ms for its first turn", () => {
    const { clock, seat } = makePacer();
    seat().seat.activate();
    for (const atMs of [1, 3.7, 11, 18, 19.999]) {
      clock.advance(atMs);
      const { sleeper, seat: place } = seat();
      const startMs = clock.nowMs();
      place.activate();
      clock.advance(5);
      expect(sleeper.ticks).toHaveLength(1);
      expect((sleeper.ticks[0] ?? 0) - startMs).toBeLessThanOrEqual(5);
    }
  });

  test("a seat that takes a phase slept through is not woken early", () => {
    const { clock, pacer, seat } = makePacer();
    for (let count = 0; count < 8; count += 1) seat().seat.activate();
    clock.advance(11);
    const late = seat();
    late.seat.activate();
    expect(pacer.seatsOfPhase(3)).toBe(1);
    clock.advance(29);
    expect(late.sleeper.ticks).toEqual([15, 35]);
  });

  test("seats that come at the same moment are spread over the phases", () => {
    const { clock, pacer, seat } = makePacer();
    for (let count = 0; count < 1000; count += 1) seat().seat.activate();
    const seats = [0, 1, 2, 3].map((phase) => pacer.seatsOfPhase(phase));
    expect(seats.reduce((sum, count) => sum + count, 0)).toBe(1000);
    expect(Math.max(...seats) - Math.min(...seats)).toBeLessThanOrEqual(8);
    clock.advance(100);
  });

  test("lateness does not add up: after an hour of late wake-ups the turn is still on the grid", () => {
    const { clock, metrics, seat } = makePacer();
    const { sleeper, seat: place } = seat();
    place.activate();
    for (let step = 0; step < 90_000; step += 1) {
      clock.stall(20 + (step % 7));
      clock.advance(40 - 20 - (step % 7));
    }
    expect(sleeper.ticks.at(-1)).toBe(3_600_000);
    expect(metrics.observed("voxbridge_pacer_lateness_ms").length).toBe(sleeper.ticks.length);
  }, 20_000);

  test("random stalls: a seat is woken once after a stall, and the lateness is observed", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1000 }), { maxLength: 20 }), (stalls) => {
        const { clock, metrics, seat } = makePacer();
        const seats = [seat(), seat(), seat()];
        for (const { seat: place } of seats) place.activate();
        clock.advance(0);
        for (const stallMs of stalls) {
          const before = seats.map(({ sleeper }) => sleeper.ticks.length);
          clock.stall(stallMs);
          for (const [index, { sleeper }] of seats.entries()) {
            expect(sleeper.ticks.length - (before[index] ?? 0)).toBeLessThanOrEqual(1);
          }
          clock.advance(20);
        }
        const late = metrics.observed("voxbridge_pacer_lateness_ms");
        expect(Math.max(0, ...late)).toBeLessThanOrEqual(Math.max(0, ...stalls));
      }),
      { numRuns: 50 },
    );
  });

  test("a seat that throws loses its place; its neighbours on the wheel do not notice", () => {
    const { clock, metrics, seat } = makePacer();
    const seats = Array.from({ length: 12 }, () => seat());
    for (const { seat: place } of seats) place.activate();
    const bad = seats[5];
    if (bad === undefined) throw new Error("twelve seats were made");
    bad.sleeper.act = () => {
      throw new Error("planted");
    };
    clock.advance(100);
    expect(bad.sleeper.ticks).toHaveLength(1);
    expect(bad.sleeper.faults).toHaveLength(1);
    expect(bad.seat.isActive).toBe(false);
    for (const { sleeper } of seats.filter((other) => other !== bad)) {
      expect(sleeper.ticks.length).toBeGreaterThanOrEqual(5);
    }
    expect(metrics.value("voxbridge_engine_faults_total")).toBe(1);
  });

  test("seats may come and go from within a turn", () => {
    const { clock, seat } = makePacer();
    const seats = Array.from({ length: 6 }, () => seat());
    for (const { seat: place } of seats) place.activate();
    const [first, second, third] = seats;
    if (first === undefined || second === undefined || third === undefined) throw new Error("six");
    first.sleeper.act = () => first.seat.deactivate();
    second.sleeper.act = () => third.seat.deactivate();
    third.sleeper.act = () => first.seat.activate();
    clock.advance(500);
    expect(third.seat.isActive).toBe(false);
    for (const { sleeper } of seats.slice(3)) expect(sleeper.ticks).toHaveLength(26);
    for (const { seat: place } of seats) place.deactivate();
    expect(clock.pendingTimers()).toBe(0);
  });

  test("a platform timer that fires early is waited out", () => {
    const { clock, metrics } = makePacer();
    const early = {
      ...clock,
      setTimer: (delayMs: number, callback: () => void) =>
        clock.setTimer(delayMs > 1 ? delayMs - 0.8 : delayMs, callback),
    };
    const pacer = createPacer(early, createEngineMetrics(metrics));
    const sleeper = new Sleeper();
    pacer.seat(sleeper).activate();
    clock.advance(100.5);
    for (const [index, tickMs] of sleeper.ticks.entries()) {
      expect(tickMs).toBeGreaterThanOrEqual(index * 20 - 1e-6);
    }
  });
});
