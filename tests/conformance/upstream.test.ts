// Goal: the Realtime session and the cascade keep the same contract (style 47), so that lanes,
// turns, barge-in, ledger and tools work with either.
import { makeCascade, RATE_HZ } from "../cascade/cascade-fixture.ts";
import { createLoopbackPair } from "../support/loopback-pair.ts";
import { describeUpstream } from "./upstream.ts";

describeUpstream("OpenAiRealtime", () => {
  const pair = createLoopbackPair();
  return {
    upstream: pair.upstream,
    heard: pair.heard,
    bytesPerMs: 8,
    // A socket needs the event loop as well as the clock.
    async run(ms, isPaused = false) {
      await new Promise<void>((resolve) => setImmediate(resolve));
      if (isPaused) pair.clock.advance(ms);
      else if (pair.upstream.isReady()) await pair.advance(ms);
    },
    [Symbol.asyncDispose]: () => pair[Symbol.asyncDispose](),
  };
});

describeUpstream("Cascade", () => {
  const under = makeCascade();
  return {
    upstream: under.upstream,
    heard: under.heard,
    bytesPerMs: (RATE_HZ * 2) / 1000,
    run: (ms) => under.run(ms),
    [Symbol.asyncDispose]() {
      under.upstream.close();
      return Promise.resolve();
    },
  };
});
