// Every message a caller may send, in both subprotocols, and arbitrary bytes and text: nothing
// throws, nothing takes long, nothing touches a prototype.
import { describe, expect, test } from "bun:test";
import { create, type MessageInitShape, toBinary, toJsonString } from "@bufbuild/protobuf";
import fc from "fast-check";
import {
  ClientFrameSchema,
  Encoding,
  Lane,
  TurnDetection,
} from "../../gen/voxbridge/v1/stream_pb.ts";
import { decodeClientFrame, decodeClientJson } from "../../service/wire/client-frame.ts";

type Message = NonNullable<MessageInitShape<typeof ClientFrameSchema>["message"]>;

function bothWays(message: Message): readonly unknown[] {
  const frame = create(ClientFrameSchema, { message });
  return [
    decodeClientFrame(toBinary(ClientFrameSchema, frame)),
    decodeClientJson(toJsonString(ClientFrameSchema, frame)),
  ];
}

describe("decodeClientFrame() and decodeClientJson()", () => {
  test("read every message alike", () => {
    const data = Uint8Array.of(1, 2, 3);
    const pairs: readonly (readonly [Message, unknown])[] = [
      [
        { case: "audio", value: { sequence: 1, captureMs: 20, data } },
        { kind: "audio", sequence: 1, captureMs: 20, data },
      ],
      [
        { case: "played", value: { item: 1, samples: 2, generation: 3 } },
        { kind: "played", item: 1, samples: 2, generation: 3 },
      ],
      [{ case: "interrupt", value: {} }, { kind: "interrupt" }],
      [{ case: "endOfTurn", value: {} }, { kind: "end_of_turn" }],
      [
        { case: "text", value: { text: "hi" } },
        { kind: "text", text: "hi" },
      ],
      [
        { case: "dtmf", value: { digits: "0*#D" } },
        { kind: "dtmf", digits: "0*#D" },
      ],
      [
        { case: "update", value: { lane: Lane.BIG, turnDetection: TurnDetection.HYBRID } },
        { kind: "update", lane: "big", turnDetection: "hybrid" },
      ],
      [
        { case: "update", value: {} },
        { kind: "update", lane: undefined, turnDetection: undefined },
      ],
      [
        { case: "end", value: { reason: "bye" } },
        { kind: "end", reason: "bye" },
      ],
    ];
    for (const [message, wanted] of pairs) expect(bothWays(message)).toEqual([wanted, wanted]);
  });

  test("read a start with everything in it", () => {
    const wanted = {
      kind: "start",
      encoding: "alaw",
      rateHz: 8000,
      channels: 1,
      lane: "fast",
      turnDetection: "semantic_vad",
      voice: "marin",
      instructions: "be brief",
      greeting: "hello",
      isGreetingProtected: true,
      vadEngine: "core",
      metadata: new Map([["tenant", "t1"]]),
      callerToken: "token",
      problem: undefined,
    };
    const value = {
      encoding: Encoding.ALAW,
      sampleRateHz: 8000,
      channels: 0,
      lane: Lane.FAST,
      turnDetection: TurnDetection.SEMANTIC_VAD,
      voice: "marin",
      instructions: "be brief",
      greeting: "hello",
      greetingProtected: true,
      metadata: { tenant: "t1" },
      callerToken: "token",
      vadEngine: "core",
    };
    expect(bothWays({ case: "start", value })).toEqual([wanted, wanted]);
  });

  test("name the first field of a start that is too long", () => {
    const long = "x".repeat(33 * 1024);
    for (const [field, value] of [
      ["voice", { voice: long }],
      ["vad_engine", { vadEngine: long }],
      ["instructions", { instructions: "ä".repeat(8 * 1024 + 1) }],
      ["greeting", { greeting: "x".repeat(2 * 1024 + 1) }],
      ["caller_token", { callerToken: "x".repeat(4 * 1024 + 1) }],
      ["metadata", { metadata: { key: "x".repeat(8 * 1024) } }],
    ] as const) {
      const [message] = bothWays({ case: "start", value });
      expect((message as { problem: string }).problem).toContain(`${field} is `);
    }
  });

  test("know nothing of later versions and say so", () => {
    expect(decodeClientFrame(new Uint8Array(0))).toEqual({ kind: "unknown" });
    expect(decodeClientFrame(Uint8Array.of(0xe2, 0x02, 0x00))).toEqual({ kind: "unknown" });
    expect(decodeClientJson("{}")).toEqual({ kind: "unknown" });
    expect(decodeClientJson('{"later":{}}')).toEqual({ kind: "unknown" });
  });

  test("T14: never throw on arbitrary or damaged bytes", () => {
    const frame = create(ClientFrameSchema, {
      message: {
        case: "start",
        value: { encoding: 1, sampleRateHz: 16_000, metadata: { a: "b", c: "d" }, voice: "v" },
      },
    });
    const valid = toBinary(ClientFrameSchema, frame);
    const damaged = fc
      .array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map((hits) => {
        const bytes = Uint8Array.from(valid);
        for (const [at, byte] of hits) bytes[at] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), damaged), (bytes) => {
        expect(typeof decodeClientFrame(bytes).kind).toBe("string");
      }),
      { numRuns: 10_000 },
    );
  });

  test("T14: refuse deep nesting, endless lengths and long varints", () => {
    // A group that opens 64 Ki times, a length of 2^32-1, an eleven-byte varint.
    for (const bytes of [
      new Uint8Array(64 * 1024).fill(0x0b),
      Uint8Array.of(0x0a, 0xff, 0xff, 0xff, 0xff, 0x0f),
      Uint8Array.of(0x0a, ...new Array<number>(11).fill(0xff)),
    ]) {
      expect(decodeClientFrame(bytes)).toEqual({ kind: "undecodable" });
    }
  });

  test("T14: never throw on arbitrary JSON, nor change a prototype", () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json({ maxDepth: 5 }),
      fc
        .tuple(fc.constantFrom("audio", "start", "played", "text", "dtmf"), fc.jsonValue())
        .map(([name, value]) => JSON.stringify({ [name]: value })),
    );
    fc.assert(
      fc.property(anything, (text) => {
        expect(typeof decodeClientJson(text).kind).toBe("string");
      }),
      { numRuns: 5_000 },
    );
    decodeClientJson('{"start":{"metadata":{"__proto__":"polluted"}},"__proto__":{"polluted":1}}');
    expect("polluted" in {}).toBe(false);
  });
});
