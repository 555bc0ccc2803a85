// One frame of any format <-> f32 mono: the first and the last step inside the core.

import { ENCODING_ALAW, ENCODING_F32, ENCODING_MULAW, ENCODING_PCM16 } from "../status";
import { alawDecode, alawEncode, mulawDecode, mulawEncode } from "./g711";
import { floatDecode, pcmDecode, pcmEncode } from "./pcm";

/** Decodes `count` samples (all channels together) to f32. -> samples that were not finite. */
export function frameDecode(encoding: i32, source: usize, target: usize, count: i32): i32 {
  if (encoding == ENCODING_MULAW) mulawDecode(source, target, count);
  else if (encoding == ENCODING_PCM16) pcmDecode(source, target, count);
  else if (encoding == ENCODING_ALAW) alawDecode(source, target, count);
  else return floatDecode(source, target, count);
  return 0;
}

/** Encodes `count` mono f32 samples, each `channels` times side by side. */
export function frameEncode(
  encoding: i32,
  source: usize,
  target: usize,
  count: i32,
  channels: i32,
): void {
  if (encoding == ENCODING_MULAW) mulawEncode(source, target, count);
  else if (encoding == ENCODING_PCM16) pcmEncode(source, target, count);
  else if (encoding == ENCODING_ALAW) alawEncode(source, target, count);
  else memory.copy(target, source, (<usize>count) << 2);
  if (channels == 2) duplicate(target, count, encodingBytes(encoding));
}

/** Bytes of one sample. */
export function encodingBytes(encoding: i32): i32 {
  if (encoding == ENCODING_F32) return 4;
  return encoding == ENCODING_PCM16 ? 2 : 1;
}

/** The byte that is silence in this encoding. */
export function silenceByte(encoding: i32): u8 {
  if (encoding == ENCODING_MULAW) return 0xff;
  return encoding == ENCODING_ALAW ? 0xd5 : 0;
}

// In place from the back, so that no sample is overwritten before it is read.
function duplicate(base: usize, count: i32, bytes: i32): void {
  for (let index = count - 1; index >= 0; index--) {
    const source = base + <usize>(index * bytes);
    const target = base + <usize>(index * bytes * 2);
    if (bytes == 4) {
      const sample = load<u32>(source);
      store<u32>(target, sample);
      store<u32>(target, sample, 4);
    } else if (bytes == 2) {
      const sample = load<u16>(source);
      store<u16>(target, sample);
      store<u16>(target, sample, 2);
    } else {
      const sample = load<u8>(source);
      store<u8>(target, sample);
      store<u8>(target, sample, 1);
    }
  }
}
