// One call's ears over a transcription session: audio goes out as it is spoken, finish() commits it,
// words come as deltas and then whole. Station: between the cascade and a transcription line.
//
//   parts   | one two (written) | three (committed) | four (open) |     spoken order, one utterance
//
// All that is not written down is kept: a new session is sent it again, so a lost connection costs time
// and no words. finish() closes the open part; what is said after resume() is the next part.
// Limits: KEPT_CHARACTERS_MAX of kept audio, the oldest that was sent goes first; PARTS_MAX parts;
// WORDS_CHARACTERS_MAX of a part's deltas; answerMsMax from finish() to the final.
import { assert } from "../assert.ts";
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  SpeechToTextListener,
  SpeechToTextStream,
  Transcript,
} from "../contract/speech-to-text.ts";
import type { VoxError } from "../errors.ts";
import { COMMIT_MS_MIN } from "../limits.ts";
import { engineFailure } from "./engine-failure.ts";
import type { SpeechMetrics } from "./speech-metrics.ts";
import { createPartSender, type PartSender } from "./part-sender.ts";
import { newPart, type SpokenPart, textOfParts, unsend } from "./spoken-part.ts";
import type { TranscriptionLine, TranscriptionLineListener } from "./transcription-line.ts";
import type { WireAudio } from "./wire-audio.ts";

export interface TranscriptionStreamDeps {
  readonly name: string;
  readonly audio: WireAudio;
  readonly language: string;
  readonly answerMsMax: number;
  readonly clock: Clock;
  readonly metrics: SpeechMetrics;
  readonly listener: SpeechToTextListener;
  connect(listener: TranscriptionLineListener): TranscriptionLine;
}

/** A minute of 24 kHz PCM in base64. */
const KEPT_CHARACTERS_MAX = 60 * 64_000;
const PARTS_MAX = 1_000;
const WORDS_CHARACTERS_MAX = 20_000;

export function createTranscriptionStream(deps: TranscriptionStreamDeps): SpeechToTextStream {
  return new TranscriptionStream(deps);
}

class TranscriptionStream implements SpeechToTextStream {
  readonly #deps: TranscriptionStreamDeps;
  readonly #line: TranscriptionLine;
  readonly #sender: PartSender;
  #state: "idle" | "listening" | "finishing" | "told" | "closed" = "idle";
  #utterance = -1;
  #parts: SpokenPart[] = [];
  #keptCharacters = 0;
  #trouble: VoxError | undefined;
  #toldText = "";
  #finishedMs = 0;
  #deadline: TimerHandle | undefined;

  constructor(deps: TranscriptionStreamDeps) {
    this.#deps = deps;
    this.#line = deps.connect({
      onReady: () => this.#restart(),
      onCommitted: (itemId) => this.#sender.onCommitted(itemId),
      onWords: (itemId, words) => this.#onWords(itemId, words),
      onTranscript: (itemId, text) => this.#onTranscript(itemId, text),
      onUnheard: (itemId, error) => this.#onUnheard(this.#sender.settle(itemId), error),
      onRefused: (commandId, error) => this.#onRefused(commandId, error),
      onDown: (error) => this.#fail(error),
    });
    this.#sender = createPartSender(this.#line, deps.clock);
    this.#line.open();
  }

  begin(utterance: number): void {
    assert(utterance > this.#utterance, "utterances are counted upwards");
    if (this.#state === "closed") return;
    this.#forget();
    this.#utterance = utterance;
    this.#state = "listening";
    this.#line.open();
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    assert((end - start) % 2 === 0, "a stream takes whole samples");
    if (this.#state === "idle" || this.#state === "closed") return SEND.DROPPED;
    const { audio } = this.#deps;
    const piece = audio.base64(source, start, end);
    const part = this.#makeRoom(piece.length) ? this.#openPart() : undefined;
    if (part === undefined) {
      this.#deps.metrics.samplesLost.add((end - start) / 2);
      return SEND.DROPPED;
    }
    part.pieces.push(piece);
    part.audioMs += (end - start) / 2 / (audio.format.rateHz / 1000);
    this.#keptCharacters += piece.length;
    this.#sender.pump();
    return part.sentCount === part.pieces.length ? SEND.SENT : SEND.BUFFERED;
  }

  finish(): void {
    if (this.#state !== "listening") return;
    const { clock, answerMsMax, name } = this.#deps;
    this.#state = "finishing";
    this.#finishedMs = clock.nowMs();
    const message = `Cannot transcribe: no answer in ${answerMsMax} ms`;
    this.#deadline = clock.setTimer(answerMsMax, () =>
      this.#fail(engineFailure(name, "engine_timeout", message)),
    );
    this.#closePart();
    for (const part of this.#parts.filter(({ failure }) => failure !== undefined)) {
      unsend(part);
      this.#sender.add(part);
    }
    this.#line.open();
    this.#sender.pump();
    queueMicrotask(() => this.#tellFinalIfWhole());
  }

  resume(): void {
    if (this.#state !== "finishing" && this.#state !== "told") return;
    this.#stopDeadline();
    this.#state = "listening";
  }

  cancel(): void {
    if (this.#state === "closed") return;
    this.#forget();
    this.#state = "idle";
  }

  close(): void {
    if (this.#state === "closed") return;
    this.cancel();
    this.#state = "closed";
    this.#sender.close();
    this.#line.close();
  }

  // ---- what is said -----------------------------------------------------------------------

  #openPart(): SpokenPart | undefined {
    const last = this.#parts.at(-1);
    if (last !== undefined && !last.isClosed) return last;
    if (this.#parts.length >= PARTS_MAX) return undefined;
    const part = newPart();
    this.#parts.push(part);
    this.#sender.add(part);
    return part;
  }

  /** The server refuses to commit less than COMMIT_MS_MIN: silence is added. */
  #closePart(): void {
    const part = this.#parts.at(-1);
    if (part === undefined || part.isClosed) return;
    part.isClosed = true;
    const { audio } = this.#deps;
    const missingMs = Math.ceil(COMMIT_MS_MIN - part.audioMs);
    if (missingMs <= 0) return;
    const silence = new Uint8Array((missingMs * 2 * audio.format.rateHz) / 1000);
    const piece = audio.base64(silence, 0, silence.length);
    part.pieces.push(piece);
    this.#keptCharacters += piece.length;
  }

  /** Lets the oldest audio go that the server has; false when it has none of what is kept. */
  #makeRoom(wanted: number): boolean {
    for (const part of this.#parts) {
      while (this.#keptCharacters + wanted > KEPT_CHARACTERS_MAX && part.sentCount > 0) {
        const characters = part.pieces.shift()?.length ?? 0;
        this.#keptCharacters -= characters;
        part.letGoCharacters += characters;
        part.sentCount -= 1;
      }
    }
    return this.#keptCharacters + wanted <= KEPT_CHARACTERS_MAX;
  }

  #forget(): void {
    this.#stopDeadline();
    this.#parts = [];
    this.#keptCharacters = 0;
    this.#trouble = undefined;
    this.#toldText = "";
    this.#sender.forget();
  }

  // ---- what comes -------------------------------------------------------------------------

  #restart(): void {
    const { audio, metrics } = this.#deps;
    const sampleBytes = (audio.bytesPerMs * 1000) / audio.format.rateHz;
    const parts = this.#parts.filter(({ text }) => text === undefined);
    for (const part of parts) {
      const lostBytes = (part.letGoCharacters / 4) * 3;
      metrics.samplesLost.add(Math.floor(lostBytes / sampleBytes));
      part.letGoCharacters = 0;
    }
    this.#sender.restart(parts);
  }

  #onWords(itemId: string, words: string): void {
    const part = this.#sender.partOf(itemId);
    if (part === undefined || part.words.length > WORDS_CHARACTERS_MAX) return;
    part.words += words;
    this.#tellPartial();
  }

  #onTranscript(itemId: string, text: string): void {
    const part = this.#sender.settle(itemId);
    if (part === undefined) return;
    part.text = text.trim();
    for (const piece of part.pieces) this.#keptCharacters -= piece.length;
    part.pieces.length = 0;
    if (this.#state === "listening") this.#tellPartial();
    this.#tellFinalIfWhole();
  }

  #onUnheard(part: SpokenPart | undefined, error: VoxError): void {
    if (part === undefined) return;
    part.failure = error;
    this.#fail(error);
  }

  #onRefused(commandId: string, error: VoxError): void {
    const part = this.#sender.withdraw(commandId);
    if (part !== undefined) {
      if (!part.isForgotten) this.#onUnheard(part, error);
      return;
    }
    if (commandId.startsWith("delete") || commandId.startsWith("clear")) return;
    this.#trouble = error;
    this.#fail(error);
  }

  // ---- what is told -----------------------------------------------------------------------

  #tellPartial(): void {
    if (this.#state !== "listening" && this.#state !== "finishing") return;
    const transcript = this.#transcript();
    if (transcript.text === this.#toldText || transcript.text === "") return;
    this.#toldText = transcript.text;
    this.#deps.listener.onPartial(this.#utterance, transcript);
  }

  #tellFinalIfWhole(): void {
    if (this.#state !== "finishing") return;
    if (this.#trouble !== undefined) return this.#fail(this.#trouble);
    if (this.#parts.some(({ isClosed, text }) => isClosed && text === undefined)) return;
    const { clock, metrics, listener } = this.#deps;
    this.#stopDeadline();
    this.#state = "told";
    metrics.finalMs.observe(clock.nowMs() - this.#finishedMs);
    const transcript = this.#transcript();
    this.#toldText = transcript.text;
    listener.onFinal(this.#utterance, transcript);
  }

  #fail(error: VoxError): void {
    if (this.#state !== "finishing") return;
    this.#stopDeadline();
    this.#state = "told";
    this.#trouble = undefined;
    this.#deps.listener.onFailed(this.#utterance, error);
  }

  /** Of what was said before finish(); all of it while nobody has asked for the end. */
  #transcript(): Transcript {
    const isOpen = this.#state === "listening";
    const parts = this.#parts.filter(({ isClosed }) => isClosed || isOpen);
    let endMs = 0;
    for (const { audioMs } of parts) endMs += audioMs;
    const { language } = this.#deps;
    return { text: textOfParts(parts), confidence: 1, startMs: 0, endMs, language, words: [] };
  }

  #stopDeadline(): void {
    if (this.#deadline !== undefined) this.#deps.clock.clearTimer(this.#deadline);
    this.#deadline = undefined;
  }
}
