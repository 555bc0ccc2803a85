// The agent's line as its caller notices it (5.9): told when it is lost, asked for patience when it
// stays away, told when it is back, and told goodbye when it is gone for good.
//
//   there --lost--> away --3 s, nobody speaks--> "one moment", and again every 10 s
//     ^               |--restored: UpstreamRestored, what waits goes on
//     '---------------'--gone for good: what is queued is heard, then the recording, then the end
//
// Station: beside call.ts, which passes the upstream's news on. Before the first session is ready
// the line is away too. Recordings go behind what is queued; one of them is an item like any other.
// Limits: one timer; the upstream gives up by itself (`openai.giveUpSeconds`).
import type { AudioEngine } from "./contract/audio-engine.ts";
import type { Clock, TimerHandle } from "./contract/clock.ts";
import type { Log } from "./contract/log.ts";
import type { CallNotice } from "./contract/transport.ts";
import type { UpstreamClosure, UpstreamFormat } from "./contract/upstream.ts";
import { SEND } from "./contract/send-result.ts";
import type { CallDeps } from "./call-deps.ts";
import type { CallLanes } from "./call-lanes.ts";
import { RECONNECTING } from "./call-plan.ts";
import { queueRecording } from "./engine/queue-recording.ts";
import type { Conversation } from "./conversation/conversation.ts";

/** A caller takes a longer silence for a dead line. */
const WAIT_MS = 3_000;
const WAIT_AGAIN_MS = 10_000;
/** Somebody speaks: nobody is interrupted by being asked to wait. */
const FLOOR_POLL_MS = 500;

/** A recording in a format; empty for none. */
export type Recorded = (format: UpstreamFormat) => Uint8Array;

export interface CallRecordings {
  /** While the agent's line is away. */
  readonly wait: Recorded;
  /** When it is gone for good. */
  readonly lost: Recorded;
  /** When an answer did not come, and the call goes on. */
  readonly failed: Recorded;
}

export interface CallLineDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly engine: Pick<AudioEngine, "queuePlayback" | "endPlaybackItem">;
  readonly conversation: Conversation;
  readonly recordings: CallRecordings;
  readonly format: UpstreamFormat;
  readonly notice: (notice: CallNotice) => void;
  /** Runs what a timer does; a throw in it is the call's end. */
  readonly guard: (act: () => void) => void;
}

export function callLineOf(
  { clock, log, plan, recordings }: CallDeps,
  engine: AudioEngine,
  lanes: CallLanes,
  guard: CallLineDeps["guard"],
): CallLine {
  return new CallLine({
    ...{ clock, log, recordings, engine, guard, format: plan.session.format },
    conversation: lanes.direct.conversation(),
    notice: (notice) => lanes.notice(notice),
  });
}

export class CallLine {
  readonly #deps: CallLineDeps;
  #timer: TimerHandle | null = null;
  #lostMs = -1;

  constructor(deps: CallLineDeps) {
    this.#deps = deps;
  }

  /** The call is open, and its first session is being made. */
  start(isReady: boolean): void {
    if (!isReady) this.#waitFor(WAIT_MS);
  }

  onLost(): void {
    const { clock, notice } = this.#deps;
    if (this.#lostMs < 0) this.#lostMs = clock.nowMs();
    notice(RECONNECTING);
    this.#waitFor(WAIT_MS);
  }

  /** A session is there: the first, the next after a loss, or one that took over in quiet. */
  onThere(): void {
    this.close();
    if (this.#lostMs < 0) return;
    const lostMs = Math.round(this.#deps.clock.nowMs() - this.#lostMs);
    this.#lostMs = -1;
    this.#deps.log.info("upstream restored", { lostMs });
    this.#deps.notice({ kind: "upstream_restored", lostMs });
  }

  /** Gone for good: what is queued is still heard, then that there is nobody any more. */
  onGone({ reason, message }: UpstreamClosure): void {
    const { log, notice, conversation, recordings, format } = this.#deps;
    this.close();
    log.warn("upstream lost", { reason, message });
    notice({ kind: "error", code: "upstream_lost", message });
    conversation.onUpstreamLost();
    const isRecorded = recordings.lost(format).length > 0;
    conversation.endWith("upstream_lost", isRecorded ? () => this.#play(recordings.lost) : null);
  }

  /** Nobody waits any more. */
  close(): void {
    if (this.#timer !== null) this.#deps.clock.clearTimer(this.#timer);
    this.#timer = null;
  }

  #waitFor(delayMs: number): void {
    this.close();
    this.#timer = this.#deps.clock.setTimer(delayMs, () => {
      this.#timer = null;
      this.#deps.guard(() => this.#askToWait());
    });
  }

  #askToWait(): void {
    const { conversation, recordings } = this.#deps;
    if (conversation.isEnding()) return;
    const isQuiet = conversation.state().floor === "nobody";
    if (isQuiet) this.#play(recordings.wait);
    this.#waitFor(isQuiet ? WAIT_AGAIN_MS : FLOOR_POLL_MS);
  }

  #play(recorded: Recorded): void {
    const { engine, conversation, format } = this.#deps;
    const recording = recorded(format);
    const samples = recording.length / sampleBytes(format);
    const item = conversation.addRecording(samples);
    if (item === 0) return;
    const queued = queueRecording(engine, item, recording);
    // Nobody waits for what the queue did not take.
    if (queued === SEND.DROPPED) conversation.onAudioQueued(item, -samples);
  }
}

function sampleBytes({ encoding }: UpstreamFormat): number {
  return encoding === "pcm16" ? 2 : 1;
}
