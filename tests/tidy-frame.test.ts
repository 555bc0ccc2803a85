// Goal: functions that run for every frame or every message of audio, and those between a decision
// to interrupt and the clear (S0-10), make no garbage and wait for nothing (style 21): no objects,
// closures, views, texts, promises, logs, throws.
// Method: the bodies of the functions listed here, as text. The alloc tests prove it at run time;
// this names the line. An assertion is allowed: its message is a fixed text.
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { bodyOf, matchesIn, ROOT, withoutComments } from "./support/source-files.ts";

const PER_FRAME: Readonly<Record<string, readonly string[]>> = {
  "service/core/open-slot.ts": [
    "ingest",
    "ingestGap",
    "framesIngested",
    "captureFrame",
    "decide",
    "playbackWrite",
    "render",
    "counter",
  ],
  // write() makes a view the first time a header has a new length; the alloc test covers it.
  "service/wire/audio-frame-codec.ts": ["readCallerAudio", "readVarint32", "writeFieldBackwards"],
  "service/transport/caller-audio-intake.ts": ["take", "missingBefore", "odd"],
  // scanTwilioMedia() cuts the payload out of the message: Buffer.write takes whole texts only.
  "service/wire/twilio-messages.ts": ["readText", "readDigits"],
  "service/engine/capture.ts": [
    "write",
    "writeBase64",
    "tick",
    "align",
    "overlapBytes",
    "fillGap",
    "fillFrames",
    "put",
    "stage",
    "frameIn",
    "countWindow",
    "base64Bytes",
  ],
  "service/engine/playback.ts": [
    "tick",
    "advance",
    "sendDue",
    "isDue",
    "sendFrame",
    "starve",
    "deliver",
    "interrupt",
  ],
  "service/engine/pacer.ts": ["passEmptyPositions", "positionAt", "wake", "visit"],
  "service/engine/answer-queue.ts": ["hasFrame", "moveFrame", "settle", "isEmpty", "flush"],
  "service/engine/turn-tape.ts": ["store", "read", "blockForStore"],
  "service/conversation/conversation.ts": ["onCapture", "onFrameSent"],
  "service/conversation/caller-speech.ts": ["onCapture"],
  "service/conversation/playout-ledger.ts": ["isAudible", "cut", "heardSamples", "isHeardToEnd"],
  "service/conversation/far-end-line.ts": ["clear", "trustedMs"],
  "service/conversation/interruption.ts": ["clearFarEnd"],
  "service/conversation/caller-turns.ts": ["newTurn", "takeFloor"],
  "service/upstream/early-upstream.ts": ["onSpeechStarted"],
  "service/lane/fast/lane-effects.ts": ["clearPlayback"],
  "service/upstream/span-forwarder.ts": ["onFrame", "isAllSent"],
  "service/lane/fast/audio-fate.ts": ["fateOf"],
  "service/lane/fast/fast-lane.ts": [
    "sendAudio",
    "sendAudioBase64",
    "onCaptureFrame",
    "onPlaybackFrame",
    "onAudio",
    "onSpeechStarted",
  ],
};

const BANNED =
  /\bnew\b|\bthrow\b|\bawait\b|\basync\b|=>|`|\bconsole\b|\.(?:subarray|slice|map|filter|forEach|concat|bind|toString)\(|\b(?:JSON|Object|Array|Promise)\.|(?:=|\(|return|,)\s*[{[]/;

describe("per-frame functions", () => {
  test.each(Object.entries(PER_FRAME))("%s makes no garbage in %j", (path, names) => {
    const code = withoutComments(readFileSync(join(ROOT, path), "utf8"));
    const bodies = names.map((name) => [name, bodyOf(code, name)] as const);
    // A renamed function must be renamed here too, or nobody looks at it any more.
    expect(bodies.filter(([, body]) => body === undefined).map(([name]) => name)).toEqual([]);
    const wrong = bodies.flatMap(([name, body]) =>
      matchesIn(`${path} ${name}`, body ?? "", BANNED),
    );
    expect(wrong).toEqual([]);
  });

  test("bodyOf() finds functions and methods, not their calls", () => {
    const code =
      "go(1);\nfunction go(a: { b: 1 }): void {\n  if (a) { x(); }\n}\n  #in(): R {\n y\n}";
    expect(bodyOf(code, "go")?.trim()).toBe("if (a) { x(); }");
    expect(bodyOf(code, "in")?.trim()).toBe("y");
    expect(bodyOf(code, "x")).toBeUndefined();
  });

  test.each(["return { a }", "x = [1]", "f(() => 1)", "`a`", "a.subarray(1)", "new Map()"])(
    "the rule sees garbage in %s",
    (code) => {
      expect(BANNED.test(code)).toBe(true);
    },
  );

  test.each(["return a[0]", "if (a) { b(); }", "x = y[1] ?? 0", "f(a, b[2])"])(
    "the rule leaves %s alone",
    (code) => {
      expect(BANNED.test(code)).toBe(false);
    },
  );
});
