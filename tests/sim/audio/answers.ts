// The samples of the agent's answers: any position of any item can be computed, so that the ear can
// tell what it must have heard.
import type { UpstreamFormat } from "../../../service/contract/upstream.ts";

/** Fills `target` with samples [position, position + samples) of the item. -> bytes. */
export function answerAudio(
  target: Uint8Array,
  item: string,
  position: number,
  samples: number,
  format: UpstreamFormat,
): number {
  const seed = seedOf(item);
  if (format.encoding !== "pcm16") {
    for (let index = 0; index < samples; index += 1) {
      target[index] = answerByte(seed, position + index);
    }
    return samples;
  }
  const view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  for (let index = 0; index < samples; index += 1) {
    view.setInt16(index * 2, (((position + index) * 97 + seed * 31) % 8_000) - 4_000, true);
  }
  return samples * 2;
}

/** One byte of an item in a telephone's format. */
export function answerByte(seed: number, position: number): number {
  return (position * 7 + seed * 13 + (position >> 6)) & 0xff;
}

export function seedOf(item: string): number {
  let seed = 7;
  for (let index = 0; index < item.length; index += 1)
    seed = (seed * 31 + item.charCodeAt(index)) & 0xffff;
  return seed;
}
