// The background of bench/barge-in.ts, as a process of its own: so many callers, half of them
// phones, each asking a question, listening for a while and asking again, until it is ended.
// Usage: bun bench/barge-in-callers.ts PORT CALLS
import { loadSpeech } from "../tests/support/speech-files.ts";
import { dialBench } from "./barge-in-run.ts";

const ASK_EVERY_MS = 32_000;
const PHONE = { encoding: "mulaw", rateHz: 8000, channels: 1 } as const;
const WIDE = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;

const port = Number(process.argv[2]);
const calls = Number(process.argv[3]);
for (let index = 0; index < calls; index += 1) {
  const isPhone = index % 2 === 0;
  const caller = dialBench(port, 1_000 + index, isPhone ? "phone" : "stream");
  await caller.opened;
  const ask = () => caller.say(loadSpeech("question", isPhone ? PHONE : WIDE));
  ask();
  // The answer lasts 20 s: nobody here talks over it.
  setInterval(ask, ASK_EVERY_MS);
  await Bun.sleep(50);
}
