// The VAD engine `onnx:<name>`: a model beside the core, run by onnxruntime-web in a Worker.
// Station: takes the windows that ingest completed, gives their probabilities back to the slot.
// Source: decision 3; the Worker's trials: first answer about 400 ms after start, then 0.3 ms.
// Limits: one Worker per model, so calls of one model share one thread (about 150 at 16 kHz);
// a Worker that dies is not restarted: its calls hear probability 0 and the log says so once.

import { Worker } from "node:worker_threads";
import type { ModelEntry } from "../../models/manifest.ts";
import { assert } from "../assert.ts";
import type { BesideVadModel, VadDecide, VadRateHz, VadSession } from "../contract/vad-model.ts";
import type { Log } from "../contract/log.ts";
import type { Counter, Metrics } from "../contract/metrics.ts";
import { VoxError } from "../errors.ts";
import type { FromOnnxWorker, ToOnnxWorker } from "./onnx-messages.ts";
import { WindowOrder } from "./window-order.ts";

export interface OnnxEngineParts {
  readonly entry: ModelEntry;
  /** The model's file, hash already checked. */
  readonly bytes: Uint8Array;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A running Worker and the calls that use it. */
export class OnnxEngine implements BesideVadModel {
  readonly name: string;
  readonly source = "beside";
  readonly #entry: ModelEntry;
  readonly #worker: Worker;
  readonly #log: Log;
  readonly #counters: EngineCounters;
  readonly #orders = new Map<number, WindowOrder>();
  #nextSession = 1;
  #isFailureLogged = false;
  #onLoaded: (message: FromOnnxWorker) => void = () => undefined;

  private constructor(parts: OnnxEngineParts) {
    this.name = `onnx:${parts.entry.name}`;
    this.#entry = parts.entry;
    this.#log = parts.log;
    this.#counters = engineCounters(parts.metrics, this.name);
    this.#worker = new Worker(new URL("./onnx-worker.ts", import.meta.url));
    this.#worker.on("message", (message: FromOnnxWorker) => this.#onMessage(message));
    this.#worker.on("error", (error: Error) => this.#onWorkerError(error));
  }

  /**
   * Starts the Worker and waits until the model has run once.
   * Errors: VoxError model_load_failed with onnxruntime's words, when it cannot.
   */
  static async start(parts: OnnxEngineParts): Promise<OnnxEngine> {
    const engine = new OnnxEngine(parts);
    const loaded = await new Promise<FromOnnxWorker>((resolve) => {
      engine.#onLoaded = resolve;
      engine.#post({ kind: "load", model: parts.bytes, entry: parts.entry });
    });
    if (loaded.kind !== "refused") return engine;
    await engine.close();
    throw new VoxError(`Cannot load model ${parts.entry.name}: ${loaded.message}`, {
      code: "model_load_failed",
      isRetryable: false,
    });
  }

  supports(rateHz: VadRateHz): boolean {
    return this.#entry.rates.some((rate) => rate.rateHz === rateHz);
  }

  open(rateHz: VadRateHz, decide: VadDecide): VadSession {
    assert(this.supports(rateHz), "A VAD session must have a rate of its model");
    const session = this.#nextSession++;
    const order = new WindowOrder(decide);
    this.#orders.set(session, order);
    this.#post({ kind: "open", session, rateHz });
    return {
      submit: (windowIndex, samples) => this.#submit(session, order, windowIndex, samples),
      close: () => this.#closeSession(session, order),
    };
  }

  /** Ends the Worker; open sessions get no more answers. */
  async close(): Promise<void> {
    this.#orders.clear();
    await this.#worker.terminate();
  }

  #submit(session: number, order: WindowOrder, windowIndex: number, samples: Float32Array): void {
    if (!order.submit(windowIndex)) return;
    // A copy of its own buffer: posting the view would clone the core's whole memory.
    const copy = samples.slice();
    this.#post({ kind: "window", session, windowIndex, samples: copy }, [copy.buffer]);
  }

  #closeSession(session: number, order: WindowOrder): void {
    if (!this.#orders.delete(session)) return;
    this.#counters.late.add(order.lateCount());
    this.#counters.skipped.add(order.skippedCount());
    this.#post({ kind: "close", session });
  }

  #onMessage(message: FromOnnxWorker): void {
    if (message.kind !== "answer") {
      this.#onLoaded(message);
      return;
    }
    this.#counters.runNs.add(message.runNs);
    if (message.failure !== "") this.#logFailure("VAD model run failed", message.failure);
    this.#orders.get(message.session)?.answer(message.windowIndex, message.probability);
  }

  #onWorkerError(error: Error): void {
    this.#logFailure("VAD worker failed", error.message);
    this.#onLoaded({ kind: "refused", message: error.message });
  }

  #logFailure(event: string, message: string): void {
    if (this.#isFailureLogged) return;
    this.#isFailureLogged = true;
    this.#log.error(event, { vadEngine: this.name, message });
  }

  #post(message: ToOnnxWorker, transfer: ArrayBuffer[] = []): void {
    this.#worker.postMessage(message, transfer);
  }
}

interface EngineCounters {
  readonly late: Counter;
  readonly skipped: Counter;
  readonly runNs: Counter;
}

/** Windows are counted by the core's own counters; these are what only the Worker's side knows. */
function engineCounters(metrics: Metrics, engine: string): EngineCounters {
  const labels = { engine };
  return {
    late: metrics.counter(
      "voxbridge_vad_answers_late_total",
      "Windows judged silent because the model was 8 behind",
      labels,
    ),
    skipped: metrics.counter(
      "voxbridge_vad_answers_never_total",
      "Windows not given to the model because too many waited in it",
      labels,
    ),
    runNs: metrics.counter("voxbridge_vad_run_nanoseconds_total", "Time in the model", labels),
  };
}
