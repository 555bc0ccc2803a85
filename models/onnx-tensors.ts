// Reads the weight tensors out of an ONNX file: a protobuf reader for just the fields they need.
// Station: boot only, between the weights file of the npm package and core memory (pack-silero.ts).
// Source: onnx.proto3 of ONNX IR version 8 (field numbers below), protobuf wire format.
// Limits: f32 tensors only, raw_data or float_data; subgraphs are walked to GRAPH_DEPTH_MAX.
// Departure: no general ONNX library, because a session of onnxruntime-web costs 300-550 ms and
// 125 MB at boot, and it does not give weights out anyway.

/** A weight tensor. `values` are in row-major order of `dims`. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly values: Float32Array;
}

const GRAPH_DEPTH_MAX = 4;
const WIRE = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;
const DATA_TYPE_FLOAT = 1;
const MODEL_GRAPH = 7;
const GRAPH_NODE = 1;
const GRAPH_INITIALIZER = 5;
const NODE = { OUTPUT: 2, OP_TYPE: 4, ATTRIBUTE: 5 } as const;
const ATTRIBUTE = { NAME: 1, TENSOR: 5, GRAPH: 6 } as const;
const TENSOR = { DIMS: 1, DATA_TYPE: 2, FLOAT_DATA: 4, NAME: 8, RAW_DATA: 9 } as const;

/**
 * Every f32 tensor of an ONNX model, by path: initializers and Constant nodes, those inside an If
 * under `then_branch/` or `else_branch/` of the branch they belong to.
 * Shape:  the file's bytes -> map from path (`else_branch/decoder.rnn.weight_ih`) to tensor.
 * Errors: RangeError when the bytes are no ONNX file (truncated, unknown wire type, odd sizes).
 * Cost:   one pass, copies each tensor once; 2.3 MB takes some milliseconds.
 */
export function readOnnxTensors(bytes: Uint8Array): Map<string, OnnxTensor> {
  const tensors = new Map<string, OnnxTensor>();
  forEachField(bytes, (field) => {
    if (field.number === MODEL_GRAPH)
      readGraph({ bytes: field.bytes, path: "", depth: 0, tensors });
  });
  if (tensors.size === 0) throw new RangeError("Cannot read ONNX file: it holds no f32 tensor");
  return tensors;
}

interface GraphReading {
  readonly bytes: Uint8Array;
  readonly path: string;
  readonly depth: number;
  readonly tensors: Map<string, OnnxTensor>;
}

function readGraph(reading: GraphReading): void {
  if (reading.depth > GRAPH_DEPTH_MAX) {
    throw new RangeError(`Cannot read ONNX file: graphs nest deeper than ${GRAPH_DEPTH_MAX}`);
  }
  forEachField(reading.bytes, (field) => {
    if (field.number === GRAPH_INITIALIZER) keepTensor(reading, field.bytes, "");
    if (field.number === GRAPH_NODE) readNode(reading, field.bytes);
  });
}

function readNode(graph: GraphReading, bytes: Uint8Array): void {
  let outputName = "";
  let operator = "";
  const attributes: Uint8Array[] = [];
  forEachField(bytes, (field) => {
    if (field.number === NODE.OUTPUT && outputName === "") outputName = text(field.bytes);
    if (field.number === NODE.OP_TYPE) operator = text(field.bytes);
    if (field.number === NODE.ATTRIBUTE) attributes.push(field.bytes);
  });
  if (operator !== "Constant" && operator !== "If") return;
  for (const attribute of attributes) readAttribute(graph, attribute, outputName);
}

function readAttribute(graph: GraphReading, bytes: Uint8Array, outputName: string): void {
  let name = "";
  forEachField(bytes, (field) => {
    if (field.number === ATTRIBUTE.NAME) name = text(field.bytes);
  });
  forEachField(bytes, (field) => {
    if (field.number === ATTRIBUTE.TENSOR) keepTensor(graph, field.bytes, outputName);
    if (field.number !== ATTRIBUTE.GRAPH) return;
    const path = `${graph.path}${name}/`;
    readGraph({ bytes: field.bytes, path, depth: graph.depth + 1, tensors: graph.tensors });
  });
}

function keepTensor(graph: GraphReading, bytes: Uint8Array, fallbackName: string): void {
  const dims: number[] = [];
  let dataType = 0;
  let name = "";
  let data: Uint8Array | null = null;
  forEachField(bytes, (field) => {
    if (field.number === TENSOR.DIMS) appendDims(dims, field);
    if (field.number === TENSOR.DATA_TYPE) dataType = field.value;
    if (field.number === TENSOR.NAME) name = text(field.bytes);
    if (field.number === TENSOR.RAW_DATA) data = field.bytes;
    if (field.number === TENSOR.FLOAT_DATA && field.wire === WIRE.BYTES) data = field.bytes;
  });
  if (dataType !== DATA_TYPE_FLOAT || data === null) return;
  const path = graph.path + (fallbackName === "" ? name : fallbackName);
  graph.tensors.set(path, { name: path, dims, values: floats(data, dims, path) });
}

function appendDims(dims: number[], field: Field): void {
  if (field.wire === WIRE.VARINT) {
    dims.push(field.value);
    return;
  }
  let offset = 0;
  while (offset < field.bytes.length) {
    const read = varint(field.bytes, offset);
    dims.push(read.value);
    offset = read.end;
  }
}

function floats(data: Uint8Array, dims: readonly number[], path: string): Float32Array {
  const count = dims.reduce((product, dim) => product * dim, 1);
  if (data.byteLength !== count * 4) {
    throw new RangeError(
      `Cannot read ONNX tensor ${path}: it has ${data.byteLength} bytes, must be ${count * 4}`,
    );
  }
  const values = new Float32Array(count);
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  for (let index = 0; index < count; index++) values[index] = view.getFloat32(index * 4, true);
  return values;
}

interface Field {
  readonly number: number;
  readonly wire: number;
  /** The number of a varint field, else 0. */
  readonly value: number;
  /** The content of a length-delimited field, else empty. */
  readonly bytes: Uint8Array;
}

const EMPTY = new Uint8Array(0);

function forEachField(bytes: Uint8Array, visit: (field: Field) => void): void {
  let offset = 0;
  while (offset < bytes.length) {
    const key = varint(bytes, offset);
    const number = Math.floor(key.value / 8);
    const wire = key.value % 8;
    offset = key.end;
    if (wire === WIRE.VARINT) {
      const read = varint(bytes, offset);
      visit({ number, wire, value: read.value, bytes: EMPTY });
      offset = read.end;
    } else if (wire === WIRE.BYTES) {
      const length = varint(bytes, offset);
      const end = checkedEnd(bytes, length.end + length.value);
      visit({ number, wire, value: 0, bytes: bytes.subarray(length.end, end) });
      offset = end;
    } else if (wire === WIRE.FIXED32 || wire === WIRE.FIXED64) {
      offset = checkedEnd(bytes, offset + (wire === WIRE.FIXED32 ? 4 : 8));
    } else {
      throw new RangeError(`Cannot read ONNX file: wire type is ${wire}, must be 0, 1, 2 or 5`);
    }
  }
}

function checkedEnd(bytes: Uint8Array, end: number): number {
  if (end <= bytes.length) return end;
  throw new RangeError(`Cannot read ONNX file: a field ends at ${end} of ${bytes.length} bytes`);
}

/** Values above 2^53 lose their low bits; no field we keep is that large. */
function varint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0;
  let factor = 1;
  for (let offset = start; offset < start + 10; offset++) {
    const byte = bytes[offset];
    if (byte === undefined) break;
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return { value, end: offset + 1 };
    factor *= 128;
  }
  throw new RangeError(`Cannot read ONNX file: the number at byte ${start} has no end`);
}

const decoder = new TextDecoder();

function text(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}
