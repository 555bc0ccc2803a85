// One call's ears over an engine that writes down one piece of audio: the engine hears the growing
// window of an utterance again every `chunkMs`; what two answers agree on becomes certain
// (local-agreement.ts), and the moment the utterance ends everything is asked for once more (S3-07).
// Station: on the caller's way, between the span that the turn detection cut and the cascade. The
// span brings pre-roll and onset and keeps its inner pauses (D-09, D-10); nothing is left out here.
// Limits: one question in the air and one noted; `bufferMs` of audio (S2-31), from shared blocks. A
// long utterance is closed at its quietest place before that is full; only behind an engine that
// does not answer is the oldest audio pushed out, by samples, and counted (S2-34, D-08).
import { assert } from "../assert.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  SpeechToTextListener,
  SpeechToTextRequest,
  SpeechToTextStream,
  Transcript,
} from "../contract/speech-to-text.ts";
import { EngineRequest, type Question } from "./engine-request.ts";
import { type HeardWord, heardWords, transcriptOf } from "./heard-words.ts";
import { LocalAgreement } from "./local-agreement.ts";
import { SampleWindow } from "./sample-window.ts";
import type { SpeechStreamDeps } from "./streamer-settings.ts";

/** The rest of the buffer is for what is said while a closing answer is waited for. */
const CLOSE_AT_SHARE = 2 / 3;
const PROMPT_CHARACTERS_MAX = 200;
/** Words of the prompt, so that its characters are not cut out of a whole utterance. */
const PROMPT_WORDS_MAX = PROMPT_CHARACTERS_MAX / 4;

/** `open.language`: as languageFor() chose it. */
export function createSpeechStream(
  deps: SpeechStreamDeps,
  open: SpeechToTextRequest,
  listener: SpeechToTextListener,
): SpeechToTextStream {
  return new SpeechStream(deps, open, listener);
}

//   idle -begin-> listening -finish-> finishing -final, failure-> told
//                     ^-----------------resume------------------------+
type StreamState = "idle" | "listening" | "finishing" | "told";

class SpeechStream implements SpeechToTextStream {
  readonly #shared: SpeechStreamDeps;
  readonly #open: SpeechToTextRequest;
  readonly #listener: SpeechToTextListener;
  readonly #window: SampleWindow;
  readonly #agreement: LocalAgreement;
  readonly #request: EngineRequest;
  #state: StreamState = "idle";
  #utterance = -1;
  /** Where the newest hypothesis begins and ends, the newest question and the utterance end. */
  #heardFrom = 0;
  #heardTo = 0;
  #askedTo = 0;
  #finishTo = 0;
  #finishMs = 0;
  /** Counts finish(), so that a final on its way knows whether it is still wanted. */
  #finishCount = 0;
  #seam: { readonly position: number; readonly isLoud: boolean } | undefined;
  #language = "";
  #partialTold = "";

  constructor(shared: SpeechStreamDeps, open: SpeechToTextRequest, listener: SpeechToTextListener) {
    this.#shared = shared;
    this.#open = open;
    this.#listener = listener;
    this.#window = new SampleWindow(shared.blocks, open.rateHz);
    this.#agreement = new LocalAgreement(shared.settings);
    this.#request = new EngineRequest({
      engine: shared.engine,
      clock: shared.clock,
      metrics: shared.metrics,
      answerMsMax: shared.settings.answerMsMax,
      rateHz: open.rateHz,
      onAnswer: (question, transcript) => this.#onAnswer(question, transcript),
      onFailure: (_question, error) => this.#onFailure(error),
    });
  }

  begin(utterance: number): void {
    assert(utterance > this.#utterance, "utterances are counted upwards");
    this.#forget();
    this.#utterance = utterance;
    this.#state = "listening";
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    assert(start <= end && end <= source.length, "append reads within its source");
    const samples = (end - start) / 2;
    const hasRoom = this.#state !== "idle" && this.#makeRoom(samples);
    if (!hasRoom || !this.#window.append(source, start, end)) {
      this.#shared.metrics.samplesLost.add(samples);
      return SEND.DROPPED;
    }
    if (this.#state === "listening") this.#askIfDue();
    return SEND.SENT;
  }

  finish(): void {
    if (this.#state !== "listening") return;
    this.#state = "finishing";
    this.#finishTo = this.#window.end;
    this.#finishMs = this.#shared.clock.nowMs();
    this.#finishCount += 1;
    if (this.#heardTo === this.#finishTo) this.#tellFinalLater();
    else this.#askForRest();
  }

  resume(): void {
    if (this.#state !== "finishing" && this.#state !== "told") return;
    this.#state = "listening";
    this.#askIfDue();
  }

  cancel(): void {
    this.#forget();
  }

  close(): void {
    this.#forget();
  }

  #forget(): void {
    this.#state = "idle";
    this.#request.drop();
    this.#window.clear();
    this.#agreement.reset();
    this.#heardFrom = 0;
    this.#heardTo = 0;
    this.#askedTo = 0;
    this.#partialTold = "";
    this.#language = "";
  }

  // ---- audio ------------------------------------------------------------------------------

  /** False when more comes at once than the buffer holds. */
  #makeRoom(samples: number): boolean {
    const { bufferMs } = this.#shared.settings;
    const excess = () =>
      this.#window.end + samples - this.#window.start - this.#samplesOf(bufferMs);
    if (excess() <= 0) return true;
    // What was heard stays; what is being asked for may still be heard (#onAnswer).
    if (this.#request.question() === undefined) this.#closeAt(this.#heardTo, true);
    const position = this.#window.start + Math.max(0, excess());
    if (position <= this.#window.end) this.#window.trimTo(position);
    return position <= this.#window.end;
  }

  /** All that was heard up to `position` is certain; the window begins there. */
  #closeAt(position: number, isSeamLoud: boolean): void {
    this.#tellSentences(this.#agreement.close(isSeamLoud));
    if (position > this.#window.start) this.#window.trimTo(position);
    this.#heardFrom = this.#window.start;
  }

  /** The newest hypothesis heard audio that is gone now: no later one will, so its words stay. */
  #closeWhatIsGone(): void {
    const { start } = this.#window;
    if (start <= this.#heardFrom) return;
    this.#shared.metrics.samplesLost.add(Math.max(0, start - this.#heardTo));
    this.#closeAt(this.#heardTo, true);
  }

  #samplesOf(durationMs: number): number {
    return Math.round((durationMs * this.#open.rateHz) / 1000);
  }

  #msOf(samples: number): number {
    return (samples * 1000) / this.#open.rateHz;
  }

  // ---- questions --------------------------------------------------------------------------

  #askIfDue(): void {
    const { chunkMs, bufferMs, hasPartials, overlapMs } = this.#shared.settings;
    if (this.#request.question() !== undefined) return;
    this.#closeWhatIsGone();
    const { start, end } = this.#window;
    const isLong = end - start >= this.#samplesOf(bufferMs * CLOSE_AT_SHARE);
    const sinceTo = isLong ? this.#askedTo : Math.max(this.#askedTo, this.#heardTo);
    if (end - sinceTo < this.#samplesOf(chunkMs)) return;
    this.#askedTo = end;
    if (!isLong && hasPartials) this.#ask({ kind: "partial", from: start, to: end });
    if (!isLong) return;
    const overlap = this.#samplesOf(overlapMs);
    const from = start + Math.floor((end - start) / 2);
    const seam = this.#window.quietest(from, end - overlap, 2 * overlapMs);
    this.#seam = seam;
    this.#ask({ kind: "seam", from: start, to: Math.min(end, seam.position + overlap) });
  }

  /** An older question that reaches as far will do, a seam's goes first, any other is void. */
  #askForRest(): void {
    const asked = this.#request.question();
    if (asked?.kind === "seam" || asked?.to === this.#finishTo) return;
    this.#closeWhatIsGone();
    this.#ask({ kind: "final", from: this.#window.start, to: this.#finishTo });
  }

  #ask(question: Question): void {
    const { prompt } = this.#shared.settings;
    const recent = this.#agreement.before().slice(-PROMPT_WORDS_MAX);
    const before = this.#transcript(recent).text.slice(-PROMPT_CHARACTERS_MAX);
    this.#request.ask(question, this.#window.read(question.from, question.to), {
      language: this.#open.language,
      prompt: prompt === "" ? before : `${prompt} ${before}`.trim(),
    });
  }

  #onAnswer(question: Question, transcript: Transcript): void {
    const words = heardWords(transcript, this.#msOf(question.from));
    if (transcript.language !== "") this.#language = transcript.language;
    this.#heardFrom = question.from;
    this.#heardTo = question.to;
    const isPushedOut = question.from < this.#window.start;
    const isDoubtful = transcript.confidence < this.#shared.settings.confidenceMin;
    const isSettled = question.kind === "final" || isPushedOut || this.#state !== "listening";
    if (question.kind === "seam") this.#cutAtSeam(words);
    else if (isSettled || isDoubtful) this.#agreement.replace(words);
    else this.#tellSentences(this.#agreement.hear(words));
    if (isPushedOut && question.kind !== "seam") this.#closeAt(question.to, true);
    this.#goOn(isDoubtful || question.kind === "seam");
  }

  #onFailure(error: Error): void {
    if (this.#state !== "finishing") return;
    this.#state = "told";
    this.#listener.onFailed(this.#utterance, error);
  }

  #cutAtSeam(words: readonly HeardWord[]): void {
    const seam = this.#seam;
    assert(seam !== undefined, "a seam's answer needs a seam");
    const overlap = this.#samplesOf(this.#shared.settings.overlapMs);
    this.#tellSentences(this.#agreement.closeAt(words, seam.isLoud));
    this.#window.trimTo(Math.max(this.#window.start, seam.position - overlap));
    this.#heardFrom = this.#window.start;
  }

  // ---- what was heard ---------------------------------------------------------------------

  #goOn(isKeptBack: boolean): void {
    if (this.#state === "listening") {
      if (!isKeptBack) this.#tellPartial();
      this.#askIfDue();
    } else if (this.#state === "finishing") {
      if (this.#heardTo >= this.#finishTo) this.#tellFinal();
      else this.#askForRest();
    }
  }

  #tellPartial(): void {
    const partial = this.#transcript(this.#agreement.untold());
    if (partial.text === this.#partialTold) return;
    this.#partialTold = partial.text;
    if (partial.text !== "") this.#listener.onPartial(this.#utterance, partial);
  }

  #tellSentences(sentences: readonly (readonly HeardWord[])[]): void {
    for (const words of sentences) {
      this.#partialTold = "";
      this.#listener.onSentence(this.#utterance, this.#transcript(words));
    }
  }

  /** All was heard before finish() was called; a listener must not be called from within it. */
  #tellFinalLater(): void {
    const finishCount = this.#finishCount;
    queueMicrotask(() => {
      if (this.#state === "finishing" && this.#finishCount === finishCount) this.#tellFinal();
    });
  }

  #tellFinal(): void {
    const final = this.#transcript(this.#agreement.all());
    const { metrics, clock, settings } = this.#shared;
    metrics.finalMs.observe(clock.nowMs() - this.#finishMs);
    if (final.confidence < settings.confidenceMin) metrics.doubtful.add(1);
    this.#state = "told";
    this.#listener.onFinal(this.#utterance, final);
  }

  #transcript(words: readonly HeardWord[]): Transcript {
    const bounds = { startMs: 0, endMs: this.#msOf(this.#heardTo) };
    return transcriptOf(words, this.#language || this.#open.language, bounds);
  }
}
