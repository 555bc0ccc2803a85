// Two signals into one: a sum with a gain each, or a linear crossfade (S2-58). No state; what may
// exceed full scale afterwards is the limiter's or the encoder's to hold.

/** target[i] = target[i] x targetGain + source[i] x sourceGain, `count` f32. */
export function mixInto(
  target: usize,
  source: usize,
  count: i32,
  targetGain: f32,
  sourceGain: f32,
): void {
  const targetGains = f32x4.splat(targetGain);
  const sourceGains = f32x4.splat(sourceGain);
  const whole = count & ~3;
  for (let index = 0; index < whole; index += 4) {
    const offset = (<usize>index) << 2;
    const kept = f32x4.mul(v128.load(target + offset), targetGains);
    v128.store(
      target + offset,
      f32x4.add(kept, f32x4.mul(v128.load(source + offset), sourceGains)),
    );
  }
  for (let index = whole; index < count; index++) {
    const offset = (<usize>index) << 2;
    const kept = load<f32>(target + offset) * targetGain;
    store<f32>(target + offset, kept + load<f32>(source + offset) * sourceGain);
  }
}

/** From `target` (first sample nearly whole) to `source` (last sample whole), `count` f32. */
export function crossfadeInto(target: usize, source: usize, count: i32): void {
  for (let index = 0; index < count; index++) {
    const offset = (<usize>index) << 2;
    const share = <f32>(index + 1) / <f32>count;
    const old = load<f32>(target + offset);
    store<f32>(target + offset, old + (load<f32>(source + offset) - old) * share);
  }
}
