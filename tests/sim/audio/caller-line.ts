// The caller's side of a call at audio level: the contract of a transport over a link to a far end
// that plays what arrives. What is sent is watched frame by frame; telephone answers byte for byte.
import type { CloseCode } from "../../../service/contract/call-terms.ts";
import { SEND, type SendResult } from "../../../service/contract/send-result.ts";
import type { CallNotice, Transport } from "../../../service/contract/transport.ts";
import { answerByte, seedOf } from "./answers.ts";
import type { AudioWorld } from "./audio-world.ts";

interface Cut {
  readonly item: number;
  readonly itemId: string;
  readonly audioEndMs: number;
}

export class CallerLine implements Transport {
  readonly kind = "protobuf";
  readonly #world: AudioWorld;
  readonly #itemOfId = new Map<string, number>();
  readonly #idOfItem = new Map<number, string>();
  #delta = { responseId: "", itemId: "", tag: "" };
  #cuts: Cut[] | null = null;
  #isTurnEnding = false;
  #isClosed = false;
  framesAnswered = 0;
  /** Numbers of the items that the far end has something of. */
  readonly #sentItems = new Set<number>();

  constructor(world: AudioWorld) {
    this.#world = world;
  }

  isClosed(): boolean {
    return this.#isClosed;
  }

  /** A delta is about to be given to the service: the next queued audio is its. */
  onDelta(responseId: string, itemId: string, tag: string): void {
    this.#delta = { responseId, itemId, tag };
  }

  /** The service queues the delta under a number of its own. */
  onQueued(item: number): void {
    const { responseId, itemId, tag } = this.#delta;
    this.#itemOfId.set(itemId, item);
    this.#idOfItem.set(item, itemId);
    this.#world.rules.onItemAudio(item, tag, responseId);
  }

  cut(itemId: string, audioEndMs: number): void {
    const item = this.#itemOfId.get(itemId);
    // Of what was never sent the far end has nothing to clear; the caller's items are not there.
    if (audioEndMs === 0 && !this.#sentItems.has(item ?? 0)) return;
    if (this.#cuts === null || item === undefined) {
      this.#world.rules.fail("an item is cut only together with a clear");
    }
    this.#world.rules.onCut(item);
    this.#cuts.push({ item, itemId, audioEndMs });
  }

  // ---- Transport ----------------------------------------------------------------------------

  sendAudio(
    frame: Uint8Array,
    item: number,
    positionSamples: number,
    generation: number,
  ): SendResult {
    const { rules, trace } = this.#world;
    if (this.#isClosed) return SEND.DROPPED;
    this.#world.engineWatch.settleUnderruns();
    rules.onFrameSent(item, positionSamples);
    if (item !== 0) this.framesAnswered += 1;
    if (item !== 0) this.#sentItems.add(item);
    trace.note("frame", positionSamples, frame[frame.length >> 1] ?? 0);
    this.#checkBytes(frame, item, positionSamples);
    const samples = this.#world.frameSamples;
    this.#world.toFarEnd((farEnd) => farEnd.onFrame(item, positionSamples, samples, generation));
    return SEND.SENT;
  }

  sendItemEnd(item: number): void {
    this.#world.toFarEnd((farEnd) => farEnd.onItemEnd(item));
  }

  sendClear(generation: number): SendResult {
    const { rules, trace, knobs } = this.#world;
    trace.note("clear", generation);
    rules.onClear(generation);
    const cuts: Cut[] = [];
    this.#cuts = cuts;
    this.#world.toFarEnd((farEnd) => {
      farEnd.onClear(generation);
      for (const { item, itemId, audioEndMs } of cuts) {
        // The last frame of an item is filled up with silence, which is nobody's words.
        const generated = this.#world.generatedSamples(itemId);
        const ear = {
          heardSamples: (number: number, atMs: number) =>
            Math.min(farEnd.heardSamples(number, atMs), generated),
        };
        rules.checkCut(ear, item, audioEndMs, knobs.downMs);
      }
    });
    return SEND.SENT;
  }

  sendNotice(notice: CallNotice): void {
    const { rules, trace } = this.#world;
    if (notice.kind === "speech_started") {
      trace.note("turn", notice.turnId, notice.positionMs);
      rules.onStopped(true);
    } else if (notice.kind === "speech_ended") {
      rules.onTurnOver();
      this.#isTurnEnding = true;
    } else if (notice.kind === "turn_committed") {
      trace.note("committed", notice.startMs, notice.endMs);
      this.#world.hybrid.onTurn(notice.startMs, notice.endMs);
      this.#world.onTurn();
      if (this.#isTurnEnding) rules.onAnswerOwed();
      this.#isTurnEnding = false;
    } else if (notice.kind === "error") {
      rules.fail(`the caller is told of no error (${notice.code})`);
    }
  }

  close(_code: CloseCode, reason: string): void {
    this.#world.trace.note("closed", reason.length);
    this.#isClosed = true;
  }

  /** Untouched telephone audio reaches the caller as the model said it. */
  #checkBytes(frame: Uint8Array, item: number, position: number): void {
    const { format, bargeInAction } = this.#world.knobs;
    const isUntouched = format.encoding === "mulaw" || format.encoding === "alaw";
    const itemId = this.#idOfItem.get(item);
    if (!isUntouched || bargeInAction !== "interrupt" || itemId === undefined) return;
    const seed = seedOf(itemId);
    const samples = Math.min(frame.length, this.#world.generatedSamples(itemId) - position);
    for (let index = 0; index < samples; index += 1) {
      if (frame[index] !== answerByte(seed, position + index)) {
        this.#world.rules.fail("a telephone hears the answer byte for byte");
      }
    }
  }
}
