// The contract moved to contract/core.ts, where every row may import it; this file goes when the
// last import of it has.
export * from "../contract/core.ts";
