// G.711 in plain TypeScript, written from the recommendation's tables (ITU-T G.711, 1988, tables
// 1a to 2b): segment by search over the decision values, one's complement for negative samples.
// The plain path the core's SIMD path is held against; also the "plain TypeScript" row of benches.

/** One 16-bit sample to mu-law: 14-bit magnitude, bias 33, segments end at 2^(6+s). */
export function mulawEncodeTwin(sample: number): number {
  const isNegative = sample < 0;
  const magnitude = Math.min(((isNegative ? ~sample : sample) >> 2) + 33, 8191);
  let segment = 0;
  while (magnitude >= 64 << segment) segment += 1;
  const step = (magnitude >> (segment + 1)) & 15;
  const code = 0x7f - (segment * 16 + step);
  return isNegative ? code : code + 128;
}

export function mulawDecodeTwin(code: number): number {
  const isNegative = code < 128;
  const inverted = 0x7f - (code & 0x7f);
  const segment = inverted >> 4;
  const magnitude = (33 + 2 * (inverted & 15)) * 2 ** segment - 33;
  return (isNegative ? -magnitude : magnitude) * 4 + 0;
}

/** One 16-bit sample to A-law: 12-bit magnitude, even bits toggled. */
export function alawEncodeTwin(sample: number): number {
  const isNegative = sample < 0;
  const magnitude = (isNegative ? ~sample : sample) >> 4;
  let segment = 0;
  while (magnitude >= 32 << segment && segment < 6) segment += 1;
  const code = magnitude < 16 ? magnitude : (segment + 1) * 16 + ((magnitude >> segment) & 15);
  return (isNegative ? code : code + 128) ^ 0x55;
}

export function alawDecodeTwin(code: number): number {
  const toggled = code ^ 0x55;
  const segment = (toggled >> 4) & 7;
  const step = toggled & 15;
  const magnitude = segment === 0 ? 2 * step + 1 : (33 + 2 * step) * 2 ** (segment - 1);
  return ((toggled & 128) !== 0 ? magnitude : -magnitude) * 8;
}
