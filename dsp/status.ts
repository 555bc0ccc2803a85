// Result codes of the exported calls that can refuse (style 30): 0 is ok, negatives say why.
// Read by both compilers, like limits.ts.

export const STATUS_OK = 0;
/** The slot's format block holds a value that is no format. */
export const STATUS_BAD_FORMAT = -1;
/** The slot's settings block holds a value outside its range. */
export const STATUS_BAD_SETTINGS = -2;
/** A length or index outside what the callee takes. */
export const STATUS_BAD_LENGTH = -3;

export const ENCODING_PCM16 = 0;
export const ENCODING_F32 = 1;
export const ENCODING_MULAW = 2;
export const ENCODING_ALAW = 3;

export const VAD_SOURCE_CORE = 0;
export const VAD_SOURCE_ENERGY = 1;
export const VAD_SOURCE_BESIDE = 2;

export const VAD_STATE_SILENCE = 0;
export const VAD_STATE_SPEECH_START = 1;
export const VAD_STATE_SPEECH = 2;
export const VAD_STATE_SPEECH_END = 3;

export const EVENT_WINDOW = 1;
export const EVENT_ONSET_MAYBE = 2;
export const EVENT_ONSET = 4;
export const EVENT_ONSET_FALSE = 8;
export const EVENT_END_MAYBE = 16;
export const EVENT_END_OFF = 32;
export const EVENT_END = 64;
export const EVENT_BARGE_MAYBE = 128;
export const EVENT_BARGE = 256;
export const EVENT_BARGE_FALSE = 512;
export const EVENT_GAP = 1024;
export const EVENT_CLIPPED = 2048;
