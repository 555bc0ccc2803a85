// Every bound of the core, as plain integer constants: this file is read by two compilers,
// asc (AssemblyScript) and TypeScript, so that the host and the module can never disagree.
// Relations between them are asserted once, when the module starts (index.ts, start).

/** Changes whenever the memory map, the exports or the meaning of either changes. */
export const ABI_VERSION = 1;

/** Calls at a time. Compile-time, because each owns a fixed place in memory (decision 1). */
export const SLOTS = 1024;

export const FRAME_MS = 20;
export const WINDOW_MS = 32;

/** 20 ms at 48 kHz. */
export const FRAME_SAMPLES_MAX = 960;
/** Stereo f32 at 48 kHz. */
export const FRAME_BYTES_MAX = 7680;
/** 20 ms of 24 kHz pcm16: the largest frame in an upstream's format. */
export const UPSTREAM_FRAME_BYTES_MAX = 960;

export const CAPTURE_RING_FRAMES = 100;
export const PLAYBACK_RING_FRAMES = 50;

/** VAD windows: 32 ms at 16 and 8 kHz, and the left context the model needs in front (D-05). */
export const WINDOW_SAMPLES_16K = 512;
export const WINDOW_SAMPLES_8K = 256;
export const CONTEXT_SAMPLES_16K = 64;
export const CONTEXT_SAMPLES_8K = 32;
/** Windows a model beside the core may lag before they count as silence (decision 3). */
export const WINDOWS_BEHIND_MAX = 8;

/** Taps of the longest polyphase branch: 48 kHz to 8 kHz at 128 taps of the lower rate. */
export const RESAMPLER_TAPS_MAX = 768;
/** Samples one call of the resampler takes; longer input comes in several calls. */
export const RESAMPLER_CHUNK_SAMPLES_MAX = 960;
/** Most samples one chunk can become: 8 kHz to 48 kHz, plus one for a fractional start. */
export const RESAMPLER_OUTPUT_SAMPLES_MAX = 5761;

/** Streams of the kernels for datagram transports: concealment and jitter buffers. */
export const CONCEAL_STREAMS = 64;
export const JITTER_STREAMS = 32;
/** Packets one jitter buffer holds; a power of two, over three times its longest delay. */
export const JITTER_PACKETS = 32;
/** Frames of one stream: over 200 days, so that frame x 20 ms stays an i32. */
export const JITTER_FRAME_MAX = 100000000;

/** 5 ms at 24 kHz: how long interrupted audio fades. */
export const TAIL_SAMPLES_MAX = 120;
/** Fades of playout, per second: 200 = 5 ms. */
export const TAILS_PER_SECOND = 200;

/** Resamplers beside the calls' own, for engines that speak at a rate of their own. */
export const RESAMPLER_STREAMS = 256;

/** The level of digital silence (S2-07). */
export const SILENCE_DBFS = -96;
