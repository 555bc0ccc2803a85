// Where the packed Silero weights and the kernel's scratch lie, and the network's sizes.
// Station: read by the kernel (AssemblyScript) and by the packer in models/ (TypeScript): every
// constant is untyped on purpose, an i32 to one compiler and a number to the other.
// Source: Silero VAD v6.2 (also v5, v6.0: same shapes), Silero Team, MIT.
// Limits: one layout for both rates. The small tables are sized for 16 kHz and the one large part
// that depends on the rate, conv1, stands last, so that every offset is a constant.

export const SILERO_16K_WINDOW_SAMPLES = 512;
export const SILERO_16K_CONTEXT_SAMPLES = 64;
export const SILERO_16K_FFT_SAMPLES = 256;
export const SILERO_8K_WINDOW_SAMPLES = 256;
export const SILERO_8K_CONTEXT_SAMPLES = 32;
export const SILERO_8K_FFT_SAMPLES = 128;

/** STFT frames per window; the kernel keeps one in each lane of a vector. */
export const SILERO_FRAMES = 4;
export const SILERO_CONV1_CHANNELS = 128;
export const SILERO_CONV2_CHANNELS = 64;
export const SILERO_CONV3_CHANNELS = 64;
export const SILERO_HIDDEN = 128;
/** Input and previous hidden state, side by side: one matrix-vector product. */
export const SILERO_LSTM_COLUMNS = 256;
export const SILERO_BINS_MAX = 129;

// Packed weights, offsets in bytes from their base (16-byte aligned). Order inside each part is
// the order in which the kernel reads; see the packer.
//
//   0        LSTM   16 blocks of 8 units: 256 columns x (i f g o) x 8
//   524288   LSTM bias, both merged, 16 blocks x (i f g o) x 8
//   526336   conv2  4 blocks of 16 channels: 128 inputs x 3 taps x 16
//   624640   conv2 bias
//   624896   conv3  2 blocks of 32 channels: 64 inputs x 2 taps x 32
//   657664   conv3 bias
//   657920   conv4  4 blocks of 32 channels: 64 inputs x 32 (centre tap)
//   690688   conv4 bias
//   691200   head 128 weights, then its bias, then padding to 16 bytes
//   691728   conv1 bias
//   692240   Hann window, 256 f32
//   693264   FFT twiddles (cos, sin) of the complex transform, 64 pairs
//   693776   split twiddles (cos, sin), 64 pairs
//   694288   byte offset of the bit-reversed place, 128 u32
//   694800   conv1  16 blocks of 8 channels: bins x 3 taps x 8
//   892944   end at 16 kHz; 794640 at 8 kHz
export const SILERO_LSTM_AT = 0;
export const SILERO_LSTM_BIAS_AT = SILERO_LSTM_AT + 4 * SILERO_HIDDEN * SILERO_LSTM_COLUMNS * 4;
export const SILERO_CONV2_AT = SILERO_LSTM_BIAS_AT + 4 * SILERO_HIDDEN * 4;
export const SILERO_CONV2_BIAS_AT =
  SILERO_CONV2_AT + SILERO_CONV1_CHANNELS * 3 * SILERO_CONV2_CHANNELS * 4;
export const SILERO_CONV3_AT = SILERO_CONV2_BIAS_AT + SILERO_CONV2_CHANNELS * 4;
export const SILERO_CONV3_BIAS_AT =
  SILERO_CONV3_AT + SILERO_CONV2_CHANNELS * 2 * SILERO_CONV3_CHANNELS * 4;
export const SILERO_CONV4_AT = SILERO_CONV3_BIAS_AT + SILERO_CONV3_CHANNELS * 4;
export const SILERO_CONV4_BIAS_AT = SILERO_CONV4_AT + SILERO_CONV3_CHANNELS * SILERO_HIDDEN * 4;
export const SILERO_HEAD_AT = SILERO_CONV4_BIAS_AT + SILERO_HIDDEN * 4;
export const SILERO_CONV1_BIAS_AT = SILERO_HEAD_AT + (SILERO_HIDDEN + 4) * 4;
export const SILERO_HANN_AT = SILERO_CONV1_BIAS_AT + SILERO_CONV1_CHANNELS * 4;
export const SILERO_TWIDDLE_AT = SILERO_HANN_AT + SILERO_16K_FFT_SAMPLES * 4;
export const SILERO_SPLIT_AT = SILERO_TWIDDLE_AT + (SILERO_16K_FFT_SAMPLES / 4) * 8;
export const SILERO_REVERSAL_AT = SILERO_SPLIT_AT + (SILERO_16K_FFT_SAMPLES / 4) * 8;
export const SILERO_CONV1_AT = SILERO_REVERSAL_AT + (SILERO_16K_FFT_SAMPLES / 2) * 4;
export const SILERO_16K_WEIGHTS_BYTES =
  SILERO_CONV1_AT + SILERO_CONV1_CHANNELS * SILERO_BINS_MAX * 3 * 4;
export const SILERO_8K_WEIGHTS_BYTES =
  SILERO_CONV1_AT + SILERO_CONV1_CHANNELS * (SILERO_8K_FFT_SAMPLES / 2 + 1) * 3 * 4;

// Scratch, shared by all slots: nothing in it outlives a call of the kernel.
//
//   0      padded input: context, window, reflection (640 f32)
//   2560   spectrum, 128 complex numbers x 4 frames
//   6656   magnitudes, 129 bins x 4 frames
//   8720   conv1 out, 4 frames x 128
//   10768  conv2 out, 2 frames x 64
//   11280  conv3 out, 64
//   11536  LSTM in: 128 of conv4, 128 of the old hidden state
//   12560  end
export const SILERO_PADDED_AT = 0;
export const SILERO_SPECTRUM_AT = SILERO_PADDED_AT + 640 * 4;
export const SILERO_MAGNITUDE_AT = SILERO_SPECTRUM_AT + (SILERO_16K_FFT_SAMPLES / 2) * 32;
export const SILERO_CONV1_OUT_AT = SILERO_MAGNITUDE_AT + SILERO_BINS_MAX * 16;
export const SILERO_CONV2_OUT_AT = SILERO_CONV1_OUT_AT + SILERO_FRAMES * SILERO_CONV1_CHANNELS * 4;
export const SILERO_CONV3_OUT_AT = SILERO_CONV2_OUT_AT + 2 * SILERO_CONV2_CHANNELS * 4;
export const SILERO_LSTM_IN_AT = SILERO_CONV3_OUT_AT + SILERO_CONV3_CHANNELS * 4;
/** End of the scratch. */
export const SILERO_SCRATCH_USED_BYTES = SILERO_LSTM_IN_AT + SILERO_LSTM_COLUMNS * 4;

/** Per slot: hidden state (128 f32), cell state (128 f32). Zero when the call opens. */
export const SILERO_CELL_AT = SILERO_HIDDEN * 4;
export const SILERO_STATE_BYTES = 2 * SILERO_HIDDEN * 4;
