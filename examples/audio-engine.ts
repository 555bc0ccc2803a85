// One call's audio without the server: hears a WAV file, says when somebody spoke, and answers with
// the caller's own words, paced as a phone line wants them.
//   bun examples/audio-engine.ts tests/speech/question.wav
import {
  createAudioEngine,
  createAudioShared,
  createFastLaneConfig,
  createSystemClock,
  loadCore,
  readCoreWasm,
  SEND,
} from "../service/index.ts";

const ITEM = 1;
const shared = createAudioShared({
  core: loadCore(await readCoreWasm()),
  clock: createSystemClock(),
});
const config = createFastLaneConfig({
  callerEncoding: "pcm16",
  callerRateHz: 16_000,
  callerChannels: 1,
  upstreamEncoding: "pcm16",
  upstreamRateHz: 24_000,
  resampler: "standard",
  vadSource: "energy",
});
let framesPlayed = 0;
const engine = createAudioEngine(shared, config, {
  onCaptureFrame: () => undefined,
  onPlaybackFrame(_frame) {
    framesPlayed += 1; // 20 ms in the caller's format: send them here
    return SEND.SENT;
  },
  onPlaybackItemSent() {
    console.log(`${framesPlayed} frames played`);
    engine.shutdown();
  },
  onPlaybackUnderrun: () => undefined,
});
engine.subscribe("audio_chunk", (event) => {
  if (event.kind === "audio_chunk") engine.queuePlayback(ITEM, event.audio, 0, event.audio.length);
});
engine.subscribe("speech_end", () => engine.endPlaybackItem(ITEM));
engine.initialize();
engine.startCapture();
const file = process.argv[2] ?? "tests/speech/question.wav";
const framesHeard = engine.injectTestAudio(new Uint8Array(await Bun.file(file).arrayBuffer()));
console.log(`${framesHeard} frames heard, ${engine.playbackQueuedMs()} ms of them speech`);
