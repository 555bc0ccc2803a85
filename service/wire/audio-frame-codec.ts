// The two messages that come and go 50 times a second, by hand: CallerAudio in, AgentAudio out; and
// Clear, which must leave at once and make no garbage on its way (S0-10).
// On the frame's way: first and last station, between a WebSocket message and core memory.
// protobuf-es reads and writes every other message; for these two it takes 218 and 544 ns and makes
// garbage, this codec 14 and 27 ns and none (bench/results/2026-11-20-wire-messages.md). It knows
// only the plain shape below; what is shaped otherwise, though valid, it leaves to protobuf-es
// (tests/wire compares the two).
//
//   ClientFrame        0x0A  length  CallerAudio                 to the end of the message
//   CallerAudio        [0x08 sequence] [0x10 capture_ms] [0x1A length data]       in any order
//   ServerFrame        0x0A  length  AgentAudio
//   AgentAudio         [0x08 item] [0x10 sequence] [0x18 position] [0x28 generation] 0x22 length data
//   ServerFrame        0x12  length  Clear
//   Clear              [0x08 generation]
//
// Source: protobuf encoding (varint, wire types 0 and 2); proto/voxbridge/v1/stream.proto.
import { assert } from "../assert.ts";

const TAG_AUDIO = 0x0a;
const TAG_IN_SEQUENCE = 0x08;
const TAG_IN_CAPTURE_MS = 0x10;
const TAG_IN_DATA = 0x1a;
const TAG_OUT_ITEM = 0x08;
const TAG_OUT_SEQUENCE = 0x10;
const TAG_OUT_POSITION = 0x18;
const TAG_OUT_DATA = 0x22;
const TAG_OUT_GENERATION = 0x28;
const TAG_CLEAR = 0x12;
const TAG_CLEAR_GENERATION = 0x08;

const VARINT32_BYTES_MAX = 5;
/** An envelope and one field. */
const CLEAR_BYTES_MAX = 2 * (1 + VARINT32_BYTES_MAX);
/** Two envelopes, four fields of a tag and a varint each, and the data's own tag and length. */
const HEADER_BYTES_MAX = 2 * (1 + VARINT32_BYTES_MAX) + 4 * (1 + VARINT32_BYTES_MAX);

/** OK: the span holds the audio. OTHER: not the plain shape, ask protobuf-es. */
export const AUDIO_READ = { OK: 0, OTHER: 1 } as const;

export type AudioRead = (typeof AUDIO_READ)[keyof typeof AUDIO_READ];

/** Where the audio of one message lies; made once per connection and filled again and again. */
export interface CallerAudioSpan {
  sequence: number;
  captureMs: number;
  /** Bytes [start, end) of the message. */
  start: number;
  end: number;
}

/** -> a span for readCallerAudio to fill. */
export function createCallerAudioSpan(): CallerAudioSpan {
  return { sequence: 0, captureMs: 0, start: 0, end: 0 };
}

// The reader's place. Module state instead of an object per call: the reader never re-enters.
let cursor = 0;

/**
 * Finds the audio in one binary ClientFrame without copying it.
 * Shape: message of at most 64 KiB -> span.start and span.end within it. On OTHER the span's
 * contents are meaningless. Cost: one pass over the header, no allocation.
 */
export function readCallerAudio(message: Uint8Array, span: CallerAudioSpan): AudioRead {
  const end = message.length;
  if (end < 2 || message[0] !== TAG_AUDIO) return AUDIO_READ.OTHER;
  cursor = 1;
  const bodyBytes = readVarint32(message, end);
  // Another field after the audio, or a length beyond the message: protobuf-es decides.
  if (bodyBytes < 0 || cursor + bodyBytes !== end) return AUDIO_READ.OTHER;
  span.sequence = 0;
  span.captureMs = 0;
  span.start = end;
  span.end = end;
  while (cursor < end) {
    const tag = message[cursor];
    cursor += 1;
    const value = readVarint32(message, end);
    if (value < 0) return AUDIO_READ.OTHER;
    if (tag === TAG_IN_DATA) {
      if (cursor + value > end) return AUDIO_READ.OTHER;
      span.start = cursor;
      span.end = cursor + value;
      cursor += value;
    } else if (tag === TAG_IN_SEQUENCE) {
      span.sequence = value;
    } else if (tag === TAG_IN_CAPTURE_MS) {
      span.captureMs = value;
    } else {
      return AUDIO_READ.OTHER;
    }
  }
  return AUDIO_READ.OK;
}

/** -> the varint at the cursor as 0..2^32-1, or -1 when it is cut off or longer than 32 bits. */
function readVarint32(message: Uint8Array, end: number): number {
  let value = 0;
  for (let index = 0; index < VARINT32_BYTES_MAX; index += 1) {
    if (cursor >= end) return -1;
    const byte = message[cursor] ?? 0;
    cursor += 1;
    value |= (byte & 0x7f) << (7 * index);
    if (byte < 0x80) {
      // The fifth byte holds bits 28 to 31; more would be a 64 bit number.
      if (index === VARINT32_BYTES_MAX - 1 && byte > 0x0f) return -1;
      return value >>> 0;
    }
  }
  return -1;
}

/** Writes one connection's AgentAudio messages into one buffer. */
export interface AgentAudioWriter {
  /**
   * Shape: one frame of at most frameBytesMax bytes -> a whole binary ServerFrame.
   * Units: positionSamples at the caller's rate within the item; all numbers uint32.
   * State: the result is a view that the next call overwrites; send it before.
   * Cost: one copy of the frame; no allocation once a header length has been seen.
   */
  write(
    frame: Uint8Array,
    item: number,
    sequence: number,
    positionSamples: number,
    generation: number,
  ): Uint8Array;
}

/** A writer for frames of up to `frameBytesMax` bytes. */
export function createAgentAudioWriter(frameBytesMax: number): AgentAudioWriter {
  assert(frameBytesMax > 0, "an audio frame must hold something");
  const buffer = new Uint8Array(HEADER_BYTES_MAX + frameBytesMax);
  // The data begins at a fixed place and the header is written backwards before it, so a view
  // is known by its first byte: at most HEADER_BYTES_MAX views for one frame length.
  const views = new Array<Uint8Array | undefined>(HEADER_BYTES_MAX).fill(undefined);
  let viewFrameBytes = -1;

  return {
    write(frame, item, sequence, positionSamples, generation) {
      assert(frame.length <= frameBytesMax, "an audio frame must fit the writer's buffer");
      if (frame.length !== viewFrameBytes) {
        views.fill(undefined);
        viewFrameBytes = frame.length;
      }
      buffer.set(frame, HEADER_BYTES_MAX);
      const messageEnd = HEADER_BYTES_MAX + frame.length;
      let start = HEADER_BYTES_MAX;
      start = writeFieldBackwards(buffer, start, TAG_OUT_DATA, frame.length);
      if (generation !== 0) {
        start = writeFieldBackwards(buffer, start, TAG_OUT_GENERATION, generation);
      }
      if (positionSamples !== 0) {
        start = writeFieldBackwards(buffer, start, TAG_OUT_POSITION, positionSamples);
      }
      if (sequence !== 0) start = writeFieldBackwards(buffer, start, TAG_OUT_SEQUENCE, sequence);
      if (item !== 0) start = writeFieldBackwards(buffer, start, TAG_OUT_ITEM, item);
      start = writeFieldBackwards(buffer, start, TAG_AUDIO, messageEnd - start);
      let view = views[start];
      if (view === undefined) {
        view = buffer.subarray(start, messageEnd);
        views[start] = view;
      }
      return view;
    },
  };
}

/** Writes one connection's Clear messages into one buffer. */
export interface ClearWriter {
  /**
   * Shape: generation (uint32) -> a whole binary ServerFrame, a view that the next call overwrites.
   * Cost: no allocation.
   */
  write(generation: number): Uint8Array;
}

export function createClearWriter(): ClearWriter {
  const buffer = new Uint8Array(CLEAR_BYTES_MAX);
  // Known by its first byte, and there before the first clear.
  const views = Array.from(buffer, (_, start) => buffer.subarray(start));
  return {
    write(generation) {
      let start = CLEAR_BYTES_MAX;
      if (generation !== 0) {
        start = writeFieldBackwards(buffer, start, TAG_CLEAR_GENERATION, generation);
      }
      start = writeFieldBackwards(buffer, start, TAG_CLEAR, CLEAR_BYTES_MAX - start);
      return views[start] ?? buffer;
    },
  };
}

/** Puts `tag` and `value` as a varint before `end`. -> where they begin. */
function writeFieldBackwards(buffer: Uint8Array, end: number, tag: number, value: number): number {
  let rest = value >>> 0;
  let byteCount = 1;
  while (rest >= 0x80) {
    rest >>>= 7;
    byteCount += 1;
  }
  const start = end - byteCount - 1;
  buffer[start] = tag;
  rest = value >>> 0;
  for (let index = start + 1; index < end; index += 1) {
    buffer[index] = index === end - 1 ? rest : (rest & 0x7f) | 0x80;
    rest >>>= 7;
  }
  return start;
}
