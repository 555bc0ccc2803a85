// The f32 branch of the resampler (presets standard, high, linear): four outputs share each load
// of coefficients, taps come in eights. One output is one sum in one fixed order: tap i goes to
// lane i % 4, then (lane 0 + 1) + (2 + 3); tests hold it to the same bits for any chunking.

/**
 * All outputs of one branch: `outputs` of them, `up` apart at `target`; their oldest samples,
 * from `samples` on, lie `down` apart. `taps` is a multiple of 8.
 */
export function floatBranch(
  samples: usize,
  coefficients: usize,
  taps: i32,
  target: usize,
  outputs: i32,
  up: i32,
  down: i32,
): void {
  const step = (<usize>down) << 2;
  const stride = (<usize>up) << 2;
  const tapBytes = (<usize>taps) << 2;
  let left = outputs;
  while (left >= 4) {
    let first = samples;
    let second = samples + step;
    let third = second + step;
    let fourth = third + step;
    const next = fourth + step;
    let coefficient = coefficients;
    const end = coefficients + tapBytes;
    let a = f32x4.splat(0);
    let b = f32x4.splat(0);
    let c = f32x4.splat(0);
    let d = f32x4.splat(0);
    while (coefficient < end) {
      const early = v128.load(coefficient);
      a = f32x4.add(a, f32x4.mul(early, v128.load(first)));
      b = f32x4.add(b, f32x4.mul(early, v128.load(second)));
      c = f32x4.add(c, f32x4.mul(early, v128.load(third)));
      d = f32x4.add(d, f32x4.mul(early, v128.load(fourth)));
      const late = v128.load(coefficient, 16);
      a = f32x4.add(a, f32x4.mul(late, v128.load(first, 16)));
      b = f32x4.add(b, f32x4.mul(late, v128.load(second, 16)));
      c = f32x4.add(c, f32x4.mul(late, v128.load(third, 16)));
      d = f32x4.add(d, f32x4.mul(late, v128.load(fourth, 16)));
      coefficient += 32;
      first += 32;
      second += 32;
      third += 32;
      fourth += 32;
    }
    const sums = sumEach(a, b, c, d);
    store<f32>(target, f32x4.extract_lane(sums, 0));
    store<f32>(target + stride, f32x4.extract_lane(sums, 1));
    store<f32>(target + stride * 2, f32x4.extract_lane(sums, 2));
    store<f32>(target + stride * 3, f32x4.extract_lane(sums, 3));
    samples = next;
    target += stride << 2;
    left -= 4;
  }
  while (left >= 2) {
    floatPair(samples, step, coefficients, coefficients + tapBytes, target, stride);
    samples += step << 1;
    target += stride << 1;
    left -= 2;
  }
  for (; left > 0; left--) {
    let a = f32x4.splat(0);
    for (let tap: usize = 0; tap < tapBytes; tap += 16) {
      a = f32x4.add(a, f32x4.mul(v128.load(coefficients + tap), v128.load(samples + tap)));
    }
    store<f32>(target, f32x4.extract_lane(sumEach(a, a, a, a), 0));
    samples += step;
    target += stride;
  }
}

// Two outputs: ratios like 44.1 to 16 kHz have many branches of two or three outputs each.
function floatPair(
  samples: usize,
  step: usize,
  coefficients: usize,
  end: usize,
  target: usize,
  stride: usize,
): void {
  let first = samples;
  let second = samples + step;
  let a = f32x4.splat(0);
  let b = f32x4.splat(0);
  for (let coefficient = coefficients; coefficient < end; coefficient += 16) {
    const part = v128.load(coefficient);
    a = f32x4.add(a, f32x4.mul(part, v128.load(first)));
    b = f32x4.add(b, f32x4.mul(part, v128.load(second)));
    first += 16;
    second += 16;
  }
  const sums = sumEach(a, b, a, b);
  store<f32>(target, f32x4.extract_lane(sums, 0));
  store<f32>(target + stride, f32x4.extract_lane(sums, 1));
}

// Lane i of the result is the sum of the i-th argument's lanes: (0 + 1) + (2 + 3).
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const abEven = v128.shuffle<f32>(a, b, 0, 2, 4, 6);
  const abOdd = v128.shuffle<f32>(a, b, 1, 3, 5, 7);
  const cdEven = v128.shuffle<f32>(c, d, 0, 2, 4, 6);
  const cdOdd = v128.shuffle<f32>(c, d, 1, 3, 5, 7);
  const ab = f32x4.add(abEven, abOdd);
  const cd = f32x4.add(cdEven, cdOdd);
  const first = v128.shuffle<f32>(ab, cd, 0, 2, 4, 6);
  const second = v128.shuffle<f32>(ab, cd, 1, 3, 5, 7);
  return f32x4.add(first, second);
}
