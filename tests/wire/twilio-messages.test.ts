// The fixed scanner against JSON.parse, which is the reference; the writer read back by JSON.parse;
// arbitrary text never throws. Shapes are those of Twilio's message reference.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import {
  base64Bytes,
  createTwilioMedia,
  createTwilioWriter,
  decodeTwilioMessage,
  markName,
  parseMarkName,
  scanTwilioMedia,
} from "../../service/wire/twilio-messages.ts";

const SID = "MZ00000000000000000000000000000001";

function mediaText(chunk: number, timestamp: number, payload: string, streamSid = SID): string {
  return (
    `{"event":"media","sequenceNumber":"${chunk + 1}","media":{"track":"inbound",` +
    `"chunk":"${chunk}","timestamp":"${timestamp}","payload":"${payload}"},` +
    `"streamSid":"${streamSid}"}`
  );
}

const base64 = fc
  .uint8Array({ maxLength: 400 })
  .map((bytes) => Buffer.from(bytes).toString("base64"));

describe("scanTwilioMedia()", () => {
  test("reads what Twilio writes", () => {
    const media = createTwilioMedia();
    fc.assert(
      fc.property(fc.nat(1e9), fc.nat(1e9), base64, (chunk, timestampMs, payload) => {
        expect(scanTwilioMedia(mediaText(chunk, timestampMs, payload), SID, media)).toBe(true);
        expect(media).toEqual({ payload, timestampMs, chunk });
      }),
    );
  });

  test("leaves other writing and other streams to JSON.parse", () => {
    const media = createTwilioMedia();
    const text = mediaText(1, 5, "AAAA");
    for (const other of [
      JSON.stringify(JSON.parse(text), null, 1),
      text.replace("inbound", "outbound"),
      text.replace('"chunk":"1"', '"chunk":1'),
      text.replace('"1"', '"-1"'),
      text.replace("AAAA", "AA\\/A"),
      text.replace(SID, `${SID}x`),
      `${text} `,
      text.slice(0, -1),
      mediaText(1, 5, "AAAA", "MZother"),
    ]) {
      expect(scanTwilioMedia(other, SID, media)).toBe(false);
    }
  });

  test("agrees with JSON.parse on damaged messages, or says nothing", () => {
    const media = createTwilioMedia();
    const damage = fc.array(fc.tuple(fc.nat(200), fc.string({ maxLength: 2 })), { maxLength: 3 });
    const property = fc.property(base64, damage, (payload, hits) => {
      let text = mediaText(3, 45, payload);
      for (const [at, piece] of hits) text = text.slice(0, at) + piece + text.slice(at + 1);
      if (!scanTwilioMedia(text, SID, media)) return;
      // The scanner does not look at the payload's characters; base64Bytes does that next.
      if (base64Bytes(media.payload) < 0) return;
      expect(decodeTwilioMessage(text)).toEqual({
        kind: "media",
        streamSid: SID,
        track: "inbound",
        ...media,
      });
    });
    fc.assert(property, { numRuns: 5_000 });
  });
});

describe("decodeTwilioMessage()", () => {
  test("reads every message of the protocol", () => {
    const start = {
      event: "start",
      sequenceNumber: "1",
      start: {
        accountSid: "AC1",
        streamSid: SID,
        callSid: "CA1",
        tracks: ["inbound"],
        mediaFormat: { encoding: "audio/x-mulaw", sampleRate: 8000, channels: 1 },
        customParameters: { tenant: "t1", __proto__x: "y" },
      },
      streamSid: SID,
    };
    const messages = [
      { event: "connected", protocol: "Call", version: "1.0.0" },
      start,
      { event: "dtmf", streamSid: SID, sequenceNumber: "5", dtmf: { track: "x", digit: "#" } },
      { event: "mark", sequenceNumber: "4", streamSid: SID, mark: { name: "m" } },
      { event: "stop", sequenceNumber: "9", streamSid: SID, stop: { callSid: "CA1" } },
      { event: "later" },
    ];
    expect(messages.map((message) => decodeTwilioMessage(JSON.stringify(message)))).toEqual([
      { kind: "connected" },
      {
        kind: "start",
        streamSid: SID,
        callSid: "CA1",
        encoding: "audio/x-mulaw",
        rateHz: 8000,
        channels: 1,
        customParameters: new Map([
          ["tenant", "t1"],
          ["__proto__x", "y"],
        ]),
      },
      { kind: "dtmf", streamSid: SID, digit: "#" },
      { kind: "mark", streamSid: SID, name: "m" },
      { kind: "stop", streamSid: SID },
      { kind: "unknown" },
    ]);
  });

  test("never throws and changes no prototype, whatever the text", () => {
    const anything = fc.oneof(
      fc.string({ maxLength: 200 }),
      fc.json({ maxDepth: 4 }),
      fc
        .tuple(fc.constantFrom("start", "media", "dtmf", "mark", "stop"), fc.jsonValue())
        .map(([event, rest]) => JSON.stringify({ event, streamSid: SID, [event]: rest })),
      fc.constant('{"event":"start","__proto__":{"polluted":1}}'),
    );
    fc.assert(
      fc.property(anything, (text) => {
        expect(typeof decodeTwilioMessage(text).kind).toBe("string");
      }),
      { numRuns: 5_000 },
    );
    expect("polluted" in {}).toBe(false);
    expect(decodeTwilioMessage("[".repeat(60_000)).kind).toBe("undecodable");
  });
});

describe("base64Bytes()", () => {
  test("T16: counts the bytes of base64 and refuses everything else", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 400 }), (bytes) => {
        expect(base64Bytes(Buffer.from(bytes).toString("base64"))).toBe(bytes.length);
      }),
    );
    for (const bad of ["", "A", "AA", "AAA", "A===", "AA=A", "AAA\n", "AA A", "_-AA", "ÄAAA"]) {
      expect(base64Bytes(bad)).toBe(-1);
    }
  });
});

describe("createTwilioWriter()", () => {
  test("writes the three messages that Twilio takes, as JSON.parse reads them", () => {
    const sid = 'MZ"odd\\one';
    const writer = createTwilioWriter(sid);
    const audio = Uint8Array.of(1, 2, 255);
    expect(JSON.parse(writer.media(audio))).toEqual({
      event: "media",
      streamSid: sid,
      media: { payload: "AQL/" },
    });
    expect(JSON.parse(writer.mark('a"b'))).toEqual({
      event: "mark",
      streamSid: sid,
      mark: { name: 'a"b' },
    });
    expect(JSON.parse(writer.clear)).toEqual({ event: "clear", streamSid: sid });
  });
});

describe("markName()", () => {
  test("comes back as the same fact", () => {
    const uint32 = fc.nat(0xffff_ffff);
    fc.assert(
      fc.property(fc.record({ item: uint32, samples: uint32, generation: uint32 }), (mark) => {
        expect(parseMarkName(markName(mark))).toEqual(mark);
      }),
    );
    for (const other of ["", "vb:1:2", "vb:1:2:3:4", "vb:-1:2:3", "vb:probe", "xb:1:2:3"]) {
      expect(parseMarkName(other)).toBe(null);
    }
  });
});
