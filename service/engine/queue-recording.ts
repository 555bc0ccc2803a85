// A recording of the operator's on its way to the caller: whole, behind what is queued. Station: told
// by the call's line (call-line.ts) and by the conversation's effects; before the answer queue.
import type { AudioEngine } from "../contract/audio-engine.ts";
import type { SendResult } from "../contract/send-result.ts";

/** -> DROPPED: the queue is full, it has enough to say, and takes nothing of the recording. */
export function queueRecording(
  engine: Pick<AudioEngine, "queuePlayback" | "endPlaybackItem">,
  item: number,
  recording: Uint8Array,
): SendResult {
  const queued = engine.queuePlayback(item, recording, 0, recording.length);
  engine.endPlaybackItem(item);
  return queued;
}
