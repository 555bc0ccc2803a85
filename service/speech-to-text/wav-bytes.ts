// Samples as a WAV file in memory, for services that take files: nothing is written to a disk
// (S3-02). Source: RIFF WAVE, format 1 (PCM), 16 bit, one channel.
//
//   "RIFF" size "WAVE" | "fmt " 16 1 1 rate rate*2 2 16 | "data" size | samples

const HEADER_BYTES = 44;

/** Shape: 16 bit mono samples -> header and samples; at least `samplesMin`, silence behind. */
export function wavBytes(
  audio: Int16Array,
  rateHz: number,
  samplesMin: number,
): Uint8Array<ArrayBuffer> {
  const dataBytes = Math.max(audio.length, samplesMin) * 2;
  const bytes = new Uint8Array(HEADER_BYTES + dataBytes);
  const view = new DataView(bytes.buffer);
  const text = (offset: number, word: string) => {
    for (let index = 0; index < word.length; index += 1) {
      view.setUint8(offset + index, word.charCodeAt(index));
    }
  };
  text(0, "RIFF");
  view.setUint32(4, HEADER_BYTES - 8 + dataBytes, true);
  text(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, rateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  text(36, "data");
  view.setUint32(40, dataBytes, true);
  for (let index = 0; index < audio.length; index += 1) {
    view.setInt16(HEADER_BYTES + index * 2, audio[index] ?? 0, true);
  }
  return bytes;
}
