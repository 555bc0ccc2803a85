// Whole frames through a slot of the core, as a call sends them: the rows of bench:dsp that say
// what a caller costs. Energy VAD, so that the neural model's cost (bench:vad) stays apart.

import type { CoreSlot, SlotFormat } from "../service/contract/core.ts";
import type { LoadedCore } from "../service/core/core.ts";
import { PHONE_FORMAT, SETTINGS } from "../tests/core/core-fixture.ts";
import type { Contender } from "./dsp-rounds.ts";

const PCM_24K: Partial<SlotFormat> = { upstreamEncoding: "pcm16", upstreamRateHz: 24000 };

/** One contender per path and format. */
export function frameContenders(core: LoadedCore): Contender[] {
  const open = (format: Partial<SlotFormat>): CoreSlot => {
    const slot = core.openSlot({ ...PHONE_FORMAT, ...format }, SETTINGS);
    if (slot === null) throw new Error("no slot left in the bench");
    for (let index = 0; index < slot.input.length; index += 1)
      slot.input[index] = (index * 37) & 255;
    return slot;
  };
  const answer = Uint8Array.from({ length: 960 }, (_, index) => (index * 41) & 255);
  const ingest = (name: string, format: Partial<SlotFormat>): Contender => {
    const slot = open(format);
    return { name: `ingest: ${name}`, run: () => void slot.ingest() };
  };
  const render = (name: string, format: Partial<SlotFormat>): Contender => {
    const slot = open(format);
    return {
      name: `write + render: ${name}`,
      run: () => {
        slot.playbackWrite(answer, 0, slot.upstreamFrameBytes);
        slot.render();
      },
    };
  };
  const full = open({});
  const ring = new Uint8Array(8000).fill(0x90);
  const wide = { callerEncoding: "pcm16", callerRateHz: 48000, resampler: "fast" } as const;
  return [
    ingest("mu-law 8 kHz, decode, level, floor, window, machine", {}),
    ingest("mu-law 8 kHz -> 24 kHz pcm16, fast", { ...PCM_24K, resampler: "fast" }),
    ingest("mu-law 8 kHz -> 24 kHz pcm16, standard", PCM_24K),
    ingest("pcm16 16 kHz -> 24 kHz, fast", {
      ...PCM_24K,
      callerEncoding: "pcm16",
      callerRateHz: 16000,
      resampler: "fast",
    }),
    ingest("pcm16 24 kHz, window at 16 kHz (fast)", {
      ...PCM_24K,
      callerEncoding: "pcm16",
      callerRateHz: 24000,
    }),
    ingest("pcm16 48 kHz -> 24 kHz and 16 kHz, both fast", { ...PCM_24K, ...wide }),
    render("mu-law byte for byte", {}),
    render("24 kHz pcm16 -> mu-law, fast", { ...PCM_24K, resampler: "fast" }),
    render("24 kHz pcm16 -> mu-law, standard", PCM_24K),
    {
      name: "fill and flush of a full playback ring (1 s)",
      run: () => {
        full.playbackWrite(ring, 0, 8000);
        full.playbackFlush();
      },
    },
  ];
}
