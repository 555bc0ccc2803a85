// One 16 bit sample to its G.711 byte, for test audio only; calls are encoded by the core.
// Source: ITU-T G.711 (11/1988), tables 1a to 2b. Negative samples are one's complemented before
// the segment search, as the core does, so that both give the same bytes.

/** sample: -32768..32767. -> 0..255. */
export function encodeMulaw(sample: number): number {
  const isNegative = sample < 0;
  const magnitude = Math.min(isNegative ? ~sample >> 2 : sample >> 2, 8158) + 33;
  const segment = 31 - Math.clz32(magnitude) - 5;
  const code = (segment << 4) | ((magnitude >> (segment + 1)) & 0x0f);
  return ~(isNegative ? code | 0x80 : code) & 0xff;
}

/** sample: -32768..32767. -> 0..255. */
export function encodeAlaw(sample: number): number {
  const isNegative = sample < 0;
  const magnitude = (isNegative ? ~sample : sample) >> 4;
  const segment = Math.max(0, 31 - Math.clz32(magnitude) - 4 + 1);
  const step = segment === 0 ? magnitude & 0x0f : (magnitude >> (segment - 1)) & 0x0f;
  const code = (segment << 4) | step;
  return (isNegative ? code : code | 0x80) ^ 0x55;
}
