// Little-endian pcm16 and f32 <-> f32 mono, full scale 32768 both ways, so that
// i16 -> f32 -> i16 is the identity. Not-a-number and infinities become silence and are counted.
// Source: S2-04, S2-08 (which encodes with 32767; 32768 with saturation keeps the identity).

/** Decodes `count` pcm16 samples to f32. */
export function pcmDecode(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const sample = <f32>load<i16>(source + (<usize>index << 1));
    store<f32>(target + (<usize>index << 2), sample * (1.0 / 32768.0));
  }
}

/** Encodes `count` f32 samples to pcm16: round to nearest even, saturate. */
export function pcmEncode(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const sample = saturate16(load<f32>(source + (<usize>index << 2)));
    store<i16>(target + (<usize>index << 1), <i16>sample);
  }
}

/** Copies `count` f32 samples, each that is not finite as 0. -> how many were not finite. */
export function floatDecode(source: usize, target: usize, count: i32): i32 {
  let nonFinite = 0;
  for (let index = 0; index < count; index++) {
    let sample = load<f32>(source + (<usize>index << 2));
    if (!isFinite<f32>(sample)) {
      sample = 0;
      nonFinite++;
    }
    store<f32>(target + (<usize>index << 2), max<f32>(-8, min<f32>(8, sample)));
  }
  return nonFinite;
}

/** Averages `count` interleaved f32 pairs to mono; source and target may be the same. */
export function stereoToMono(source: usize, target: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const left = load<f32>(source + (<usize>index << 3));
    const right = load<f32>(source + (<usize>index << 3), 4);
    store<f32>(target + (<usize>index << 2), (left + right) * 0.5);
  }
}

/** Rounds to nearest even and clamps to 16 bit; what is no number is 0. */
export function saturate16(sample: f32): i32 {
  const scaled = nearest<f32>(sample * 32768.0);
  return <i32>max<f32>(-32768, min<f32>(32767, scaled));
}
