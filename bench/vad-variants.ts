// What speech goes through before a VAD hears it: level, noise, the phone network.
// Station: VAD harness, equality test and bench. Deterministic: noise comes from a seed.

/** Gain in dB, then rounded and clipped to 16 bits as a real line would. */
export function atGain(samples: Float32Array, gainDb: number): Float32Array {
  const gain = 10 ** (gainDb / 20);
  return samples.map((value) => toPcm16(value * gain));
}

/** White noise at `snrDb` under the mean power of the whole recording. */
export function withWhiteNoise(samples: Float32Array, snrDb: number, seed: number): Float32Array {
  const random = normalRandom(seed);
  const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
  const noise = Math.sqrt(power / 10 ** (snrDb / 10));
  return samples.map((value) => toPcm16(value + noise * random()));
}

/** 16 kHz -> 8 kHz -> mu-law -> the samples a receiver decodes (G.711, ITU-T 1988). */
export function throughPhone(samples: Float32Array): Float32Array {
  return throughMulaw(toHalfRate(samples));
}

/** mu-law and back, at whatever rate. */
export function throughMulaw(samples: Float32Array): Float32Array {
  return samples.map((value) => decodeMulaw(encodeMulaw(Math.round(value * 32768))));
}

/** mu-law codes of samples, as a phone line carries them. */
export function toMulaw(samples: Float32Array): Uint8Array {
  return Uint8Array.from(samples, (value) => encodeMulaw(Math.round(value * 32768)));
}

/**
 * Every second sample after a linear-phase low-pass: 129 taps, Kaiser beta 8, -6 dB at 3.7 kHz.
 * Its delay is taken out, so labels stay where they are.
 */
export function toHalfRate(samples: Float32Array): Float32Array {
  const output = new Float32Array(Math.floor(samples.length / 2));
  for (let index = 0; index < output.length; index++) {
    let sum = 0;
    for (let tap = 0; tap < HALF_RATE_TAPS.length; tap++) {
      const at = 2 * index + tap - HALF_RATE_CENTRE;
      sum += (HALF_RATE_TAPS[tap] ?? 0) * (samples[at] ?? 0);
    }
    output[index] = toPcm16(sum);
  }
  return output;
}

const HALF_RATE_CENTRE = 64;
const HALF_RATE_TAPS = lowPass(3700 / 16000, HALF_RATE_CENTRE, 8);

function lowPass(cutoff: number, centre: number, beta: number): Float32Array {
  const taps = Float32Array.from({ length: 2 * centre + 1 }, (_, index) => {
    const x = index - centre;
    const ideal = x === 0 ? 2 * cutoff : Math.sin(2 * Math.PI * cutoff * x) / (Math.PI * x);
    return (ideal * bessel(beta * Math.sqrt(1 - (x / centre) ** 2))) / bessel(beta);
  });
  const sum = taps.reduce((total, tap) => total + tap, 0);
  return taps.map((tap) => tap / sum);
}

/** Modified Bessel function of order 0, by its series. */
function bessel(x: number): number {
  let term = 1;
  let sum = 1;
  for (let k = 1; k < 40; k++) {
    term *= (x / (2 * k)) ** 2;
    sum += term;
  }
  return sum;
}

function toPcm16(value: number): number {
  return Math.max(-32768, Math.min(32767, Math.round(value * 32768))) / 32768;
}

/** The segment's first step is 2^(exponent + 3) in 14 bits; bias 33. */
function encodeMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(32635, Math.abs(sample)) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  const mantissa = (magnitude >> (exponent + 3)) & 0x0f;
  return ~(sign | (exponent << 4) | mantissa) & 0xff;
}

function decodeMulaw(code: number): number {
  const inverted = ~code & 0xff;
  const exponent = (inverted >> 4) & 7;
  const magnitude = (((inverted & 0x0f) * 2 + 33) << (exponent + 2)) - 132;
  return (inverted & 0x80 ? -magnitude : magnitude) / 32768;
}

/** Normal deviates (Box and Muller 1958) over mulberry32. */
export function normalRandom(seed: number): () => number {
  const uniform = uniformRandom(seed);
  return () => Math.sqrt(-2 * Math.log(uniform() + 2 ** -33)) * Math.cos(2 * Math.PI * uniform());
}

/** 0..1 from a 32-bit seed. */
export function uniformRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
