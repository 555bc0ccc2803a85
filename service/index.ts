// The public entry: what a program may use of VoxBridge as a library, without the server. The only
// re-exports of service/ (package.json names this file); everything else is free to change.
export { readCoreWasm } from "./assets.ts";
export { createSystemClock } from "./clock.ts";
export type {
  AudioEngine,
  AudioEngineConfig,
  AudioEvent,
  AudioEventKind,
  EngineListener,
  TapeReader,
} from "./contract/audio-engine.ts";
export type { Clock } from "./contract/clock.ts";
export type { LanguageModel } from "./contract/language-model.ts";
export { CAPTURE_EVENT, VAD_STATE } from "./contract/core.ts";
export type { Core, CoreSlot, SlotFormat, VadSettings } from "./contract/core.ts";
export { SEND, type SendResult } from "./contract/send-result.ts";
export type {
  CreateThinker,
  Thinker,
  ThinkerParts,
  ThinkRequest,
  ThinkResult,
} from "./contract/thinker.ts";
export { loadCore } from "./core/core.ts";
export { createAudioEngine } from "./engine/audio-engine.ts";
export {
  type AudioShared,
  type AudioSharedOptions,
  createAudioShared,
} from "./engine/audio-shared.ts";
export { createFastLaneConfig } from "./engine/fast-lane-config.ts";
export {
  createMockAudioEngine,
  type MockAudioEngine,
  type MockAudioEngineOptions,
} from "./engine/mock-audio-engine.ts";
export { VoxError, type VoxErrorCode } from "./errors.ts";
export { createModelThinker, type ModelThinkerSettings } from "./thinker/model-thinker.ts";
export { defineTool, type ThinkerTool } from "./thinker/thinker-tool.ts";
