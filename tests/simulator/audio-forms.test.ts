// Goal: the simulator hears and speaks the three formats right. Method: values of ITU-T G.711
// tables 1 and 2 at their ends, and all 256 codes there and back.
import { describe, expect, test } from "bun:test";
import {
  audioForm,
  decodeAudio,
  encodeAudio,
  transcodeAudio,
} from "../../service/simulator/audio-forms.ts";

const PCM = audioForm({ type: "audio/pcm", rate: 24_000 });
const PCMU = audioForm({ type: "audio/pcmu" });
const PCMA = audioForm({ type: "audio/pcma" });
const ALL_CODES = Uint8Array.from({ length: 256 }, (_, code) => code);

describe("decodeAudio()", () => {
  test("knows the ends of the mu-law table", () => {
    const samples = decodeAudio(PCMU, new Uint8Array([0x00, 0x80, 0x7f, 0xff, 0xf0, 0x70]));
    expect([...samples]).toEqual([-32_124, 32_124, 0, 0, 120, -120]);
  });

  test("knows the ends of the A-law table", () => {
    const samples = decodeAudio(PCMA, new Uint8Array([0xaa, 0x2a, 0xd5, 0x55, 0x80, 0x00]));
    expect([...samples]).toEqual([32_256, -32_256, 8, -8, 5_504, -5_504]);
  });

  test("leaves out half a sample", () => {
    expect([...decodeAudio(PCM, new Uint8Array([1, 0xff, 2]))]).toEqual([-255]);
  });
});

describe("encodeAudio()", () => {
  test.each([
    ["mu-law", PCMU],
    ["A-law", PCMA],
  ])("gives every %s code back", (_, form) => {
    const back = encodeAudio(form, decodeAudio(form, ALL_CODES));
    // Mu-law has two zeros; the positive one is written.
    const wanted =
      form === PCMU ? ALL_CODES.map((code) => (code === 0x7f ? 0xff : code)) : ALL_CODES;
    expect(back).toEqual(wanted);
  });

  test("survives the loudest samples", () => {
    const loud = new Int16Array([32_767, -32_768]);
    expect([...encodeAudio(PCMU, loud)]).toEqual([0x80, 0x00]);
    expect([...encodeAudio(PCMA, loud)]).toEqual([0xaa, 0x2a]);
    expect([...decodeAudio(PCM, encodeAudio(PCM, loud))]).toEqual([...loud]);
  });
});

describe("transcodeAudio()", () => {
  test("leaves the same format alone, and keeps the length in ms otherwise", () => {
    const second = new Uint8Array(8_000).fill(0xff);
    expect(transcodeAudio(PCMU, PCMU, second)).toBe(second);
    expect(transcodeAudio(PCMU, PCM, second).length).toBe(48_000);
    expect(transcodeAudio(PCM, PCMA, new Uint8Array(48_000)).length).toBe(8_000);
  });
});
