// The audio core as TypeScript sees it: what the wasm host (core.ts) must offer.
// Station on the frame's way: between a transport's bytes and the conversation's event bits,
// and again between the agent's audio and the bytes that go back to the caller.
// Limits: one core per process, SLOTS call slots, one 20 ms frame per call into the core.
// No Bun API in this folder: the host runs unchanged under Bun, Node and Deno.

/** Sample formats on the caller's side. PCM is little endian, f32 is -1..1, G.711 is 8 bit. */
export type CallerEncoding = "pcm16" | "f32" | "mulaw" | "alaw";

/** Sample formats on the agent's side. `mulaw`/`alaw` are always 8 kHz. */
export type UpstreamEncoding = "pcm16" | "mulaw" | "alaw";

/** Sample rates in Hz that a caller may use. */
export type CallerRateHz = 8000 | 16000 | 22050 | 24000 | 44100 | 48000;

/** Sample rates in Hz that an upstream may use. */
export type UpstreamRateHz = 8000 | 16000 | 24000;

export type ResamplerPreset = "fast" | "standard" | "high" | "linear";

/**
 * Who gives the probability of a VAD window: the neural model inside the core, the energy
 * rule inside the core, or a model beside the core that answers later through `CoreSlot.decide`.
 */
export type VadSource = "core" | "energy" | "beside";

/** What a slot is opened with; fixed for the life of the call. */
export interface SlotFormat {
  readonly callerEncoding: CallerEncoding;
  readonly callerRateHz: CallerRateHz;
  readonly callerChannels: 1 | 2;
  readonly upstreamEncoding: UpstreamEncoding;
  readonly upstreamRateHz: UpstreamRateHz;
  readonly resampler: ResamplerPreset;
  readonly vadSource: VadSource;
}

/**
 * Per-slot voice activity settings (S2-12, S2-65), changeable between frames.
 * Times are milliseconds; the core rounds VAD times UP to windows of 32 ms and barge-in times UP
 * to frames of 20 ms (decision 13), the same at every sample rate (D-07).
 */
export interface VadSettings {
  /** Probability at or above which a window is speech while silent. 0..1 */
  startThreshold: number;
  /** Probability below which a window is silence while speaking (hysteresis). 0..startThreshold */
  stopThreshold: number;
  /** Speech that must accumulate before the turn is confirmed (S0-26, S2-19). */
  minSpeechMs: number;
  /** Silence (evidence, see silenceWeight*) that ends the turn (S2-24). */
  minSilenceMs: number;
  /** Audio kept before the onset (S1-19). At most 1000. */
  preRollMs: number;
  /**
   * A window with probability below this counts `confidentSilenceWeight` times as silence evidence.
   */
  confidentSilenceThreshold: number;
  /** 1 = plain silence. Integer 1..8. */
  confidentSilenceWeight: number;
  /** After less speech than this, minSilenceMs is multiplied by shortSpeechSilencePercent / 100. */
  shortSpeechMs: number;
  /** 100 = no short-speech rule. */
  shortSpeechSilencePercent: number;
  /**
   * Share of the noise floor rule: dB over the tracked noise floor that the gate needs; 0 = gate
   * off.
   */
  gateOverNoiseFloorDb: number;
  /** True: a slow level normaliser stands in front of the VAD model (quiet callers, D-29). */
  isLevelNormalised: boolean;
  /** Barge-in accumulator (S2-65): on or off. */
  isBargeInEnabled: boolean;
  bargeInThreshold: number;
  bargeInMinSpeechMs: number;
  /** dB over the tracked noise floor that a frame needs to count; 0 = energy rule off. */
  bargeInOverNoiseFloorDb: number;
  bargeInCooldownMs: number;
}

/** Event bits of one ingested frame (decision 13). A 20 ms frame completes at most one window. */
export const CAPTURE_EVENT = {
  WINDOW: 1 << 0,
  ONSET_MAYBE: 1 << 1,
  ONSET: 1 << 2,
  ONSET_FALSE: 1 << 3,
  END_MAYBE: 1 << 4,
  END_OFF: 1 << 5,
  END: 1 << 6,
  BARGE_MAYBE: 1 << 7,
  BARGE: 1 << 8,
  BARGE_FALSE: 1 << 9,
  GAP: 1 << 10,
  CLIPPED: 1 << 11,
} as const;

/** State of the turn machine (S2-18..27) as numbers in core memory. */
export const VAD_STATE = { SILENCE: 0, SPEECH_START: 1, SPEECH: 2, SPEECH_END: 3 } as const;

/**
 * One call's place in the core. Every view is made when the slot is opened and stays valid until
 * `close`; nothing here allocates per frame. Positions are samples of the CALLER's stream since the
 * call began (uint32, decision 15); capture positions in the upstream's rate are
 * frame index x upstreamFrameSamples.
 */
export interface CoreSlot {
  readonly index: number;
  readonly format: SlotFormat;
  /** Samples per channel of one 20 ms caller frame, and its bytes as the caller sends them. */
  readonly callerFrameSamples: number;
  readonly callerFrameBytes: number;
  /** Samples and bytes of one 20 ms frame in the upstream's format. */
  readonly upstreamFrameSamples: number;
  readonly upstreamFrameBytes: number;

  /** Write exactly callerFrameBytes here, then call ingest(). A node Buffer over core memory. */
  readonly input: Uint8Array;
  /** Decode, level, resample, ring, VAD: one frame. -> event bits (CAPTURE_EVENT). */
  ingest(): number;
  /** As ingest(), for a frame that never arrived: comfort silence, GAP bit set (decision 16). */
  ingestGap(): number;
  /** Frames ingested so far, gaps included. */
  framesIngested(): number;
  /**
   * The captured frame `frameIndex` in the upstream's format, a view of the capture ring (2 s).
   * Valid until 100 more frames have been ingested. frameIndex must be one of the newest 100.
   */
  captureFrame(frameIndex: number): Uint8Array;

  /**
   * Only with vadSource "beside": the newest completed window (f32, VAD rate: 512 samples at
   * 16 kHz, 256 for 8 kHz callers; left context not included), and its index.
   */
  readonly window: Float32Array;
  windowIndex(): number;
  /** Only "beside": a probability that came back, in order. -> event bits. */
  decide(windowIndex: number, probability: number): number;

  /** Newest facts, read from core memory. */
  probability(): number;
  vadState(): number;
  levelDbfs(): number;
  peakDbfs(): number;
  noiseFloorDbfs(): number;
  /** First sample of the first window judged speech, of the running or last speech. */
  onsetPositionSamples(): number;
  /** First sample after the last window judged speech (true end of speech). */
  endPositionSamples(): number;
  /** First sample of the burst the barge-in accumulator is (or was last) counting. */
  bargeInOnsetPositionSamples(): number;
  /** Counters since open; `name` is one of COUNTER_NAMES of the host. */
  counter(name: CoreCounter): number;

  applyVadSettings(settings: VadSettings): void;
  /**
   * True while the caller can hear the agent: the barge-in accumulator owns onsets (decision 14).
   * The turn machine keeps running and keeps sending its event bits meanwhile, so that the onset
   * position is held; whoever reads the bits decides by audibility what they start.
   */
  setAgentAudible(isAudible: boolean): void;
  /** Clears VAD counters and the state machine, never the model's recurrent state (D-33). */
  resetVadCounters(): void;
  /**
   * Ends running speech now, as if the silence were complete (`force`). -> END, ONSET_FALSE (not
   * yet confirmed) or 0.
   */
  forceEnd(): number;

  /**
   * Copies bytes [start, end) of `source` (upstream format) into the playback ring (1 s).
   * -> bytes taken (whole samples; fewer when the ring is full, the rest is the caller's to keep).
   */
  playbackWrite(source: Uint8Array, start: number, end: number): number;
  /** Upstream-rate samples waiting in the playback ring. */
  playbackQueuedSamples(): number;
  /**
   * Takes up to one 20 ms frame from the playback ring through gain, fade, mix and encoder into
   * `output`, padding with silence. -> upstream-rate samples consumed (0: nothing was queued, the
   * output holds silence). Where audio ends in full swing, 5 ms of slope come before the silence.
   */
  render(): number;
  /** One 20 ms caller-format frame, a view of core memory; valid until the next render. */
  readonly output: Uint8Array;
  /**
   * Empties the playback ring. -> upstream-rate samples dropped. When audio was being heard, the
   * next render holds 5 ms of it fading out, mixed under whatever was written meanwhile.
   */
  playbackFlush(): number;
  /** Gain ramp for duck, fade in and out; 1 = untouched (G.711 passes byte for byte). */
  setPlaybackGain(gain: number, rampMs: number): void;

  /** Gives the slot back. Views must not be used afterwards. */
  close(): void;
}

export type CoreCounter =
  | "framesIngested"
  | "framesRendered"
  | "gapFrames"
  | "nonFiniteSamples"
  | "clippedFrames"
  | "windows"
  | "windowsSkipped"
  | "captureOverruns"
  | "playbackOverruns"
  | "playbackUnderruns"
  | "playbackFlushedSamples";

/** The loaded module. */
export interface Core {
  readonly slotCount: number;
  slotsOpen(): number;
  /**
   * Copies the weights that models/ packed for one rate into core memory; slots with vadSource
   * "core" can be opened at that rate from then on. Throws RangeError on another size.
   */
  loadSileroWeights(rateHz: 8000 | 16000, packed: Uint8Array): void;
  /**
   * -> null when every slot is taken (admission counts on it). Throws RangeError on a format that
   * is no format, or a vadSource "core" whose weights are not loaded.
   */
  openSlot(format: SlotFormat, settings: VadSettings): CoreSlot | null;
}
