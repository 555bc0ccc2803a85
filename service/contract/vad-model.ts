// Who says how likely it is that a window holds speech (decision 3). Two kinds:
//   in the core    the slot is opened with `source` "core" or "energy"; ingest returns the events
//                  of this very frame and nothing else is to be done;
//   beside it      the slot is opened with "beside"; after each ingest with CAPTURE_EVENT.WINDOW:
//                    session.submit(slot.windowIndex(), slot.window)
//                  and later, in order, the session calls back decide(windowIndex, probability),
//                  which the engine hands to slot.decide(...) and treats its event bits as ingest's.
// Order: VadModels.find -> check supports(rate) -> open the slot -> (beside) open a session ->
// submit … -> session.close, before the slot is closed.

import type { VadSource } from "./core.ts";

/** Rate of the samples the model eats: 8000 for callers at 8 kHz, else 16000 (decision 4). */
export type VadRateHz = 8000 | 16000;

/** Takes the answer for one window. Windows come in order, each exactly once. */
export type VadDecide = (windowIndex: number, probability: number) => void;

/** One call's stream of windows through a model beside the core. */
export interface VadSession {
  /**
   * One window of f32 samples, -1..1; copied before this returns. windowIndex grows by 1.
   * May call `decide` at once for an older window: one that is 8 behind gets probability 0.
   */
  submit(windowIndex: number, samples: Float32Array): void;
  /** Frees the model's state; `decide` is not called again. */
  close(): void;
}

export interface CoreVadModel {
  /** `core` or `energy`: what calls ask for, what `started`, metrics and logs show. */
  readonly name: string;
  readonly source: Exclude<VadSource, "beside">;
  supports(rateHz: VadRateHz): boolean;
}

export interface BesideVadModel {
  /** `onnx:<name in the manifest>`. */
  readonly name: string;
  readonly source: "beside";
  supports(rateHz: VadRateHz): boolean;
  /** Fresh recurrent state. `decide` is never called from within `open`. */
  open(rateHz: VadRateHz, decide: VadDecide): VadSession;
}

export type VadModel = CoreVadModel | BesideVadModel;

/** The engines that this process has loaded. */
export interface VadModels {
  /** The one a call gets that does not ask. After a fallback it is the fallback. */
  readonly preferred: VadModel;
  /** Everything a call may ask for. */
  readonly names: readonly string[];
  /** null: there is no such engine here; refuse the start and name `names`. */
  find(name: string): VadModel | null;
  /** Ends the Workers. */
  close(): Promise<void>;
}
