// One stream of windows through an ONNX voice activity model: context, recurrent state, run.
// Station: inside the Worker (onnx-worker.ts); tests and benches run it in their own thread, as the
// oracle that the core's forward pass is compared with.
// Source: onnxruntime-web; shapes come from models/manifest.json.
// Limits: batch 1 (batching gains 20 % in onnxruntime-web and would delay the first of the batch);
// one thread, because more cost up to twice the CPU for at most 1.4 times the speed.

import { InferenceSession, Tensor } from "onnxruntime-web";
import type { ModelEntry, ModelRate } from "../../models/manifest.ts";
import type { VadRateHz } from "../contract/vad-model.ts";
import { assert } from "../assert.ts";

/** A loaded model; streams share it. */
export interface OnnxModel {
  readonly entry: ModelEntry;
  readonly session: InferenceSession;
}

/**
 * Makes an onnxruntime session and runs one silent window at each rate, so that a wrong input name
 * or shape shows at boot and not in a call.
 * Errors: whatever onnxruntime throws; Error with what is missing.
 */
export async function loadOnnxModel(entry: ModelEntry, bytes: Uint8Array): Promise<OnnxModel> {
  const session = await InferenceSession.create(bytes, {
    executionProviders: ["wasm"],
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    logSeverityLevel: 3,
  });
  const model = { entry, session };
  for (const rate of entry.rates) {
    const probability = await new OnnxStream(model, rate.rateHz).run(
      new Float32Array(rate.windowSamples),
    );
    if (!(probability >= 0 && probability <= 1)) {
      throw new Error(`a silent window at ${rate.rateHz} Hz gives ${probability}, must be 0..1`);
    }
  }
  return model;
}

/** The recurrent state of one call. Not to be run again before the last run has ended. */
export class OnnxStream {
  readonly #model: OnnxModel;
  readonly #rate: ModelRate;
  readonly #input: Float32Array;
  readonly #rateTensor: Tensor;
  #states: Tensor[];

  constructor(model: OnnxModel, rateHz: VadRateHz) {
    const rate = model.entry.rates.find((candidate) => candidate.rateHz === rateHz);
    assert(rate !== undefined, "An ONNX stream must have a rate of its model");
    this.#model = model;
    this.#rate = rate;
    this.#input = new Float32Array(rate.contextSamples + rate.windowSamples);
    this.#rateTensor = new Tensor("int64", BigInt64Array.of(BigInt(rateHz)), []);
    this.#states = model.entry.states.map(
      (state) =>
        new Tensor("float32", new Float32Array(state.dims.reduce((a, b) => a * b, 1)), state.dims),
    );
  }

  /** Probability of one window; keeps its end as the context of the next. */
  async run(samples: Float32Array): Promise<number> {
    const { contextSamples, windowSamples } = this.#rate;
    assert(samples.length === windowSamples, "An ONNX stream must get whole windows");
    this.#input.copyWithin(0, windowSamples);
    this.#input.set(samples, contextSamples);
    const { entry, session } = this.#model;
    const feeds: Record<string, Tensor> = {
      [entry.samplesInput]: new Tensor("float32", this.#input, [1, this.#input.length]),
    };
    if (entry.rateInput !== null) feeds[entry.rateInput] = this.#rateTensor;
    for (const [index, state] of entry.states.entries()) {
      feeds[state.input] = this.#stateAt(index);
    }
    const results = await session.run(feeds);
    this.#states = entry.states.map((state) => tensorOf(results, state.output));
    return Number(tensorOf(results, entry.probabilityOutput).data[0]);
  }

  #stateAt(index: number): Tensor {
    const state = this.#states[index];
    assert(state !== undefined, "An ONNX stream must have every state of its model");
    return state;
  }
}

function tensorOf(results: InferenceSession.OnnxValueMapType, name: string): Tensor {
  const value = results[name];
  if (value instanceof Tensor) return value;
  throw new Error(`there is no output ${name}`);
}
