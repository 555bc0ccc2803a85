// Goal: events come out whole however their bytes are cut, and never larger than allowed.
// Method: the examples of the standard (WHATWG HTML 9.2.6), every cut of one stream, fast-check.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventStreamReader } from "../../service/provider/event-stream.ts";

function read(bytes: Uint8Array, cuts: readonly number[], eventBytesMax = 1_000): string[] {
  const reader = new EventStreamReader(eventBytesMax);
  const places = [0, ...cuts.toSorted((first, second) => first - second), bytes.length];
  const events = places
    .slice(1)
    .flatMap((end, index) => reader.push(bytes.subarray(places[index] ?? 0, end)));
  return [...events, ...reader.end()].map(({ name, data }) => `${name}|${data}`);
}

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("EventStreamReader", () => {
  test("reads the standard's examples", () => {
    const text = [
      "data: YHOO\ndata: +2\ndata: 10\n\n",
      ": test stream\n\ndata: first event\nid: 1\n\n",
      "data:second event\nid\n\ndata:  third event\n\n",
      "event: add\ndata: 73857293\n\n",
    ].join("");
    expect(read(bytesOf(text), [])).toEqual([
      "message|YHOO\n+2\n10",
      "message|first event",
      "message|second event",
      "message| third event",
      "add|73857293",
    ]);
  });

  test("takes CR, LF and both as line ends, a byte order mark, and a last event without its blank line", () => {
    expect(read(bytesOf("\ufeffdata: a\r\rdata: b\r\n\r\ndata: c\n\ndata: d"), [])).toEqual([
      "message|a",
      "message|b",
      "message|c",
      "message|d",
    ]);
  });

  test("gives the same events wherever one stream is cut, also inside a letter and inside CR LF", () => {
    const bytes = bytesOf("event: x\r\ndata: grün 🙂\r\n\r\n: note\r\ndata: 2\r\ndata: 3\r\n\r\n");
    const whole = read(bytes, []);
    expect(whole).toEqual(["x|grün 🙂", "message|2\n3"]);
    for (let cut = 0; cut <= bytes.length; cut += 1) expect(read(bytes, [cut])).toEqual(whole);
  });

  test("gives the same events for any cuts of any text", () => {
    const line = fc.constantFrom("data: a", "data:", "event: e", ":c", "", "id: 4", "data: ü", "x");
    const end = fc.constantFrom("\n", "\r", "\r\n");
    const stream = fc.array(fc.tuple(line, end), { maxLength: 20 });
    fc.assert(
      fc.property(stream, fc.array(fc.nat(200), { maxLength: 6 }), (lines, cuts) => {
        const bytes = bytesOf(lines.flat().join(""));
        const inside = cuts.map((cut) => Math.min(cut, bytes.length));
        expect(read(bytes, inside)).toEqual(read(bytes, []));
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  test("stops at an event over the limit, on one line or on many, and keeps nothing of it", () => {
    for (const text of [`data: ${"x".repeat(200)}`, "data: xxxxxxxxx\n".repeat(20)]) {
      const reader = new EventStreamReader(100);
      const events = reader.push(bytesOf(`data: ok\n\n${text}`));
      expect(events.map(({ data }) => data)).toEqual(["ok"]);
      expect(reader.isTooLong()).toBe(true);
      expect(reader.push(bytesOf("\n\ndata: more\n\n"))).toEqual([]);
      expect(reader.end()).toEqual([]);
    }
  });

  test("an event exactly at the limit is taken", () => {
    const reader = new EventStreamReader(10);
    expect(reader.push(bytesOf("data: 1234\n\n")).map(({ data }) => data)).toEqual(["1234"]);
    expect(reader.isTooLong()).toBe(false);
  });
});
