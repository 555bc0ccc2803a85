// The span forwarder's way to the provider model: appends and commits as messages on the link, each
// commit held against what the service said it would be.
import { SEND } from "../../service/contract/send-result.ts";
import type { CallWorld } from "./call-world.ts";
import type { ProviderModel } from "./provider-model.ts";
import type { CommittedSpan, SpanRecord } from "./span-record.ts";
import { firstFrameIn, framesIn } from "./tape-model.ts";

/** What a commit made of the provider's buffer, nothing when it was refused. */
type Arrived = { readonly first: number; readonly end: number } | undefined;

export interface ProviderSinkParts {
  readonly world: CallWorld;
  readonly spans: SpanRecord;
  readonly isReady: () => boolean;
}

/** A response is asked for now, knowing what has been told until now. */
export function asking({ input }: ProviderModel, tag: string): (provider: ProviderModel) => void {
  const told = input.told();
  return (provider) => provider.respond(tag, told);
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
        const isHybrid = world.knobs.turnDetection === "hybrid";
        const isCrossed = span?.isCrossed === true || isHybrid;
        const commits = input.committed.length;
        input.commit(isCrossed);
        if (isHybrid) return;
        const arrived = input.committed[commits];
        const isRight = isCrossed ? isRestOf(span, arrived) : isSame(span, arrived);
        if (!isRight) world.rules.fail("what was captured of a turn is what is committed");
      });
      return SEND.SENT;
    },
    clearInput: () => {
      world.toProvider((provider) => provider.input.clear());
      return SEND.SENT;
    },
  };
}

function isSame(span: CommittedSpan | undefined, arrived: Arrived): boolean {
  return span !== undefined && span.first === arrived?.first && span.end === arrived.end;
}

/** What the provider has not committed by itself, or lost with its session: perhaps nothing. */
function isRestOf(span: CommittedSpan | undefined, arrived: Arrived): boolean {
  if (span === undefined || arrived === undefined) return span !== undefined;
  return span.first <= arrived.first && span.end === arrived.end;
}
