// Whole conversations of arbitrary messages, good, broken and out of order, with time going on in
// between: no handler throws, the port only hears what its state allows, and it hears of the end
// exactly once. In-process sockets, stepped time; fast-check prints the seed of a failure.
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Encoding } from "../../gen/voxbridge/v1/stream_pb.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SEND } from "../../service/contract/send-result.ts";
import type { CallPort, Transport } from "../../service/contract/transport.ts";
import {
  type CallerConnection,
  createCallerConnection,
} from "../../service/transport/caller-connection.ts";
import {
  type CallerStream,
  createProtobufStream,
} from "../../service/transport/protobuf-stream.ts";
import { createTraffic, type Traffic } from "../../service/transport/traffic.ts";
import { createTwilioStream } from "../../service/transport/twilio-media-stream.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import {
  phoneDtmf,
  phoneMark,
  phoneMedia,
  phoneStart,
  phoneStop,
} from "../transport/support/phone-caller.ts";
import { encodeClient, startMessage } from "../transport/support/stream-caller.ts";

type Step =
  | { readonly kind: "message"; readonly message: string | Uint8Array }
  | { readonly kind: "wait"; readonly ms: number }
  | { readonly kind: "send"; readonly result: number }
  | { readonly kind: "gone" };

/** A port that checks the contract: nothing before it exists, nothing after onEnd or onClosed. */
function strictPort() {
  const seen = { isEnded: false, closedCount: 0, audioBytes: 0 };
  const live = (): void => {
    if (seen.isEnded || seen.closedCount > 0) throw new Error("the port was used after its end");
  };
  const port: CallPort = {
    onAudio(message, start, end) {
      live();
      if (start < 0 || end > message.length || start >= end) throw new Error("a bad span");
      seen.audioBytes += end - start;
    },
    onAudioBase64(payload) {
      live();
      seen.audioBytes += Uint8Array.fromBase64(payload).length;
    },
    onPlayed: live,
    onInterrupt: live,
    onEndOfTurn: live,
    onText: live,
    onDtmf: live,
    onUpdate: live,
    onEnd() {
      live();
      seen.isEnded = true;
    },
    onClosed() {
      seen.closedCount += 1;
    },
  };
  return { port, seen };
}

interface World {
  readonly connection: CallerConnection;
  readonly traffic: Traffic;
  readonly clock: ReturnType<typeof createSteppedClock>;
  readonly opener: {
    admission: () => null;
    prepare: () => void;
    open: (request: unknown, transport: Transport) => CallPort;
  };
}

/** Plays the steps. Errors: whatever a handler threw, or a broken promise of the contract. */
async function play(
  make: (world: World) => CallerStream & Transport,
  steps: readonly Step[],
): Promise<void> {
  const clock = createSteppedClock();
  const traffic = createTraffic(NO_METRICS);
  const { port, seen } = strictPort();
  let sendResult = 1;
  let isOpened = false;
  const closes: number[] = [];
  const socket = {
    sendBinary: () => sendResult,
    sendText: () => sendResult,
    getBufferedAmount: () => (sendResult < 0 ? 200 * 1024 : 0),
    close(code: number) {
      closes.push(code);
      connection.onSocketClosed();
    },
  };
  const connection = createCallerConnection({ socket, clock, traffic, log: SILENT_LOG });
  const opener = {
    admission: () => null,
    prepare: () => undefined,
    open: () => {
      isOpened = true;
      return port;
    },
  };
  const stream = make({ connection, traffic, clock, opener });
  for (const step of steps) {
    if (step.kind === "message") stream.onMessage(step.message);
    else if (step.kind === "wait") clock.advance(step.ms);
    else if (step.kind === "gone") connection.onSocketClosed();
    else {
      sendResult = step.result;
      const result = stream.sendAudio(new Uint8Array(160), 1, 0, 0);
      if (connection.isOver() && sendResult > 0) expect(result).toBe(SEND.DROPPED);
    }
  }
  stream.close(1000, "end");
  await Promise.resolve();
  expect(seen.closedCount).toBe(isOpened ? 1 : 0);
  expect(closes.length).toBeLessThanOrEqual(1);
  expect(clock.pendingTimers()).toBe(0);
}

const others: fc.Arbitrary<Step>[] = [
  fc.nat(6_000).map((ms) => ({ kind: "wait", ms })),
  fc.constantFrom(1, -1, 0).map((result) => ({ kind: "send", result })),
  fc.constant({ kind: "gone" }),
];

function conversation(messages: fc.Arbitrary<string | Uint8Array>): fc.Arbitrary<Step[]> {
  const message = messages.map((each): Step => ({ kind: "message", message: each }));
  const step = fc.oneof({ weight: 12, arbitrary: message }, ...others);
  return fc.array(step, { maxLength: 30 });
}

const bytes = fc.uint8Array({ maxLength: 60 });
const uint32 = fc.nat(0xffff_ffff);

describe("arbitrary conversations", () => {
  test("T14: on the binary protocol keep the contract", async () => {
    const start = fc
      .record({
        encoding: fc.constantFrom(Encoding.PCM16, Encoding.F32, Encoding.MULAW, Encoding.ALAW),
        sampleRateHz: fc.constantFrom(8_000, 16_000, 44_100),
        channels: fc.nat(3),
      })
      .map((fields) => encodeClient(startMessage(fields)));
    const audio = fc
      .tuple(fc.nat(5), uint32, fc.uint8Array({ maxLength: 2_000 }))
      .map(([sequence, captureMs, data]) =>
        encodeClient({
          case: "audio",
          value: { sequence, captureMs, data: Uint8Array.from(data) },
        }),
      );
    const rest = fc.constantFrom(
      encodeClient({ case: "played", value: { item: 1, samples: 2, generation: 3 } }),
      encodeClient({ case: "interrupt", value: {} }),
      encodeClient({ case: "text", value: { text: "x" } }),
      encodeClient({ case: "update", value: { lane: 1 } }),
      encodeClient({ case: "end", value: {} }),
      new Uint8Array(0),
    );
    const message = fc.oneof(
      { weight: 2, arbitrary: start },
      { weight: 6, arbitrary: audio },
      { weight: 3, arbitrary: rest },
      { weight: 1, arbitrary: fc.oneof(bytes, fc.constant("text")) },
    );
    const property = fc.asyncProperty(conversation(message), (steps) =>
      play(
        (world) => createProtobufStream({ kind: "protobuf", ...world, keyId: "", lanes: ["fast"] }),
        steps,
      ),
    );
    await fc.assert(property, { numRuns: 3_000 });
  });

  test("T14: on the JSON protocol keep the contract", async () => {
    const message = fc.oneof(
      fc.constant('{"start":{"encoding":"ENCODING_MULAW","sampleRateHz":8000}}'),
      fc.nat(5).map((sequence) => `{"audio":{"sequence":${sequence},"data":"AAAA"}}`),
      fc.constantFrom('{"interrupt":{}}', '{"end":{}}', '{"dtmf":{"digits":"x"}}', "{}"),
      fc.json({ maxDepth: 3 }),
      bytes,
    );
    const property = fc.asyncProperty(conversation(message), (steps) =>
      play(
        (world) => createProtobufStream({ kind: "json", ...world, keyId: "", lanes: ["fast"] }),
        steps,
      ),
    );
    await fc.assert(property, { numRuns: 2_000 });
  });

  test("T7 T16: on Media Streams keep the contract", async () => {
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 400 }).map((data) => Buffer.from(data).toString("base64")),
      fc.string({ maxLength: 20 }).map((text) => JSON.stringify(text).slice(1, -1)),
    );
    const message = fc.oneof(
      { weight: 2, arbitrary: fc.constant(phoneStart()) },
      {
        weight: 6,
        arbitrary: fc
          .tuple(fc.nat(9), fc.nat(1_000), payload)
          .map(([chunk, ms, data]) => phoneMedia(chunk, ms, data)),
      },
      { weight: 2, arbitrary: fc.constantFrom(phoneDtmf("1"), phoneMark("vb:1:1:1"), phoneStop()) },
      { weight: 1, arbitrary: fc.oneof(fc.json({ maxDepth: 3 }), bytes) },
    );
    const property = fc.asyncProperty(conversation(message), (steps) =>
      play((world) => createTwilioStream({ ...world, pass: null }), steps),
    );
    await fc.assert(property, { numRuns: 3_000 });
  });
});
