// A whole stream through a fresh core slot in one piece: what the service's frame-by-frame work
// must equal bit for bit (decision 4).
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import { frameBytes } from "../../scripts/caller/audio-format.ts";
import type { CoreSlot, SlotFormat } from "../../service/contract/core.ts";
import { makeCore, openSlot } from "../core/core-fixture.ts";

type UpstreamFormat = Pick<SlotFormat, "upstreamEncoding" | "upstreamRateHz">;

/** Caller's bytes from the first frame on -> the upstream's bytes of the same frames. */
export function captureInOnePiece(
  source: Uint8Array,
  format: AudioFormat,
  upstream: UpstreamFormat,
): Uint8Array {
  const slot = slotFor(format, upstream);
  const bytes = frameBytes(format);
  const parts: Uint8Array[] = [];
  for (let start = 0; start + bytes <= source.byteLength; start += bytes) {
    slot.input.set(source.subarray(start, start + bytes));
    slot.ingest();
    parts.push(new Uint8Array(slot.captureFrame(slot.framesIngested() - 1)));
  }
  slot.close();
  return Buffer.concat(parts);
}

/** An item's bytes -> what a caller of `format` hears when nothing disturbs it, in whole frames. */
export function playInOnePiece(
  source: Uint8Array,
  format: AudioFormat,
  upstream: UpstreamFormat,
): Uint8Array {
  const slot = slotFor(format, upstream);
  const parts: Uint8Array[] = [];
  let taken = 0;
  while (taken < source.byteLength || slot.playbackQueuedSamples() > 0) {
    taken += slot.playbackWrite(source, taken, source.byteLength);
    slot.render();
    parts.push(new Uint8Array(slot.output));
  }
  slot.close();
  return Buffer.concat(parts);
}

function slotFor(format: AudioFormat, upstream: UpstreamFormat): CoreSlot {
  return openSlot(makeCore(1), {
    callerEncoding: format.encoding,
    callerRateHz: format.rateHz,
    callerChannels: format.channels,
    ...upstream,
  });
}
