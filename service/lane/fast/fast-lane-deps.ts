// What a fast lane is made of. Station: given by the call that owns it (call.ts).
import type { AudioEngine } from "../../contract/audio-engine.ts";
import type { FaultSink } from "../../contract/call-faults.ts";
import type { Clock } from "../../contract/clock.ts";
import type { StageSink } from "../../contract/latency.ts";
import type { Transport } from "../../contract/transport.ts";
import type { Upstream } from "../../contract/upstream.ts";
import type { ConversationSettings } from "../../conversation/conversation-settings.ts";
import type { HybridDetector } from "../../upstream/provider-turns.ts";
import type { LaneOwner } from "./lane-owner.ts";
import type { TurnEndVote } from "./turn-end-asker.ts";

export interface FastLaneDeps {
  readonly id: string;
  readonly clock: Clock;
  readonly engine: AudioEngine;
  readonly upstream: Upstream;
  readonly transport: Transport;
  readonly owner: LaneOwner;
  /** What goes wrong beside the call. */
  readonly faults: FaultSink;
  /** Times of our own stages. */
  readonly stages: StageSink;
  readonly settings: ConversationSettings;
  readonly hybridDetector: HybridDetector;
  /** A turn was confirmed; its answer had been under way for so long. */
  readonly onSavedMs: (savedMs: number) => void;
  /** Bytes of one sample in the upstream's format. */
  readonly upstreamSampleBytes: number;
  /** What the caller hears when an answer did not come, in the upstream's format; empty: nothing. */
  readonly failedRecording: Uint8Array;
  /** Who is asked whether a turn is over; null: nobody. */
  readonly turnEndVote: TurnEndVote | null;
}
