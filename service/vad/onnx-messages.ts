// What goes between the service and the Worker that runs an ONNX model.
// Station: both ends of the Worker's port. Everything is structured-cloned, so samples are copied
// out of core memory first: cloning a view of it would clone the whole memory.

import type { ModelEntry } from "../../models/manifest.ts";
import type { VadRateHz } from "../contract/vad-model.ts";

export type ToOnnxWorker =
  | { readonly kind: "load"; readonly model: Uint8Array; readonly entry: ModelEntry }
  | { readonly kind: "open"; readonly session: number; readonly rateHz: VadRateHz }
  | {
      readonly kind: "window";
      readonly session: number;
      readonly windowIndex: number;
      readonly samples: Float32Array;
    }
  | { readonly kind: "close"; readonly session: number };

export type FromOnnxWorker =
  | { readonly kind: "loaded" }
  | { readonly kind: "refused"; readonly message: string }
  | {
      readonly kind: "answer";
      readonly session: number;
      readonly windowIndex: number;
      /** NaN when the run failed; `failure` says why, "" otherwise. */
      readonly probability: number;
      readonly runNs: number;
      readonly failure: string;
    };
