// A set of turns made in one call, from the mouth to the line of the file and back through the
// reader, in the configurations that are compared. A whole service on stepped time; the simulator's
// delays are made up, so only their order and the configuration are looked at.
import { describe, expect, test } from "bun:test";
import type { Caller } from "../../../scripts/caller/caller.ts";
import type { StartFields } from "../../../scripts/caller/protobuf-line.ts";
import { createProtobufLine } from "../../../scripts/caller/protobuf-line.ts";
import type { TalkResult } from "../../../scripts/caller/talk.ts";
import { recordSound, recordTurn } from "../../../scripts/caller/turn-record.ts";
import type { SpokenTurn, TurnsPlan } from "../../../scripts/caller/turns.ts";
import { speakTurns } from "../../../scripts/caller/turns.ts";
import { createTwilioLine } from "../../../scripts/caller/twilio-line.ts";
import { LANES, TURN_DETECTIONS } from "../../../scripts/caller/wiring.ts";
import { compareSets } from "../../../scripts/lab/compare-sets.ts";
import { readTurnSet, writeLine } from "../../../scripts/lab/turn-set.ts";
import type { SpeechName } from "../../support/speech-files.ts";
import { loadSpeech } from "../../support/speech-files.ts";
import type { SteppedService } from "../../support/stepped-service.ts";
import { startSteppedService } from "../../support/stepped-service.ts";

const WIDE = { encoding: "pcm16", rateHz: 16_000, channels: 1 } as const;
const CALL_MS_MAX = 120_000;

/** Four turns, "yes" and `other` in turn. -> the text of the set. */
async function makeSet(
  start: StartFields,
  other: SpeechName = "no",
  argv: readonly string[] = [],
): Promise<string> {
  await using service = await startSteppedService({ argv });
  const caller = await service.call("/v1/stream", createProtobufLine(WIDE, start));
  const lines: string[] = [];
  const onTurn = (turn: SpokenTurn) => lines.push(writeLine(recordTurn(caller, turn)));
  await speakOut(service, caller, { names: ["yes", other], turnCount: 4, onTurn });
  return lines.join("") + writeLine(recordSound(caller, 0));
}

async function speakOut(
  service: SteppedService,
  caller: Caller,
  plan: Pick<TurnsPlan, "turnCount" | "onTurn"> & { readonly names: readonly SpeechName[] },
): Promise<void> {
  const { names, ...rest } = plan;
  const recordings = names.map((name) => ({ name, speech: loadSpeech(name, caller.format) }));
  let result: TalkResult | undefined;
  const talking = speakTurns(caller, { clock: service.clock, recordings, ...rest }).then(
    (ended) => {
      result = ended;
    },
  );
  await service.until(() => result !== undefined, CALL_MS_MAX);
  await talking;
  expect(result).toBe("answered");
}

describe("speakTurns() and recordTurn()", () => {
  test("S1-58, D-38: a set with local turns and one with semantic_vad, each by its name", async () => {
    const local = readTurnSet(
      await makeSet({ lane: LANES.fast, turnDetection: TURN_DETECTIONS.local }),
      "local",
    );
    const semantic = readTurnSet(
      await makeSet({ lane: LANES.big, turnDetection: TURN_DETECTIONS.semantic_vad }),
      "semantic",
    );
    expect(local.configuration).toStartWith("fast lane, local, simulator");
    expect(semantic.configuration).toStartWith("big lane, semantic_vad, simulator");
    for (const set of [local, semantic]) {
      expect(set.turns.map(({ turnId }) => turnId)).toEqual([1, 2, 3, 4]);
      expect([set.splitCount, set.unmeasuredCount, set.isSimulated]).toEqual([0, 0, true]);
    }
    // The simulator's semantic detection waits a second, ours 400 ms.
    const perceived = compareSets(local, semantic).comparisons[0];
    expect(perceived?.difference?.medianDifference).toBeLessThan(-300);
    expect(perceived?.difference?.test?.p).toBeLessThan(0.001);
  });

  test("S1-85: the set ends with what was heard: speech, no clicks, no dropouts", async () => {
    const { sound } = readTurnSet(await makeSet({ turnDetection: TURN_DETECTIONS.local }), "set");
    expect(sound).toMatchObject({ rateHz: 16_000, clicks: 0, dropouts: 0 });
    expect(sound?.heardMs).toBeGreaterThan(2_000);
    expect(sound?.bandwidthHz).toBeGreaterThan(500);
    expect(sound?.bandwidthHz).toBeLessThan(8_000);
  });

  test("a recording that becomes two turns is split: kept, not counted", async () => {
    const text = await makeSet({ turnDetection: TURN_DETECTIONS.local }, "numbers", [
      "--vad-wideband-min-silence-ms",
      "128",
    ]);
    const set = readTurnSet(text, "set");
    expect(text.trim().split("\n")).toHaveLength(5);
    expect([set.turns.length, set.splitCount, set.unmeasuredCount]).toEqual([2, 2, 0]);
  });

  test("a phone line speaks its turns too, but confirms nothing and cannot be recorded", async () => {
    await using service = await startSteppedService();
    const ids = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
    const caller = await service.call("/twilio/media", createTwilioLine(ids));
    const turns: SpokenTurn[] = [];
    await speakOut(service, caller, {
      names: ["yes"],
      turnCount: 2,
      onTurn: (turn) => turns.push(turn),
    });
    expect(turns.map(({ recording }) => recording)).toEqual(["yes", "yes"]);
    for (const turn of turns) {
      const { answerMs, notices } = turn;
      expect(answerMs).toBeGreaterThan(300);
      expect(answerMs).toBeLessThan(900);
      expect(notices).toEqual([]);
      expect(() => recordTurn(caller, turn)).toThrow("did not confirm");
    }
  });
});
