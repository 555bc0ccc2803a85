// The span forwarder's way to the provider model: appends and commits as messages on the link, each
// commit held against what the service said it would be.
import { SEND } from "../../service/contract/send-result.ts";
import type { CallWorld } from "./call-world.ts";
import type { SpanRecord } from "./span-record.ts";
import { firstFrameIn, framesIn } from "./tape-model.ts";

export interface ProviderSinkParts {
  readonly world: CallWorld;
  readonly spans: SpanRecord;
  readonly isReady: () => boolean;
}

export function providerSink({ world, spans, isReady }: ProviderSinkParts) {
  return {
    isReady: () => isReady() && !world.isLost(),
    append: (source: Uint8Array, start: number, end: number) => {
      const first = firstFrameIn(source, start);
      const frames = framesIn(start, end);
      world.toProvider((provider) => provider.input.append(first, frames));
      return SEND.SENT;
    },
    commit: () => {
      const span = spans.sent();
      world.toProvider(({ input }) => {
        const isCrossed = span?.isCrossed === true || world.knobs.turnDetection === "hybrid";
        input.commit(isCrossed);
        if (isCrossed) return;
        world.rules.checkSpan(span?.first ?? -1, span?.end ?? -1, input.committed.at(-1));
      });
      return SEND.SENT;
    },
    clearInput: () => {
      world.toProvider((provider) => provider.input.clear());
      return SEND.SENT;
    },
  };
}
