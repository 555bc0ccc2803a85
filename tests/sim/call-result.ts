// What is known of a simulated call when it is over.

export interface CallResult {
  readonly seed: number;
  readonly digest: string;
  readonly brokenRule: string | null;
  readonly simulatedMs: number;
  readonly steps: number;
  readonly counts: ReadonlyMap<string, number>;
  readonly trace: readonly string[];
}
