// Goal: the engine over the wasm core and the mock keep the same contract (style 47).
import { createMockAudioEngine } from "../../service/engine/mock-audio-engine.ts";
import { createAudioEngine } from "../../service/engine/audio-engine.ts";
import { createAudioShared } from "../../service/engine/audio-shared.ts";
import type { AudioEngineConfig } from "../../service/contract/audio-engine.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "../core/core-fixture.ts";
import { Notes } from "../engine/engine-fixture.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";
import { describeAudioEngine } from "./audio-engine.ts";

const CONFIG: AudioEngineConfig = { format: PHONE_FORMAT, vad: SETTINGS, mode: "latency" };

describeAudioEngine("AudioEngine", () => {
  const clock = createSteppedClock();
  const notes = new Notes(clock);
  const shared = createAudioShared({ core: makeCore(1), clock });
  return { clock, notes, engine: createAudioEngine(shared, CONFIG, notes) };
});

describeAudioEngine("MockAudioEngine", () => {
  const clock = createSteppedClock();
  const notes = new Notes(clock);
  return {
    clock,
    notes,
    engine: createMockAudioEngine({ clock, config: CONFIG, listener: notes }),
  };
});
