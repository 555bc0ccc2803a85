// Goal: bench:dsp runs, so that it cannot rot; its figures mean nothing here.
import { expect, test } from "bun:test";
import { benchDsp } from "../../bench/dsp.ts";

test("bench:dsp prints machine, kernels, frames and one pair of rates with its peers", async () => {
  const text = (await benchDsp({ rounds: 1, pairs: 1 })).join("\n");
  for (const part of ["machine: ", "npm alawmulaw", "ingest: mu-law", "core standard", "speex"]) {
    expect(text).toContain(part);
  }
}, 120_000);
