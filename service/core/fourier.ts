// A plain complex Fourier transform in place, for filter design at boot and for measurements.
// Source: J. W. Cooley and J. W. Tukey, "An algorithm for the machine calculation of complex
// Fourier series", Math. Comp. 19 (1965); radix 2, decimation in time.

/** Transforms `re` and `im` (equal power-of-two lengths); inverse is scaled by 1/length. */
export function fourier(re: Float64Array, im: Float64Array, isInverse: boolean): void {
  const length = re.length;
  if (im.length !== length || length < 2 || (length & (length - 1)) !== 0) {
    throw new RangeError(`Cannot transform: length is ${length}, must be a power of two`);
  }
  reverseBits(re, im);
  const sign = isInverse ? 2 * Math.PI : -2 * Math.PI;
  const cosines = Float64Array.from({ length: length / 2 }, (_, k) =>
    Math.cos((sign * k) / length),
  );
  const sines = Float64Array.from({ length: length / 2 }, (_, k) => Math.sin((sign * k) / length));
  for (let half = 1; half < length; half *= 2) {
    const stride = length / (2 * half);
    for (let start = 0; start < length; start += 2 * half) {
      for (let index = 0; index < half; index += 1) {
        butterfly(re, im, start + index, half, {
          cosine: at(cosines, index * stride),
          sine: at(sines, index * stride),
        });
      }
    }
  }
  if (!isInverse) return;
  for (let index = 0; index < length; index += 1) {
    re[index] = at(re, index) / length;
    im[index] = at(im, index) / length;
  }
}

function butterfly(
  re: Float64Array,
  im: Float64Array,
  upper: number,
  half: number,
  turn: { readonly cosine: number; readonly sine: number },
): void {
  const lower = upper + half;
  const { cosine, sine } = turn;
  const lowerRe = at(re, lower) * cosine - at(im, lower) * sine;
  const lowerIm = at(re, lower) * sine + at(im, lower) * cosine;
  re[lower] = at(re, upper) - lowerRe;
  im[lower] = at(im, upper) - lowerIm;
  re[upper] = at(re, upper) + lowerRe;
  im[upper] = at(im, upper) + lowerIm;
}

function reverseBits(re: Float64Array, im: Float64Array): void {
  const length = re.length;
  let target = 0;
  for (let index = 1; index < length; index += 1) {
    let bit = length >> 1;
    while ((target & bit) !== 0) {
      target ^= bit;
      bit >>= 1;
    }
    target ^= bit;
    if (index >= target) continue;
    [re[index], re[target]] = [at(re, target), at(re, index)];
    [im[index], im[target]] = [at(im, target), at(im, index)];
  }
}

function at(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}
