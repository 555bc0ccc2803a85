// The 16 bit branch of the resampler (preset fast): samples and coefficients are i16, eight
// products a turn with i32x4.dot_i16x8_s, sums are i32 and exact, so their order does not matter.
// Coefficients are scaled by the host so that neither a coefficient nor a whole sum can overflow
// at full scale (|c| <= 32767, sum of |c| <= 65535); `scale` turns a sum into f32.

/** As floatBranch, samples and coefficients i16, outputs f32. `taps` is a multiple of 8. */
export function fixedBranch(
  samples: usize,
  coefficients: usize,
  taps: i32,
  target: usize,
  outputs: i32,
  up: i32,
  down: i32,
  scale: f32,
): void {
  const step = (<usize>down) << 1;
  const stride = (<usize>up) << 2;
  const end = coefficients + ((<usize>taps) << 1);
  const scales = f32x4.splat(scale);
  let left = outputs;
  if (down === 1) {
    const done = left & ~7;
    if (done > 0) fixedNeighbours(samples, coefficients, end, target, done, stride, scales);
    samples += (<usize>done) << 1;
    target += stride * <usize>done;
    left -= done;
  }
  while (left >= 4) {
    let first = samples;
    let second = samples + step;
    let third = second + step;
    let fourth = third + step;
    samples = fourth + step;
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let coefficient = coefficients;
    // Sixteen taps a turn: one step of the five pointers instead of two, 5 % of the time.
    for (; coefficient + 16 < end; coefficient += 32) {
      const eight = v128.load(coefficient);
      const next = v128.load(coefficient, 16);
      a = i32x4.add(a, i32x4.dot_i16x8_s(eight, v128.load(first)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(eight, v128.load(second)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(eight, v128.load(third)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(eight, v128.load(fourth)));
      a = i32x4.add(a, i32x4.dot_i16x8_s(next, v128.load(first, 16)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(next, v128.load(second, 16)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(next, v128.load(third, 16)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(next, v128.load(fourth, 16)));
      first += 32;
      second += 32;
      third += 32;
      fourth += 32;
    }
    if (coefficient < end) {
      const eight = v128.load(coefficient);
      a = i32x4.add(a, i32x4.dot_i16x8_s(eight, v128.load(first)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(eight, v128.load(second)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(eight, v128.load(third)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(eight, v128.load(fourth)));
    }
    storeFour(target, stride, sumEach(a, b, c, d), scales);
    target += stride << 2;
    left -= 4;
  }
  while (left >= 2) {
    fixedPair(samples, step, coefficients, end, target, stride, scales);
    samples += step << 1;
    target += stride << 1;
    left -= 2;
  }
  for (; left > 0; left--) {
    let a = i32x4.splat(0);
    let sample = samples;
    for (let coefficient = coefficients; coefficient < end; coefficient += 16) {
      a = i32x4.add(a, i32x4.dot_i16x8_s(v128.load(coefficient), v128.load(sample)));
      sample += 16;
    }
    const sum = i32x4.extract_lane(sumEach(a, a, a, a), 0);
    store<f32>(target, <f32>sum * scale);
    samples += step;
    target += stride;
  }
}

// Outputs whose samples begin one apart, as in every rate that is only raised: eight a turn share
// each load of coefficients and one pointer: 3 % less time for 8 -> 24 kHz than four with one each.
function fixedNeighbours(
  samples: usize,
  coefficients: usize,
  end: usize,
  target: usize,
  outputs: i32,
  stride: usize,
  scales: v128,
): void {
  for (let left = outputs; left > 0; left -= 8) {
    let a = i32x4.splat(0);
    let b = i32x4.splat(0);
    let c = i32x4.splat(0);
    let d = i32x4.splat(0);
    let e = i32x4.splat(0);
    let f = i32x4.splat(0);
    let g = i32x4.splat(0);
    let h = i32x4.splat(0);
    let sample = samples;
    for (let coefficient = coefficients; coefficient < end; coefficient += 16) {
      const eight = v128.load(coefficient);
      a = i32x4.add(a, i32x4.dot_i16x8_s(eight, v128.load(sample)));
      b = i32x4.add(b, i32x4.dot_i16x8_s(eight, v128.load(sample, 2)));
      c = i32x4.add(c, i32x4.dot_i16x8_s(eight, v128.load(sample, 4)));
      d = i32x4.add(d, i32x4.dot_i16x8_s(eight, v128.load(sample, 6)));
      e = i32x4.add(e, i32x4.dot_i16x8_s(eight, v128.load(sample, 8)));
      f = i32x4.add(f, i32x4.dot_i16x8_s(eight, v128.load(sample, 10)));
      g = i32x4.add(g, i32x4.dot_i16x8_s(eight, v128.load(sample, 12)));
      h = i32x4.add(h, i32x4.dot_i16x8_s(eight, v128.load(sample, 14)));
      sample += 16;
    }
    storeFour(target, stride, sumEach(a, b, c, d), scales);
    storeFour(target + (stride << 2), stride, sumEach(e, f, g, h), scales);
    samples += 16;
    target += stride << 3;
  }
}

function storeFour(target: usize, stride: usize, fixed: v128, scales: v128): void {
  const sums = f32x4.mul(f32x4.convert_i32x4_s(fixed), scales);
  store<f32>(target, f32x4.extract_lane(sums, 0));
  store<f32>(target + stride, f32x4.extract_lane(sums, 1));
  store<f32>(target + stride * 2, f32x4.extract_lane(sums, 2));
  store<f32>(target + stride * 3, f32x4.extract_lane(sums, 3));
}

// Two outputs: ratios like 44.1 to 16 kHz have many branches of two or three outputs each.
function fixedPair(
  samples: usize,
  step: usize,
  coefficients: usize,
  end: usize,
  target: usize,
  stride: usize,
  scales: v128,
): void {
  let first = samples;
  let second = samples + step;
  let a = i32x4.splat(0);
  let b = i32x4.splat(0);
  for (let coefficient = coefficients; coefficient < end; coefficient += 16) {
    const part = v128.load(coefficient);
    a = i32x4.add(a, i32x4.dot_i16x8_s(part, v128.load(first)));
    b = i32x4.add(b, i32x4.dot_i16x8_s(part, v128.load(second)));
    first += 16;
    second += 16;
  }
  const sums = f32x4.mul(f32x4.convert_i32x4_s(sumEach(a, b, a, b)), scales);
  store<f32>(target, f32x4.extract_lane(sums, 0));
  store<f32>(target + stride, f32x4.extract_lane(sums, 1));
}

// Lane i of the result is the sum of the i-th argument's lanes.
function sumEach(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = i32x4.add(v128.shuffle<i32>(a, b, 0, 2, 4, 6), v128.shuffle<i32>(a, b, 1, 3, 5, 7));
  const cd = i32x4.add(v128.shuffle<i32>(c, d, 0, 2, 4, 6), v128.shuffle<i32>(c, d, 1, 3, 5, 7));
  return i32x4.add(v128.shuffle<i32>(ab, cd, 0, 2, 4, 6), v128.shuffle<i32>(ab, cd, 1, 3, 5, 7));
}
