// What the engine counts, once per process for all calls: made before the first call, only added to
// and observed afterwards.
import type { VadSource } from "../contract/core.ts";
import type { Counter, Gauge, Histogram, Metrics } from "../contract/metrics.ts";

const LATENESS_MS = [1, 2, 3, 5, 10, 20, 30, 50, 100, 200, 500, 1_000];

const FRAME_MICROSECONDS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 20_000];

export interface EngineMetrics {
  /** From whole bytes in core memory to everything the frame caused, sends included. */
  readonly frameMicroseconds: Histogram;
  readonly vadWindows: Readonly<Record<VadSource, Counter>>;
  readonly vadWindowsSkipped: Readonly<Record<VadSource, Counter>>;
  readonly gapFrames: Counter;
  readonly silenceFrames: Counter;
  readonly gapMsSkipped: Counter;
  readonly lateMediaMs: Counter;
  readonly refusedMediaBytes: Counter;
  readonly captureClockSteps: Counter;
  readonly tapeFramesLost: Counter;
  readonly answerBytesDropped: Counter;
  readonly pacerLatenessMs: Histogram;
  readonly pacerUnderruns: Counter;
  readonly pacerFramesSkipped: Counter;
  readonly pacerFramesCaughtUp: Counter;
  readonly fillerFrames: Counter;
  readonly playbackFramesDropped: Counter;
  readonly eventsDropped: Counter;
  readonly faults: Counter;
  readonly answerQueueMs: Gauge;
  readonly turnTapeMs: Gauge;
  readonly audioPoolBytes: Gauge;
}

/** Makes them all; nothing is made later. */
export function createEngineMetrics(metrics: Metrics): EngineMetrics {
  return {
    ...captureMetrics(metrics),
    ...vadMetrics(metrics),
    ...playbackMetrics(metrics),
    eventsDropped: metrics.counter("voxbridge_events_dropped_total", "Events nobody read in time"),
    faults: metrics.counter("voxbridge_engine_faults_total", "Calls ended by our own bug"),
    audioPoolBytes: metrics.gauge("voxbridge_audio_pool_bytes", "Memory of tapes and queues"),
  };
}

function captureMetrics(metrics: Metrics) {
  return {
    frameMicroseconds: metrics.histogram(
      "voxbridge_frame_time_us",
      "Time to take in one 20 ms frame, of every eighth",
      FRAME_MICROSECONDS,
    ),
    gapFrames: metrics.counter("voxbridge_gap_frames_total", "Frames filled for lost audio"),
    silenceFrames: metrics.counter(
      "voxbridge_silence_frames_total",
      "Frames fed because no media came while speech was open",
    ),
    gapMsSkipped: metrics.counter(
      "voxbridge_gap_skipped_ms_total",
      "Lost audio beyond the longest gap that is filled",
    ),
    lateMediaMs: metrics.counter(
      "voxbridge_late_media_ms_total",
      "Media dropped because its time was already filled",
    ),
    refusedMediaBytes: metrics.counter(
      "voxbridge_refused_media_bytes_total",
      "Media dropped because nothing was being captured or it was no audio",
    ),
    captureClockSteps: metrics.counter(
      "voxbridge_capture_clock_steps_total",
      "Times a caller's clock went back",
    ),
    tapeFramesLost: metrics.counter(
      "voxbridge_tape_frames_lost_total",
      "Caller frames not kept because tape or pool were full",
    ),
    turnTapeMs: metrics.gauge("voxbridge_turn_tape_ms", "Caller audio kept until acknowledged"),
  };
}

function vadMetrics(metrics: Metrics) {
  const windows = (engine: VadSource) =>
    metrics.counter("voxbridge_vad_windows_total", "Voice activity windows", { engine });
  const skipped = (engine: VadSource) =>
    metrics.counter("voxbridge_vad_windows_skipped_total", "Windows the model did not judge", {
      engine,
    });
  return {
    vadWindows: { core: windows("core"), energy: windows("energy"), beside: windows("beside") },
    vadWindowsSkipped: {
      core: skipped("core"),
      energy: skipped("energy"),
      beside: skipped("beside"),
    },
  };
}

function playbackMetrics(metrics: Metrics) {
  return {
    answerBytesDropped: metrics.counter(
      "voxbridge_answer_bytes_dropped_total",
      "Answer audio refused because queue or pool were full, or its item was interrupted",
    ),
    pacerLatenessMs: metrics.histogram(
      "voxbridge_pacer_lateness_ms",
      "How late the pacer woke",
      LATENESS_MS,
    ),
    pacerUnderruns: metrics.counter("voxbridge_pacer_underruns_total", "Frames missing in time"),
    pacerFramesSkipped: metrics.counter(
      "voxbridge_pacer_frames_skipped_total",
      "Frames re-anchored after a stall",
    ),
    pacerFramesCaughtUp: metrics.counter(
      "voxbridge_pacer_frames_caught_up_total",
      "Frames sent late, from the lead",
    ),
    fillerFrames: metrics.counter(
      "voxbridge_filler_frames_total",
      "Silence sent because the answer was late",
    ),
    playbackFramesDropped: metrics.counter(
      "voxbridge_playback_frames_dropped_total",
      "Frames the transport refused",
    ),
    answerQueueMs: metrics.gauge("voxbridge_answer_queue_ms", "Answer audio not delivered yet"),
  };
}
