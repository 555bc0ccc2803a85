// A backend service talks to VoxBridge: streams a recording in real time and keeps the answer. Only
// the generated protobuf code and a WebSocket; any language that has both can do the same.
//   bun examples/backend-stream.ts question.wav answer.wav
//   VOXBRIDGE_URL=wss://voice.example/v1/stream VOXBRIDGE_KEY=… bun examples/backend-stream.ts …
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ClientFrameSchema, Encoding, ServerFrameSchema } from "../gen/voxbridge/v1/stream_pb.ts";

const FRAME_MS = 20;
const QUIET_MS = 1_000; // the agent has finished when it was quiet this long
const ANSWER_MS_MAX = 15_000;
const [inPath = "tests/speech/question.wav", outPath = "answer.wav"] = process.argv.slice(2);
const { VOXBRIDGE_URL: url = "ws://127.0.0.1:8080/v1/stream", VOXBRIDGE_KEY: key } = process.env;

// A plain WAV: 44 bytes of header with the rate at byte 24, then 16 bit samples of one channel.
const wav = Buffer.from(await Bun.file(inPath).arrayBuffer());
const sampleRateHz = wav.readUInt32LE(24);
const speech = wav.subarray(44);
const frameBytes = (sampleRateHz / 1000) * FRAME_MS * 2;

const headers = key ? { Authorization: `Bearer ${key}` } : {};
const socket = new WebSocket(url, { protocols: ["voxbridge.v1.proto"], headers });
socket.binaryType = "arraybuffer";
const send = (message: NonNullable<MessageInitShape<typeof ClientFrameSchema>["message"]>) =>
  socket.send(toBinary(ClientFrameSchema, create(ClientFrameSchema, { message })));

const answer: Uint8Array[] = [];
let heardMs = 0;
socket.onmessage = ({ data }) => {
  const { message } = fromBinary(ServerFrameSchema, new Uint8Array(data));
  if (message.case !== "audio") return console.log(message.case, message.value);
  // A player would drop what it holds on `clear` and report `played`; a file takes all that came.
  answer.push(message.value.data);
  heardMs = performance.now();
};
await new Promise((resolve, reject) => {
  socket.onopen = resolve;
  socket.onclose = ({ code, reason }) => reject(new Error(`Refused: ${code} ${reason}`));
});

send({ case: "start", value: { encoding: Encoding.PCM16, sampleRateHz, channels: 1 } });
const startMs = performance.now();
for (let sequence = 0; socket.readyState === WebSocket.OPEN; sequence += 1) {
  const data = new Uint8Array(frameBytes); // silence after the recording: a line is never mute
  data.set(speech.subarray(sequence * frameBytes, (sequence + 1) * frameBytes));
  send({ case: "audio", value: { sequence, captureMs: sequence * FRAME_MS, data } });
  const dueMs = startMs + (sequence + 1) * FRAME_MS;
  await Bun.sleep(Math.max(0, dueMs - performance.now()));
  const spokenMs = startMs + (speech.length / frameBytes) * FRAME_MS;
  if (heardMs > spokenMs ? dueMs - heardMs > QUIET_MS : dueMs - spokenMs > ANSWER_MS_MAX) break;
}
send({ case: "end", value: { reason: "done" } });
const header = Buffer.from(wav.subarray(0, 44));
header.writeUInt32LE(answer.length * frameBytes + 36, 4);
header.writeUInt32LE(answer.length * frameBytes, 40);
await Bun.write(outPath, Buffer.concat([header, ...answer]));
console.log(`${outPath}: ${(answer.length * FRAME_MS) / 1000} s`);
