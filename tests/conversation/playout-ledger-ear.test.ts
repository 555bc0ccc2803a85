// The ledger against a simulated ear, on generated calls (fast-check prints the failing one).
// Method: items with starving spells are sent the way the pacer sends; frames reach the ear after a
// constant way; reports come back with a delay; at any moment the line is compared with what the
// ear has heard when a clear sent at that moment arrives (what the caller really got).
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { type LedgerItem, PlayoutLedger } from "../../service/conversation/playout-ledger.ts";
import { TRUNCATE_ERROR_MS_MAX } from "../../service/limits.ts";
import { SimulatedEar } from "./simulated-ear.ts";

const SAMPLES_PER_MS = 8;
const FRAME_MS = 20;
const FRAME_SAMPLES = FRAME_MS * SAMPLES_PER_MS;
const LEAD_FRAMES = 3;
const REPORT_EVERY_SAMPLES = 100 * SAMPLES_PER_MS;

interface Plan {
  /** Frames of each item, in bursts with starving spells (ms) between them. */
  readonly items: readonly { readonly frames: number; readonly starvedMs: number }[];
  readonly wayMs: number;
  readonly isFilled: boolean;
  /** Delay of each report's way back; used in turn. Empty: no reports. */
  readonly reportDelaysMs: readonly number[];
}

interface Report {
  readonly atMs: number;
  readonly item: number;
  readonly samples: number;
}

interface Send {
  readonly atMs: number;
  readonly item: number;
}

/** When each frame is sent: the lead at once, then one per 20 ms; filler (item 0) while starved. */
function sendPlan(plan: Plan): Send[] {
  const sends: Send[] = [];
  let nextMs = 0;
  for (const [index, { frames, starvedMs }] of plan.items.entries()) {
    const starvedFrames = Math.floor(starvedMs / FRAME_MS);
    for (let count = 0; count < starvedFrames && plan.isFilled && index > 0; count += 1) {
      sends.push({ atMs: nextMs + count * FRAME_MS, item: 0 });
    }
    nextMs += starvedMs;
    const isLeadSent = index === 0 || (!plan.isFilled && starvedMs > LEAD_FRAMES * FRAME_MS);
    for (let count = 0; count < frames; count += 1) {
      sends.push({ atMs: nextMs, item: Math.floor(index / 2) + 1 });
      if (!isLeadSent || count >= LEAD_FRAMES - 1) nextMs += FRAME_MS;
    }
  }
  return sends;
}

const RUN_MS_MAX = 20_000;

/** Plays the plan; `look` is called every 7 ms of it. */
function play(plan: Plan, look: (ledger: PlayoutLedger, ear: SimulatedEar, nowMs: number) => void) {
  const ledger = new PlayoutLedger(SAMPLES_PER_MS * 1000);
  const ear = new SimulatedEar(SAMPLES_PER_MS);
  const sends = sendPlan(plan);
  const reports = reportPlan(plan, sends);
  const endMs = Math.min(RUN_MS_MAX, (sends.at(-1)?.atMs ?? 0) + 300);
  let sent = 0;
  let reported = 0;
  for (let nowMs = 0; nowMs <= endMs; nowMs += 1) {
    for (; (sends[sent]?.atMs ?? Infinity) <= nowMs; sent += 1) {
      const item = sends[sent]?.item ?? 0;
      const entry = itemOf(ledger, item);
      const position = entry?.sentSamples ?? 0;
      if (entry !== undefined) entry.generatedSamples += FRAME_SAMPLES;
      ledger.onSent(entry?.number ?? 0, position, FRAME_SAMPLES, nowMs, FRAME_MS);
      ear.onFrame(nowMs + plan.wayMs, item, position, FRAME_SAMPLES);
    }
    for (; (reports[reported]?.atMs ?? Infinity) <= nowMs; reported += 1) {
      const report = reports[reported];
      if (report !== undefined) ledger.onReport(report.item, report.samples, nowMs);
    }
    if (nowMs % 7 === 0) look(ledger, ear, nowMs);
  }
}

function itemOf(ledger: PlayoutLedger, item: number): LedgerItem | undefined {
  if (item === 0) return undefined;
  return ledger.itemFor({ responseId: "r", itemId: `${item}`, contentIndex: 0, turnId: 1 });
}

/** Every 100 ms of an item that the ear has heard, and its end, on their way back in order. */
function reportPlan(plan: Plan, sends: readonly Send[]): Report[] {
  if (plan.reportDelaysMs.length === 0) return [];
  const ear = new SimulatedEar(SAMPLES_PER_MS);
  const sentOf = new Map<number, number>();
  for (const { atMs, item } of sends) {
    const position = sentOf.get(item) ?? 0;
    sentOf.set(item, position + FRAME_SAMPLES);
    ear.onFrame(atMs + plan.wayMs, item, position, FRAME_SAMPLES);
  }
  const reports: Report[] = [];
  let lastMs = 0;
  for (const [item, total] of sentOf) {
    if (item === 0) continue;
    for (let part = 1; (part - 1) * REPORT_EVERY_SAMPLES < total; part += 1) {
      const samples = Math.min(total, part * REPORT_EVERY_SAMPLES);
      const heardMs = ear.heardAtMs(item, samples) ?? 0;
      const delayMs = plan.reportDelaysMs[reports.length % plan.reportDelaysMs.length] ?? 0;
      lastMs = Math.max(lastMs, heardMs + delayMs);
      reports.push({ atMs: lastMs, item, samples });
    }
  }
  return reports;
}

/** Largest error of the line in ms, towards too much and towards too little. */
function errors(plan: Plan): { readonly overMs: number; readonly underMs: number } {
  let overSamples = 0;
  let underSamples = 0;
  play(plan, (ledger, ear, nowMs) => {
    for (const item of ledger.items()) {
      const truth = ear.heardSamples(Number(item.itemId), nowMs + plan.wayMs);
      const line = ledger.heardSamples(item, nowMs);
      overSamples = Math.max(overSamples, line - truth);
      underSamples = Math.max(underSamples, truth - line);
      expect(line).toBeLessThanOrEqual(item.sentSamples);
      expect(line).toBeGreaterThanOrEqual(item.acknowledgedSamples);
    }
  });
  return { overMs: overSamples / SAMPLES_PER_MS, underMs: underSamples / SAMPLES_PER_MS };
}

const item = fc.record({
  frames: fc.integer({ min: 1, max: 60 }),
  starvedMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 700 })),
});

const base = {
  items: fc.array(item, { minLength: 1, maxLength: 5 }),
  wayMs: fc.integer({ min: 0, max: 80 }),
  isFilled: fc.boolean(),
};

describe("PlayoutLedger against an ear that plays in real time", () => {
  test("without reports the line is the ear's, to the sample", () => {
    const plans = fc.record({ ...base, reportDelaysMs: fc.constant([]) });
    fc.assert(
      fc.property(plans, (plan) => {
        expect(errors(plan)).toEqual({ overMs: 0, underMs: 0 });
      }),
      { numRuns: 60 },
    );
  });

  test("reports of any steady delay to 150 ms leave it within 20 ms and never beyond", () => {
    const delay = fc.integer({ min: 0, max: 150 }).chain((delayMs) => {
      const jitterMs = fc.integer({ min: 0, max: 15 });
      return fc
        .array(jitterMs, { minLength: 1, maxLength: 9 })
        .map((all) => all.map((jitter) => delayMs + jitter));
    });
    const plans = fc.record({ ...base, wayMs: fc.constant(0), reportDelaysMs: delay });
    fc.assert(
      fc.property(plans, (plan) => {
        const { overMs, underMs } = errors(plan);
        expect(overMs).toBe(0);
        expect(underMs).toBeLessThanOrEqual(TRUNCATE_ERROR_MS_MAX);
      }),
      { numRuns: 60 },
    );
  });

  test("reports whose delay jumps about in 0..150 ms: never beyond, at most a jump too little", () => {
    const delay = fc.array(fc.integer({ min: 0, max: 150 }), { minLength: 1, maxLength: 12 });
    const plans = fc.record({ ...base, reportDelaysMs: delay });
    fc.assert(
      fc.property(plans, (plan) => {
        const { overMs, underMs } = errors(plan);
        expect(overMs).toBe(0);
        expect(underMs).toBeLessThanOrEqual(150);
      }),
      { numRuns: 60 },
    );
  });
});
