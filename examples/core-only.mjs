// The audio core without the service: a phone call's frames in, speech events and 24 kHz audio out.
// Run: bun run build, then bun, node (20 or newer) or deno run --allow-read examples/core-only.mjs
import { readFile } from "node:fs/promises";
import { CAPTURE_EVENT, loadCore, VAD_SETTINGS_DEFAULT } from "../build/core.js";

const core = loadCore(await readFile(new URL("../build/core.wasm", import.meta.url)));
const caller = { callerEncoding: "mulaw", callerRateHz: 8000, callerChannels: 1 };
const agent = { upstreamEncoding: "pcm16", upstreamRateHz: 24000, resampler: "standard" };
const slot = core.openSlot({ ...caller, ...agent, vadSource: "energy" }, VAD_SETTINGS_DEFAULT);

// One second of silence (0xff), one of a loud square wave at 500 Hz, one of silence.
for (let frame = 0; frame < 150; frame += 1) {
  const isTone = frame >= 50 && frame < 100;
  for (let index = 0; index < 160; index += 1) {
    slot.input[index] = isTone ? (index % 16 < 8 ? 0x90 : 0x10) : 0xff;
  }
  const events = slot.ingest();
  if (events & CAPTURE_EVENT.ONSET)
    console.log(`speech from ${slot.onsetPositionSamples() / 8} ms`);
  if (events & CAPTURE_EVENT.END) console.log(`until ${slot.endPositionSamples() / 8} ms`);
}
const captured = slot.captureFrame(75);
console.log(`for the agent: frames of ${captured.length} bytes; level ${slot.levelDbfs()} dBFS`);

// And back: 20 ms of the agent's 24 kHz audio become 20 ms of mu-law.
slot.playbackWrite(captured, 0, captured.length);
console.log(`${slot.render()} samples played as ${slot.output.length} bytes of mu-law`);
slot.close();
