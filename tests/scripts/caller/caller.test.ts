// The caller against a bare socket server in this process, on a stepped clock: what goes out when,
// what comes back as marks and reports, what the timeline says.
import { afterEach, describe, expect, test } from "bun:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { Server, ServerWebSocket } from "bun";
import type { ClientFrame } from "../../../gen/voxbridge/v1/stream_pb.ts";
import { ClientFrameSchema, ServerFrameSchema } from "../../../gen/voxbridge/v1/stream_pb.ts";
import { fromPcm16 } from "../../../scripts/caller/audio-format.ts";
import { createCaller } from "../../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../../scripts/caller/protobuf-line.ts";
import { createTwilioLine } from "../../../scripts/caller/twilio-line.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

type Message = string | Buffer<ArrayBuffer>;

let server: Server<undefined> | undefined;

/** A far end that keeps what it gets; `until` waits for a count of messages, turn by turn. */
function listen(subprotocol: string | undefined) {
  const received: Message[] = [];
  let socket: ServerWebSocket<undefined> | undefined;
  server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    fetch(request, self) {
      const headers = subprotocol ? { "Sec-WebSocket-Protocol": subprotocol } : undefined;
      return self.upgrade(request, { data: undefined, ...(headers && { headers }) })
        ? undefined
        : new Response("no", { status: 400 });
    },
    websocket: {
      open: (opened) => {
        socket = opened;
      },
      message: (_, message) => {
        received.push(message);
      },
    },
  });
  const until = async (isReached: () => boolean): Promise<void> => {
    for (let turn = 0; turn < 100_000 && !isReached(); turn += 1) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (!isReached()) throw new Error(`never reached, ${received.length} messages received`);
  };
  const url = `ws://127.0.0.1:${server.port}/`;
  return { received, until, url, send: (message: Message) => socket?.send(message) };
}

afterEach(async () => {
  await server?.stop(true);
  server = undefined;
});

function clientFrames(received: readonly Message[]): ClientFrame["message"][] {
  return received.map((message) => fromBinary(ClientFrameSchema, Buffer.from(message)).message);
}

const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const LOUD = Int16Array.from({ length: 16_000 }, (_, index) => 8_000 * Math.sin(index / 3));

describe("createCaller()", () => {
  test("sends start, then a frame every 20 ms, silence before and after what it says", async () => {
    const far = listen("voxbridge.v1.proto");
    const clock = createSteppedClock();
    const line = createProtobufLine({ encoding: "pcm16", rateHz: 8000, channels: 1 });
    const caller = createCaller({ url: far.url, line, clock });
    await caller.opened;
    clock.advance(50);
    caller.say(fromPcm16("pcm16", LOUD.subarray(0, 400)));
    clock.advance(150);
    await far.until(() => far.received.length === 11);
    const frames = clientFrames(far.received);
    expect(frames[0]?.case).toBe("start");
    const audio = frames.flatMap((frame) => (frame.case === "audio" ? [frame.value] : []));
    expect(audio.map(({ sequence, captureMs }) => [sequence, captureMs])).toEqual(
      Array.from({ length: 10 }, (_, index) => [index, index * 20]),
    );
    const isSilent = (data: Uint8Array) => data.every((byte) => byte === 0);
    expect(audio.map(({ data }) => isSilent(data))).toEqual(
      Array.from({ length: 10 }, (_, index) => index < 2 || index > 4),
    );
    expect(Buffer.concat(audio.map(({ data }) => data))).toEqual(Buffer.from(caller.mouth.sent()));
    expect(caller.timeline.entries.map(({ kind, atMs }) => [kind, atMs])).toEqual([
      ["connected", 0],
      ["i_speak", 50],
      ["i_stop", 90],
    ]);
    caller.drop();
    await caller.closed;
    expect(clock.pendingTimers()).toBe(0);
  });

  test("reports what it played every 100 ms, at the end and after a clear", async () => {
    const far = listen("voxbridge.v1.proto");
    const clock = createSteppedClock();
    const line = createProtobufLine({ encoding: "pcm16", rateHz: 8000, channels: 1 });
    const caller = createCaller({ url: far.url, line, clock });
    await caller.opened;
    const send = (message: Parameters<typeof create<typeof ServerFrameSchema>>[1]) =>
      far.send(Buffer.from(toBinary(ServerFrameSchema, create(ServerFrameSchema, message))));
    for (let index = 0; index < 20; index += 1) {
      const value = { item: 1, positionSamples: index * 160, data: new Uint8Array(320) };
      send({ message: { case: "audio", value } });
    }
    send({ message: { case: "goingAway", value: {} } });
    await far.until(() => caller.notices.length === 1);
    clock.advance(250);
    send({ message: { case: "clear", value: { generation: 1 } } });
    await far.until(() => !caller.ear.isPlaying());
    await far.until(() => clientFrames(far.received).filter((m) => m.case === "played").length > 2);
    const played = clientFrames(far.received).flatMap((frame) =>
      frame.case === "played" ? [frame.value] : [],
    );
    expect(played.map(({ item, samples, generation }) => [item, samples, generation])).toEqual([
      [1, 800, 0],
      [1, 1600, 0],
      [1, 2000, 1],
    ]);
    expect(caller.ear.heardSamples(1)).toBe(2000);
    caller.drop();
    await caller.closed;
  });

  test("echoes Twilio's marks when played, all at once after a clear", async () => {
    const far = listen(undefined);
    const clock = createSteppedClock();
    const caller = createCaller({ url: far.url, line: createTwilioLine(IDS), clock });
    await caller.opened;
    const say = (event: string, body: object) =>
      far.send(JSON.stringify({ event, streamSid: "MZ1", ...body }));
    const payload = Buffer.alloc(160, 1).toString("base64");
    for (const name of ["a", "b", "c"]) {
      say("media", { media: { payload } });
      say("mark", { mark: { name } });
    }
    const marks = () =>
      far.received.map((text) => JSON.parse(String(text))).filter((m) => m.event === "mark");
    say("nonsense", {});
    await far.until(() => caller.unknownMessages.length === 1);
    clock.advance(25);
    await far.until(() => marks().length === 1);
    say("clear", {});
    await far.until(() => marks().length === 3);
    expect(marks().map((message) => message.mark.name)).toEqual(["a", "b", "c"]);
    expect(caller.ear.heardMs()).toBe(25);
    caller.drop();
    await caller.closed;
  });

  test("loseFrames() leaves a jump in sequence and capture time", async () => {
    const far = listen("voxbridge.v1.proto");
    const clock = createSteppedClock();
    const line = createProtobufLine({ encoding: "mulaw", rateHz: 8000, channels: 1 });
    const caller = createCaller({ url: far.url, line, clock });
    await caller.opened;
    clock.advance(20);
    caller.loseFrames(2);
    clock.advance(60);
    await far.until(() => far.received.length === 3);
    const audio = clientFrames(far.received).flatMap((frame) =>
      frame.case === "audio" ? [frame.value] : [],
    );
    expect(audio.map(({ sequence, captureMs }) => [sequence, captureMs])).toEqual([
      [0, 0],
      [3, 60],
    ]);
    caller.drop();
    await caller.closed;
  });

  test("rejects `opened` and resolves `closed` when the service refuses", async () => {
    server = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: () => new Response("full", { status: 503 }),
    });
    const line = createTwilioLine(IDS);
    const url = `ws://127.0.0.1:${server.port}/`;
    const caller = createCaller({ url, line, clock: createSteppedClock() });
    expect(caller.opened).rejects.toThrow("Cannot open the call");
    await caller.closed;
    expect(caller.isOpen()).toBe(false);
  });
});
