// Goal: the weights of an ONNX file are read exactly, and a broken file is refused, not misread.
// Method: a small model written here byte by byte (field numbers from onnx.proto3), and the pinned
// Silero file, whose tensor sizes are known from its published graph.
import { describe, expect, test } from "bun:test";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { readOnnxTensors } from "../../models/onnx-tensors.ts";

const SILERO_PATH = fileURLToPath(
  import.meta.resolve("@ricky0123/vad-web/dist/silero_vad_v6.onnx"),
);

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}

function bytesField(number: number, content: readonly number[]): number[] {
  return [...varint(number * 8 + 2), ...varint(content.length), ...content];
}

function text(value: string): number[] {
  return [...new TextEncoder().encode(value)];
}

function tensor(name: string, values: readonly number[]): number[] {
  const raw = [...new Uint8Array(Float32Array.from(values).buffer)];
  return [8, values.length, 16, 1, ...bytesField(8, text(name)), ...bytesField(9, raw)];
}

/** model.graph { initializer w; node If { then_branch { Constant c } } } */
function model(): Uint8Array {
  const constantValue = [...bytesField(1, text("value")), ...bytesField(5, tensor("", [3, 4]))];
  const constant = [
    ...bytesField(2, text("c")),
    ...bytesField(4, text("Constant")),
    ...bytesField(5, constantValue),
  ];
  const branch = bytesField(1, constant);
  const condition = [
    ...bytesField(4, text("If")),
    ...bytesField(5, [...bytesField(1, text("then_branch")), ...bytesField(6, branch)]),
  ];
  const graph = [...bytesField(5, tensor("w", [0.5, -2])), ...bytesField(1, condition)];
  return Uint8Array.from([8, 8, ...bytesField(7, graph)]);
}

describe("readOnnxTensors()", () => {
  test("finds initializers and the constants inside the branches of an If", () => {
    const tensors = readOnnxTensors(model());
    expect([...tensors.keys()].sort()).toEqual(["then_branch/c", "w"]);
    expect([...(tensors.get("w")?.values ?? [])]).toEqual([0.5, -2]);
    expect([...(tensors.get("then_branch/c")?.values ?? [])]).toEqual([3, 4]);
  });

  test("refuses every truncation of a model", () => {
    const whole = model();
    for (let length = 3; length < whole.length; length++) {
      expect(() => readOnnxTensors(whole.subarray(0, length))).toThrow(RangeError);
    }
  });

  test("refuses a file that is no protobuf, and one with no tensor", () => {
    expect(() => readOnnxTensors(Uint8Array.of(0x0b, 1))).toThrow("wire type");
    expect(() => readOnnxTensors(new Uint8Array(64).fill(0xff))).toThrow("has no end");
    expect(() => readOnnxTensors(new Uint8Array(0))).toThrow("no f32 tensor");
  });

  test("reads both networks of the Silero file", async () => {
    const tensors = readOnnxTensors(await readFile(SILERO_PATH));
    const shapes = (suffix: string): string[] =>
      [...tensors.values()]
        .filter((found) => found.name.endsWith(suffix))
        .map((found) => found.dims.join("x"))
        .sort();
    expect(shapes("stft.forward_basis_buffer")).toEqual(["130x1x128", "258x1x256"]);
    expect(shapes("decoder.rnn.weight_ih")).toEqual(["512x128", "512x128"]);
    expect(shapes("encoder.0.reparam_conv.weight")).toEqual(["128x129x3", "128x65x3"]);
  });
});
