// A loud µ-law tone that the energy rule takes for speech.
import { encodeMulaw } from "../../service/engine/encode-g711.ts";

/** 440 Hz at half of full scale, 8 kHz µ-law. */
export function phoneTone(ms: number): Buffer<ArrayBuffer> {
  const sample = (index: number) =>
    encodeMulaw(Math.round(16_000 * Math.sin((2 * Math.PI * 440 * index) / 8000)));
  return Buffer.from(Array.from({ length: ms * 8 }, (_, index) => sample(index)));
}
