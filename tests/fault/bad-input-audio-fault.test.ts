// Bad audio on an open /v1/stream socket: too slow, too fast, not finite, not whole. One test per
// row of the table in docs/protocol.md, each with a second call beside it that must go on
// untouched.
import { describe, expect, test } from "bun:test";
import { Encoding } from "../../gen/voxbridge/v1/stream_pb.ts";
import { expectClose } from "../transport/support/bad-caller.ts";
import { type StreamCaller, until } from "../transport/support/stream-caller.ts";

/** 20 ms of 16 kHz PCM. */
const CHUNK = new Uint8Array(640);

function sendChunks(caller: StreamCaller, count: number, first = 0): void {
  for (let sequence = first; sequence < first + count; sequence += 1) {
    caller.send({ case: "audio", value: { sequence, data: CHUNK } });
  }
}

describe("on an open stream", () => {
  test("T12 4413: the caller reads too slowly", async () => {
    await expectClose(
      4413,
      "you read too slowly",
      ({ caller, call }) => {
        caller.socket.pause();
        const frame = new Uint8Array(7_680);
        for (let sent = 0; sent < 10_000; sent += 1) {
          if (call.transport.sendAudio(frame, 1, sent * 960, 0) === 2) break;
        }
        caller.socket.resume();
      },
      { encoding: Encoding.F32, sampleRateHz: 48_000, channels: 2 },
    );
  });

  test("T13 4429: audio faster than 1.5 times real time and two seconds", async () => {
    await expectClose(4429, "audio comes faster than real time allows", async (scene) => {
      const { service, caller, call } = scene;
      sendChunks(caller, 100);
      await until(() => call.audio.length === 100);
      service.clock.advance(1_000);
      sendChunks(caller, 75, 100);
      await until(() => call.audio.length === 175);
      sendChunks(caller, 1, 175);
    });
  });

  test("T13 4429: a capture clock, or a sequence, that jumps ahead without end", async () => {
    const reason = "audio comes faster than real time allows";
    await expectClose(4429, reason, ({ caller }) => {
      for (let sequence = 0; sequence < 3; sequence += 1) {
        const captureMs = 1 + sequence * 10_000;
        caller.send({ case: "audio", value: { sequence, captureMs, data: CHUNK } });
      }
    });
    await expectClose(4429, reason, ({ caller }) => {
      for (const sequence of [0, 500, 1_000]) {
        caller.send({ case: "audio", value: { sequence, data: CHUNK } });
      }
    });
  });

  test("T13 4429: a flood of tiny messages", async () => {
    await expectClose(4429, "too many messages", ({ caller }) => {
      const empty = new Uint8Array(0);
      const unknown = Uint8Array.of(0xe2, 0x02, 0x00);
      for (let count = 0; count < 2_001; count += 1)
        caller.socket.send(count % 2 ? empty : unknown);
    });
  });

  test("T13 4429: a flood of big messages that are not audio", async () => {
    await expectClose(4429, "too many messages", ({ caller }) => {
      // 16 Ki times field 44, length 1: valid, unknown, and milliseconds of work.
      const unknown = Uint8Array.from({ length: 64 * 1024 }, (_, index) =>
        index % 4 === 0 ? 0xe2 : index % 4 === 1 ? 0x02 : index % 4 === 2 ? 0x01 : 0x00,
      );
      for (let count = 0; count < 9; count += 1) caller.socket.send(unknown);
    });
  });

  test("T17 1007: over one percent of a second's samples are NaN or infinite", async () => {
    const fields = { encoding: Encoding.F32, sampleRateHz: 16_000 };
    const reason = "over 1 % of the samples are not finite";
    await expectClose(
      1007,
      reason,
      async ({ caller, call }) => {
        const samples = new Float32Array(320);
        samples.fill(Number.NaN, 0, 160);
        const data = new Uint8Array(samples.buffer);
        caller.send({ case: "audio", value: { sequence: 0, data } });
        await until(() => call.audio.length === 1);
        samples[160] = Number.NEGATIVE_INFINITY;
        caller.send({ case: "audio", value: { sequence: 1, data } });
      },
      fields,
    );
  });

  test("odd byte count: that message is dropped and told once, the tenth in a row is 1007", async () => {
    await expectClose(1007, "audio messages hold broken samples", async ({ caller, call }) => {
      const odd = new Uint8Array(639);
      let sequence = 0;
      const send = (data: Uint8Array<ArrayBuffer>): void => {
        caller.send({ case: "audio", value: { sequence, data } });
        sequence += 1;
      };
      for (let count = 0; count < 9; count += 1) send(odd);
      send(CHUNK);
      await until(() => call.audio.length === 1);
      await caller.until(() => caller.messagesOf("error").length > 0);
      expect(caller.messagesOf("error").map(({ code }) => code)).toEqual(["odd_bytes"]);
      // A gap is left where the odd chunks were, so that nothing slides together.
      expect(call.captureMs).toEqual([(9 * 319 * 1_000) / 16_000].map(Math.floor));
      // The good chunk between them makes the count begin anew.
      for (let count = 0; count < 9; count += 1) send(odd);
      send(CHUNK);
      await until(() => call.audio.length === 2);
      for (let count = 0; count < 10; count += 1) send(odd);
    });
  });
});
