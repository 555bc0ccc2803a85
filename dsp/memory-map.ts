// Where everything lies in the core's memory, in bytes. Read by asc and by TypeScript.
// All memory is fixed: nothing is allocated, the memory never grows (decisions 1 and 17).
//
//   0          64 KiB     compiler statics (constants, __heap_base must stay below 64 KiB)
//   64 KiB     256 KiB    scratch of one exported call; no call keeps anything here
//   320 KiB    960 KiB    Silero 16 kHz weights (packed 873 KiB)
//   1,280 KiB  832 KiB    Silero 8 kHz weights (packed 775 KiB)
//   2,112 KiB  128 KiB    Silero scratch, shared by all slots
//   2,240 KiB  6 MiB      resampler tables, handed out by the host, never given back
//   8,384 KiB  1 MiB      resampler streams beside calls: 4 KiB each
//   9,408 KiB  1 MiB      loss concealment streams: 16 KiB each
//   10,432 KiB 2 MiB      jitter buffers: 64 KiB each
//   12,480 KiB 16 MiB     ports: 16 KiB a slot, one caller frame in and one out
//   28,864 KiB 160 MiB    slots: 160 KiB each, drawn below
//
// One slot:
//
//   0       1,024   header: format, resamplers, counters, facts, settings, machines
//   1,024   2,304   VAD window, f32: [left context | window], contiguous
//   3,328   2,048   completed window for a model beside the core, f32
//   5,376   1,536   recurrent state of the model
//   6,912   3,328   history of the resampler caller -> upstream, f32
//   10,240  1,024   history of the resampler caller -> VAD, f32
//   11,264  1,792   history of the resampler upstream -> caller, f32
//   13,056  512     fading tail of interrupted playout, f32
//   13,568  6,272   reserve
//   19,840  96,000  capture ring, 100 frames in the upstream's format
//   115,840 48,000  playback ring, 1 s in the upstream's format
//   163,840 = 160 KiB
//
// Ports lie apart from slots because with them the largest format (stereo f32 at 48 kHz on one
// side, 24 kHz pcm16 on the other) would need 175 KiB.

import {
  CAPTURE_RING_FRAMES,
  CONCEAL_STREAMS,
  FRAME_BYTES_MAX,
  JITTER_STREAMS,
  PLAYBACK_RING_FRAMES,
  RESAMPLER_STREAMS,
  SLOTS,
  UPSTREAM_FRAME_BYTES_MAX,
} from "./limits";

export const MEMORY_PAGE_BYTES = 65536;

export const SCRATCH_BASE = 65536;
export const SCRATCH_BYTES = 262144;
export const SILERO_16K_BASE = SCRATCH_BASE + SCRATCH_BYTES;
export const SILERO_16K_BYTES = 983040;
export const SILERO_8K_BASE = SILERO_16K_BASE + SILERO_16K_BYTES;
export const SILERO_8K_BYTES = 851968;
export const SILERO_SCRATCH_BASE = SILERO_8K_BASE + SILERO_8K_BYTES;
export const SILERO_SCRATCH_BYTES = 131072;
export const TABLES_BASE = SILERO_SCRATCH_BASE + SILERO_SCRATCH_BYTES;
export const TABLES_BYTES = 6291456;
export const STREAMS_BASE = TABLES_BASE + TABLES_BYTES;
/** One resampler stream: its block, then its history. */
export const STREAM_BYTES = 4096;
export const STREAM_HISTORY = 256;
export const CONCEALS_BASE = STREAMS_BASE + RESAMPLER_STREAMS * STREAM_BYTES;
export const CONCEAL_BYTES = 16384;
export const JITTERS_BASE = CONCEALS_BASE + CONCEAL_STREAMS * CONCEAL_BYTES;
export const JITTER_BYTES = 65536;
export const PORTS_BASE = JITTERS_BASE + JITTER_STREAMS * JITTER_BYTES;
export const PORT_BYTES = 16384;
export const SLOTS_BASE = PORTS_BASE + SLOTS * PORT_BYTES;
export const SLOT_BYTES = 163840;
export const MEMORY_BYTES = SLOTS_BASE + SLOTS * SLOT_BYTES;

// One port: the caller's frame in, the caller's frame out.
export const PORT_INPUT = 0;
export const PORT_OUTPUT = 8192;

// Scratch, per exported call. Areas are 16-aligned and start with room for a resampler's history.
/** Decoded caller frame, f32 mono. */
export const SCRATCH_CALLER = SCRATCH_BASE;
export const SCRATCH_CALLER_BYTES = 8192;
/** The resampler's [history | chunk]. */
export const SCRATCH_LINE = SCRATCH_CALLER + SCRATCH_CALLER_BYTES;
export const SCRATCH_LINE_BYTES = 16384;
/** What a resampler gives: up to 5,761 samples. */
export const SCRATCH_RESAMPLED = SCRATCH_LINE + SCRATCH_LINE_BYTES;
export const SCRATCH_RESAMPLED_BYTES = 32768;
/** One frame on the way to the caller, f32 mono, before the encoder. */
export const SCRATCH_PLAYOUT = SCRATCH_RESAMPLED + SCRATCH_RESAMPLED_BYTES;
export const SCRATCH_PLAYOUT_BYTES = 32768;
/** What single kernels and resampler streams read and write (kernels.ts): input, then output. */
export const KERNEL_INPUT = SCRATCH_PLAYOUT + SCRATCH_PLAYOUT_BYTES;
export const KERNEL_INPUT_BYTES = 65536;
export const KERNEL_OUTPUT = KERNEL_INPUT + KERNEL_INPUT_BYTES;
export const KERNEL_OUTPUT_BYTES = 65536;

// Slot header. Format: u32 each, written by the host before slotOpen, then read only.
export const SLOT_CALLER_ENCODING = 0;
export const SLOT_CALLER_RATE_HZ = 4;
export const SLOT_CALLER_CHANNELS = 8;
export const SLOT_UPSTREAM_ENCODING = 12;
export const SLOT_UPSTREAM_RATE_HZ = 16;
export const SLOT_VAD_SOURCE = 20;
// Derived by slotOpen.
export const SLOT_CALLER_FRAME_SAMPLES = 24;
export const SLOT_CALLER_FRAME_BYTES = 28;
export const SLOT_UPSTREAM_FRAME_SAMPLES = 32;
export const SLOT_UPSTREAM_FRAME_BYTES = 36;
export const SLOT_UPSTREAM_SAMPLE_BYTES = 40;
export const SLOT_VAD_RATE_HZ = 44;
export const SLOT_WINDOW_SAMPLES = 48;
export const SLOT_CONTEXT_SAMPLES = 52;
export const SLOT_IS_COPY_UP = 56;
export const SLOT_IS_COPY_DOWN = 60;

// Resamplers, 48 bytes each, drawn in resample/polyphase.ts; table, factors and taps are written
// by the host before slotOpen. up factor 0: the rates are equal, nothing to do.
export const SLOT_RESAMPLER_UP = 64;
export const SLOT_RESAMPLER_VAD = 112;
export const SLOT_RESAMPLER_DOWN = 160;
export const RESAMPLER_BYTES = 48;
export const RESAMPLER_UP_FACTOR = 0;
export const RESAMPLER_DOWN_FACTOR = 4;
export const RESAMPLER_TAPS = 8;
export const RESAMPLER_TABLE = 12;
export const RESAMPLER_HISTORY = 16;
/** Next output's place in the coming chunk, in 1/up-factor of an input sample. */
export const RESAMPLER_POSITION = 20;
/** 1: coefficients, history and line are i16 (preset fast); 0: f32. */
export const RESAMPLER_IS_FIXED = 24;
/** f32 that turns an i32 sum of the fixed kind into a sample. */
export const RESAMPLER_SCALE = 28;

// Counters, u32 each, in the order of COUNTER_NAMES of the host.
export const SLOT_COUNTERS = 256;
export const COUNTER_FRAMES_INGESTED = 256;
export const COUNTER_FRAMES_RENDERED = 260;
export const COUNTER_GAP_FRAMES = 264;
export const COUNTER_NON_FINITE_SAMPLES = 268;
export const COUNTER_CLIPPED_FRAMES = 272;
export const COUNTER_WINDOWS = 276;
export const COUNTER_WINDOWS_SKIPPED = 280;
export const COUNTER_CAPTURE_OVERRUNS = 284;
export const COUNTER_PLAYBACK_OVERRUNS = 288;
export const COUNTER_PLAYBACK_UNDERRUNS = 292;
export const COUNTER_PLAYBACK_FLUSHED_SAMPLES = 296;

// Newest facts, read by the host after each call.
export const SLOT_PROBABILITY = 320; // f32
export const SLOT_NOISE_FLOOR_DBFS = 332; // f32
export const SLOT_ONSET_POSITION = 336; // u32, caller samples
export const SLOT_END_POSITION = 340; // u32, caller samples
export const SLOT_BARGE_ONSET_POSITION = 344; // u32, caller samples
export const SLOT_VAD_STATE = 348; // u32, VAD_STATE_*
export const SLOT_IS_AGENT_AUDIBLE = 352; // u32, written by the host

// Settings as the host writes them, then settingsApply rounds the times (decision 13).
export const SLOT_SETTINGS = 384;
export const SETTING_START_THRESHOLD = 384; // f32
export const SETTING_STOP_THRESHOLD = 388; // f32
export const SETTING_MIN_SPEECH_MS = 392; // u32
export const SETTING_MIN_SILENCE_MS = 396; // u32
export const SETTING_CONFIDENT_THRESHOLD = 400; // f32
export const SETTING_CONFIDENT_WEIGHT = 404; // u32
export const SETTING_SHORT_SPEECH_MS = 408; // u32
export const SETTING_SHORT_SILENCE_PERCENT = 412; // u32
export const SETTING_GATE_OVER_FLOOR_DB = 416; // f32
export const SETTING_IS_LEVEL_NORMALISED = 420; // u32
export const SETTING_IS_BARGE_ENABLED = 424; // u32
export const SETTING_BARGE_THRESHOLD = 428; // f32
export const SETTING_BARGE_MIN_SPEECH_MS = 432; // u32
export const SETTING_BARGE_OVER_FLOOR_DB = 436; // f32
export const SETTING_BARGE_COOLDOWN_MS = 440; // u32
// Derived from them.
export const RULE_MIN_SPEECH_WINDOWS = 448;
export const RULE_MIN_SILENCE_WINDOWS = 452;
export const RULE_SHORT_SPEECH_WINDOWS = 456;
export const RULE_SHORT_SILENCE_WINDOWS = 460;
export const RULE_BARGE_MIN_FRAMES = 464;
export const RULE_BARGE_COOLDOWN_FRAMES = 468;

// Windows and the turn machine (vad/).
export const SLOT_WINDOW_FILL = 480; // samples in the window being filled
export const SLOT_WINDOWS_COMPLETED = 484; // newest window index + 1
export const SLOT_WINDOWS_DECIDED = 488; // windows the turn machine has seen
export const SLOT_SPEECH_WINDOWS = 492;
export const SLOT_SILENCE_EVIDENCE = 496;
export const SLOT_ONSET_WINDOW = 500;
export const SLOT_END_WINDOW = 504; // one past the last window judged speech
export const SLOT_GATE_WINDOWS_LEFT = 508; // windows the gate stays open without being kept open

// Barge-in accumulator (vad/barge-in.ts).
export const SLOT_BARGE_FRAMES = 512;
export const SLOT_BARGE_WEAK_FRAMES = 516;
export const SLOT_BARGE_COOLDOWN_LEFT = 520;

// Level (level/): mean power of the newest frame and window, noise floor, normaliser.
export const SLOT_FRAME_POWER = 544; // f32
export const SLOT_FRAME_PEAK = 548; // f32
export const SLOT_WINDOW_POWER = 552; // f32
export const SLOT_FLOOR_SMOOTHED = 556; // f32
export const SLOT_FLOOR_POWER = 560; // f32
export const SLOT_FLOOR_FRAMES = 564; // frames in the running sub-window
export const SLOT_FLOOR_NEXT = 568; // sub-window that is replaced next
export const SLOT_FLOOR_RUNNING = 572; // f32, minimum of the running sub-window
export const SLOT_FLOOR_MINIMA = 576; // f32 x 8
export const SLOT_NORMALISER_GAIN = 608; // f32
export const SLOT_NORMALISER_LEVEL = 612; // f32, mean power of active windows
export const SLOT_NORMALISER_WINDOWS = 616; // f32, windows in that mean

// Playback ring and playout (ring/, playout/).
export const SLOT_PLAYBACK_READ = 640; // bytes into the ring
export const SLOT_PLAYBACK_QUEUED = 644; // bytes
export const SLOT_GAIN_NOW = 648; // f32
export const SLOT_GAIN_TARGET = 652; // f32
export const SLOT_GAIN_STEP = 656; // f32 per caller sample
export const SLOT_TAIL_FRAMES = 660; // renders still owed to the down resampler's history
export const SLOT_TAIL_SAMPLES = 664; // fading samples waiting in SLOT_TAIL (playout/join.ts)
export const SLOT_LAST_SAMPLE = 668; // f32, newest upstream sample that was played
export const SLOT_LIMITER_GAIN = 672; // f32

// One concealment stream (enhance/concealment.ts).
export const CONCEAL_RATE_HZ = 0;
export const CONCEAL_LOST_BLOCKS = 4; // lost blocks of 10 ms in a row
export const CONCEAL_PERIOD = 8; // samples
export const CONCEAL_POSITION = 12; // in the repeated periods
export const CONCEAL_OFFSET = 16; // f32, step the first join would have been
export const CONCEAL_OFFSET_LEFT = 20;
export const CONCEAL_FLOOR = 24; // f32, power
export const CONCEAL_SEED = 28;
export const CONCEAL_VOICING = 32; // f32, how alike the last two periods were
export const CONCEAL_HISTORY = 256; // f32 x 780 at 16 kHz
export const CONCEAL_FROZEN = 4096; // f32 x 780

// One jitter buffer (ring/jitter-buffer.ts).
export const JITTER_IS_STARTED = 8;
export const JITTER_NEXT = 12; // frame that is played next
export const JITTER_NEWEST = 16; // newest frame + 1; 0: nothing came yet
export const JITTER_TARGET_MS = 20;
export const JITTER_BASE_MS = 24;
export const JITTER_BASE_NEXT_MS = 28;
export const JITTER_BASE_UNTIL_MS = 32;
export const JITTER_TICKS = 36; // since a frame was skipped
export const JITTER_COUNT_PLAYED = 40;
export const JITTER_COUNT_LATE = 44;
export const JITTER_COUNT_DUPLICATE = 48;
export const JITTER_COUNT_LOST = 52;
export const JITTER_COUNT_SKIPPED = 56;
export const JITTER_COUNT_INSERTED = 60;
export const JITTER_HISTOGRAM = 64; // f32 x 41
export const JITTER_ENTRIES = 256; // frame, bytes: i32 each
export const JITTER_ENTRY_BYTES = 8;
export const JITTER_PAYLOADS = 512;
export const JITTER_PAYLOAD_BYTES = 1920;

// Areas behind the header.
export const SLOT_WINDOW = 1024;
export const SLOT_WINDOW_DONE = 3328;
export const SLOT_RECURRENT = 5376;
export const SLOT_RECURRENT_BYTES = 1536;
export const SLOT_HISTORY_UP = 6912;
export const SLOT_HISTORY_VAD = 10240;
export const SLOT_HISTORY_DOWN = 11264;
export const SLOT_TAIL = 13056;
export const SLOT_RESERVE = 13568;
export const SLOT_CAPTURE_RING = 19840;
export const SLOT_PLAYBACK_RING =
  SLOT_CAPTURE_RING + CAPTURE_RING_FRAMES * UPSTREAM_FRAME_BYTES_MAX;
export const SLOT_END = SLOT_PLAYBACK_RING + PLAYBACK_RING_FRAMES * UPSTREAM_FRAME_BYTES_MAX;

/** What one port must hold, for the check at start. */
export const PORT_FRAME_BYTES = FRAME_BYTES_MAX;
