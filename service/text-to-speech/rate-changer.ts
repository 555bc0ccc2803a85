// Brings an engine's audio to the stream's rate with the core's resampler. Stands between the engine
// and the joiner. One resampler stream of the core while a sentence is spoken, none between: there
// are RESAMPLER_STREAMS of them for all calls.
// Limits: the common rates only, so that the core's filter tables keep their room. The filter delays
// by at most 0.4 ms, and as much of a sentence's end is not waited for.
import { assert } from "../assert.ts";
import type { Kernels, ResamplerStream } from "../core/kernels.ts";
import { VoxError } from "../errors.ts";

const RATES_HZ: ReadonlySet<number> = new Set([
  8_000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000,
]);

export class RateChanger {
  readonly #kernels: Kernels;
  readonly #targetHz: number;
  #sourceHz = 0;
  #stream: ResamplerStream | null = null;
  /** What is given out: the kernels' areas are everybody's. */
  #result = new Int16Array(0);

  constructor(kernels: Kernels, targetHz: number) {
    assert(RATES_HZ.has(targetHz), "a stream's rate must be a common one");
    this.#kernels = kernels;
    this.#targetHz = targetHz;
  }

  /**
   * Calls `give` with the samples at the target rate, valid until it returns. Throws VoxError for a
   * rate that is not known, or when no resampler is left.
   */
  change(audio: Int16Array, sourceHz: number, give: (audio: Int16Array) => void): void {
    if (sourceHz === this.#targetHz) {
      give(audio);
      return;
    }
    const stream = this.#streamFor(sourceHz);
    for (let taken = 0; taken < audio.length; taken += stream.chunkSamplesMax) {
      give(this.#resample(audio.subarray(taken, taken + stream.chunkSamplesMax), stream));
    }
  }

  /** The sentence is over; the next one starts afresh. */
  end(): void {
    this.#stream?.close();
    this.#stream = null;
    this.#sourceHz = 0;
  }

  #resample(audio: Int16Array, stream: ResamplerStream): Int16Array {
    const { input, output } = this.#kernels;
    input.pcm16.set(audio);
    this.#kernels.decode("pcm16", audio.length);
    input.f32.set(output.f32.subarray(0, audio.length));
    const count = stream.process(audio.length);
    input.f32.set(output.f32.subarray(0, count));
    this.#kernels.encode("pcm16", count);
    if (this.#result.length < count) this.#result = new Int16Array(count);
    this.#result.set(output.pcm16.subarray(0, count));
    return this.#result.subarray(0, count);
  }

  #streamFor(sourceHz: number): ResamplerStream {
    if (this.#stream !== null && this.#sourceHz === sourceHz) return this.#stream;
    this.end();
    if (!RATES_HZ.has(sourceHz)) {
      const wanted = [...RATES_HZ].join(", ");
      throw new VoxError(`Cannot speak: the engine's rate is ${sourceHz} Hz, must be ${wanted}`, {
        code: "engine_protocol",
        isRetryable: false,
      });
    }
    const stream = this.#kernels.openResampler(sourceHz, this.#targetHz, "standard");
    if (stream === null) {
      throw new VoxError("Cannot speak: all resamplers are in use", {
        code: "slots_exhausted",
        isRetryable: true,
      });
    }
    this.#stream = stream;
    this.#sourceHz = sourceHz;
    return stream;
  }
}
