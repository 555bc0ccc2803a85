// Goal: whatever commands come, in whatever order and at whatever times, a simulated session never
// throws and keeps the rules that a client relies on.
// Method: sessions without sockets, random commands and waits from fast-check (which prints its
// seed and shrinks what fails); after each step the invariants, at the end the totals.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { SIMULATOR_LIMITS } from "../../service/simulator/simulator-options.ts";
import { createSimulatorSession } from "../../service/simulator/simulator-session.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

type Step =
  | { readonly waitMs: number; readonly isInterruption?: boolean }
  | { readonly command: Readonly<Record<string, unknown>> };

interface Sent {
  readonly type: string;
  readonly response?: { readonly id: string; readonly conversation_id?: string };
  readonly response_id?: string;
  readonly item_id?: string;
  readonly delta?: string;
}

const turnDetection = fc.constantFrom(
  null,
  { type: "server_vad" },
  { type: "server_vad", create_response: false, interrupt_response: false },
  { type: "semantic_vad", eagerness: "high" },
);
const format = fc.constantFrom(
  { type: "audio/pcm", rate: 24_000 },
  { type: "audio/pcmu" },
  { type: "audio/pcma" },
);

/** Names an item by its place among those the session has made so far, or one that is not there. */
const itemPlace = fc.integer({ min: 0, max: 12 }).map((place) => `#${place}`);

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.oneof(fc.nat({ max: 30 }), fc.nat({ max: 700 })).map((waitMs) => ({ waitMs })),
  // Talk, answer and interrupt in one go, at any point of the answer: rare by chance alone.
  fc.nat({ max: 200 }).map((waitMs) => ({ waitMs, isInterruption: true })),
  fc
    .record({ level: fc.integer({ min: 0, max: 255 }), byteCount: fc.nat({ max: 9_000 }) })
    .map(({ level, byteCount }) => ({
      command: {
        type: "input_audio_buffer.append",
        audio: Buffer.alloc(byteCount, level).toString("base64"),
      },
    })),
  fc
    .constantFrom(
      { type: "input_audio_buffer.commit" },
      { type: "input_audio_buffer.clear" },
      { type: "response.create" },
      { type: "response.create", response: { conversation: "none" } },
      { type: "response.create", response: { output_modalities: ["text"] } },
      { type: "response.cancel" },
    )
    .map((command) => ({ command })),
  fc
    .record({ turn_detection: turnDetection, format, output: format })
    .map(({ turn_detection, format: input, output }) => ({
      command: {
        type: "session.update",
        session: {
          type: "realtime",
          audio: { input: { turn_detection, format: input }, output: { format: output } },
        },
      },
    })),
  fc.record({ item_id: itemPlace, audio_end_ms: fc.nat({ max: 3_000 }) }).map((fields) => ({
    command: { type: "conversation.item.truncate", content_index: 0, ...fields },
  })),
  itemPlace.map((item_id) => ({ command: { type: "conversation.item.delete", item_id } })),
  itemPlace.map((item_id) => ({ command: { type: "conversation.item.retrieve", item_id } })),
);

const QUICK_TURN = [
  { type: "input_audio_buffer.clear" },
  { type: "input_audio_buffer.append", audio: Buffer.alloc(24_000, 1).toString("base64") },
  { type: "input_audio_buffer.commit" },
  { type: "response.create" },
].map((command) => JSON.stringify(command));
const CANCEL = JSON.stringify({ type: "response.cancel" });

function playSession(steps: readonly Step[], seed: number): readonly Sent[] {
  const clock = createSteppedClock();
  const sent: Sent[] = [];
  const itemIds: string[] = [];
  const session = createSimulatorSession({
    clock,
    random: createSeededRandom(seed),
    limits: { ...SIMULATOR_LIMITS, answerMsMax: 3_000 },
    script: undefined,
    isSecondResponseIgnored: false,
    sessionId: "sess_1",
    kind: "realtime",
    model: "m",
    recorder: undefined,
    sendText(text) {
      const event = JSON.parse(text);
      sent.push(event);
      if (event.type === "conversation.item.added") itemIds.push(event.item.id);
    },
    close: () => undefined,
    onCommandRefused: () => undefined,
  });
  session.open();
  for (const each of steps) {
    if ("waitMs" in each) {
      if (each.isInterruption) for (const command of QUICK_TURN) session.onText(command);
      clock.advance(each.waitMs);
      if (each.isInterruption) session.onText(CANCEL);
    } else {
      const place = String(each.command["item_id"] ?? "").replace("#", "");
      const item_id = itemIds[Number(place)] ?? "item_none";
      const command = "item_id" in each.command ? { ...each.command, item_id } : each.command;
      session.onText(JSON.stringify(command));
    }
  }
  // Long enough for the longest answer, and short of the session's end.
  clock.advance(10_000);
  session.drop();
  expect(clock.pendingTimers()).toBe(0);
  return sent;
}

/**
 * Audio and ends of responses in the order sent: who is active, and nothing outside its response.
 */
function checkResponses(sent: readonly Sent[]): void {
  const open = new Map<string, boolean>();
  const over = new Set<string>();
  for (const event of sent) {
    const id = event.response?.id ?? event.response_id ?? "";
    if (event.type === "response.created") {
      expect(over.has(id) || open.has(id)).toBe(false);
      open.set(id, event.response?.conversation_id !== undefined);
      expect([...open.values()].filter(Boolean).length).toBeLessThanOrEqual(1);
    } else if (event.type === "response.done") {
      expect(open.delete(id)).toBe(true);
      over.add(id);
    } else if (event.type.startsWith("response.")) {
      expect(open.has(id)).toBe(true);
    }
  }
  expect(open.size).toBe(0);
}

describe("a simulated session", () => {
  test("keeps its rules under any commands", () => {
    const steps = fc.array(step, { maxLength: 60 });
    fc.assert(
      fc.property(steps, fc.nat(), (each, seed) => checkResponses(playSession(each, seed))),
      { numRuns: 300 },
    );
  });

  test("gives the same events for the same seed", () => {
    const steps = fc.array(step, { maxLength: 30 });
    fc.assert(
      fc.property(steps, fc.nat(), (each, seed) => {
        expect(playSession(each, seed)).toEqual(playSession(each, seed));
      }),
      { numRuns: 30 },
    );
  });
});
