// Settings of the latency budgets (docs/latency.md): the longest each stage of ours may take.
// Part of config-schema.ts.
import { z } from "zod";

const budgetMs = z.int().min(0).max(60_000);

export const LATENCY_SETTINGS = z.strictObject({
  onsetToUpstreamMs: budgetMs
    .default(150)
    .describe("alarm when the caller's first sample takes longer to the model, local turns"),
  frameToUpstreamMs: budgetMs
    .default(10)
    .describe("alarm when a frame takes longer to the model, provider's turns"),
  reactionMs: budgetMs
    .default(10)
    .describe("alarm when the clear leaves later after an interruption was decided"),
  endToCommitMs: budgetMs
    .default(10)
    .describe("alarm when the commit leaves later after the end of the turn was decided"),
  audioToCallerMs: budgetMs
    .default(100)
    .describe("alarm when the first frame of an answer leaves later after it came"),
});
