// Goal: nothing a peer sends makes the parsers of the Realtime protocol throw or report what was
// not said. Method: fast-check, which prints seed and counterexample; any text, any JSON, and
// events of the protocol with one field replaced by anything.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parseRealtimeCommand } from "../../service/wire/realtime-command-schema.ts";
import { parseRealtimeEvent } from "../../service/wire/realtime-events.ts";

const EVENTS: readonly Readonly<Record<string, unknown>>[] = [
  { type: "error", error: { type: "t", code: "c", message: "m", event_id: "commit-1" } },
  {
    type: "session.updated",
    session: { audio: { input: { turn_detection: null, format: { type: "audio/pcmu" } } } },
  },
  { type: "input_audio_buffer.committed", item_id: "i" },
  { type: "response.created", response: { id: "r", metadata: { tag: "t" } } },
  { type: "response.output_audio.delta", response_id: "r", item_id: "i", delta: "AAAA" },
  { type: "response.output_item.done", response_id: "r", item: { type: "function_call" } },
  {
    type: "response.done",
    response: { id: "r", status: "completed", usage: { input_tokens: 1 }, output: [{}] },
  },
];

const COMMANDS: readonly Readonly<Record<string, unknown>>[] = [
  { type: "session.update", session: { type: "realtime", audio: { input: {} } } },
  { type: "input_audio_buffer.append", audio: "AAAA" },
  { type: "response.create", response: { metadata: { tag: "t" } } },
  { type: "conversation.item.truncate", item_id: "i", content_index: 0, audio_end_ms: 1 },
  {
    type: "conversation.item.create",
    item: { type: "message", role: "user", content: [{ type: "input_text", text: "a" }] },
  },
];

/** One of `values`, with a field, at the top or one below, replaced by any JSON. */
function spoiled(values: readonly Readonly<Record<string, unknown>>[]) {
  return fc.tuple(fc.constantFrom(...values), fc.nat(), fc.nat(), fc.jsonValue()).map((parts) => {
    const [value, outer, inner, anything] = parts;
    const keys = Object.keys(value);
    const key = keys[outer % keys.length] ?? "type";
    const below = value[key];
    if (typeof below !== "object" || below === null || inner % 2 === 0) {
      return { ...value, [key]: anything };
    }
    const keysBelow = Object.keys(below);
    return {
      ...value,
      [key]: { ...below, [keysBelow[inner % keysBelow.length] ?? "x"]: anything },
    };
  });
}

describe("parseRealtimeEvent()", () => {
  test("never throws on any text", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (text) => {
        expect(["malformed", "unknown"]).toContain(parseRealtimeEvent(text).kind);
      }),
    );
  });

  test("never throws on any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        parseRealtimeEvent(new TextDecoder().decode(bytes));
      }),
    );
  });

  test("never throws on any JSON", () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(["malformed", "unknown"]).toContain(parseRealtimeEvent(text).kind);
      }),
    );
  });

  test("never throws on a spoiled event, and its fields keep their types (T26)", () => {
    fc.assert(
      fc.property(spoiled(EVENTS), (value) => {
        const event = parseRealtimeEvent(JSON.stringify(value));
        if (event.kind === "audio_delta") expect(event.itemId).not.toBe("");
        if (event.kind === "error") expect(event.code).toMatch(/^[\w.-]{1,64}$/);
        if (event.kind === "response_done") {
          expect(Number.isFinite(event.inputTokens)).toBe(true);
          expect(event.inputTokens).toBeGreaterThanOrEqual(0);
        }
      }),
      { numRuns: 1_000 },
    );
  });

  test("survives JSON nested as deep as a message can be", () => {
    const depth = 500_000;
    const text = `{"type":"response.done","response":${"[".repeat(depth)}${"]".repeat(depth)}}`;
    expect(parseRealtimeEvent(text).kind).toBe("malformed");
  });

  test("a tool call that was cut off is not one", () => {
    const item = { type: "function_call", call_id: "c", name: "n", arguments: "{" };
    const event = { type: "response.output_item.done", response_id: "r" };
    const parse = (status: string) =>
      parseRealtimeEvent(JSON.stringify({ ...event, item: { ...item, status } })).kind;
    expect(parse("incomplete")).toBe("known");
    expect(parse("completed")).toBe("tool_call");
  });
});

describe("parseRealtimeCommand()", () => {
  test("never throws, and every refusal has a code and a text", () => {
    const texts = fc.oneof(
      fc.string({ unit: "binary" }),
      fc.json(),
      spoiled(COMMANDS).map((value) => JSON.stringify(value)),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const parsed = parseRealtimeCommand(text);
        if (parsed.isTaken) return;
        expect(parsed.refusal.code).not.toBe("");
        expect(parsed.refusal.message).not.toBe("");
      }),
      { numRuns: 1_000 },
    );
  });
});
