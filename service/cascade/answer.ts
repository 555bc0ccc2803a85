// One answer of the agent, from the request to its last audio.
// Station: between the language model's text and the call's listener; the speech stream turns one
// into the other. The text waits for the stream, the stream for the call (S2-60, decision 17).
//
//   asked --words written--> model --text--> speech stream --audio--> call
//      \--openingText, apology-------------------^
//
// What the caller's side got of it is in the dialogue, sentence by sentence; an interruption cuts
// it there. A stage that fails is said in words while there is a voice, else told as an error.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import type { LanguageModelPart } from "../contract/language-model.ts";
import { SEND } from "../contract/send-result.ts";
import type { SpeechStream, SpokenWord } from "../contract/text-to-speech.ts";
import type {
  ResponseRequest,
  ResponseStatus,
  StageFailure,
  TokenUsage,
} from "../contract/upstream.ts";
import type { AnswerWriter, WritingBegun } from "./answer-writer.ts";
import type { CascadeCount } from "./cascade-metrics.ts";
import type { EarsTimes } from "./caller-ears.ts";
import type { Dialogue } from "./dialogue.ts";
import type { ListenerLine } from "./listener-line.ts";
import { AnswerTimes } from "./answer-times.ts";
import type { Writing, WritingTaker } from "./writing.ts";

const NO_USAGE: TokenUsage = { inputTokens: 0, outputTokens: 0 };

export interface AnswerDeps {
  readonly speech: SpeechStream;
  readonly writer: AnswerWriter;
  readonly dialogue: Dialogue;
  readonly line: ListenerLine;
  readonly clock: Clock;
  readonly rateHz: number;
  readonly apology: string;
  readonly unheard: string;
  readonly onCount: (what: CascadeCount) => void;
  readonly onTimes: (answer: Answer) => void;
  readonly onFailure: (failure: StageFailure, error: unknown) => void;
  readonly onBug: (error: unknown) => void;
  /** The answer is over: another may be asked. Before its end is told. */
  readonly onOver: () => void;
}

export interface AnswerNames {
  readonly responseId: string;
  readonly itemId: string;
}

export class Answer implements WritingTaker {
  readonly responseId: string;
  readonly itemId: string;
  readonly times: AnswerTimes;
  readonly #deps: AnswerDeps;
  readonly #request: ResponseRequest;
  #writing: Writing | null = null;
  /** Text that the stream did not take yet. */
  #waiting = "";
  #said: string[] = [];
  #isBegun = false;
  #isWritten = false;
  #isPushed = false;
  #isFinished = false;
  #hasAudio = false;
  #isOver = false;
  #failure: StageFailure | "" = "";
  #sentenceText = "";
  #usage = NO_USAGE;
  #status: ResponseStatus = "completed";

  constructor(deps: AnswerDeps, names: AnswerNames, request: ResponseRequest) {
    this.#deps = deps;
    this.#request = request;
    this.responseId = names.responseId;
    this.itemId = names.itemId;
    this.times = new AnswerTimes(deps.clock);
    const { responseId } = this;
    deps.line.later((listener) => listener.onResponseCreated(responseId, request.tag));
    deps.dialogue.addAnswer(this.itemId);
    // A line's end is a sentence's end for the stream: it is spoken before the rest is known.
    const { openingText = "" } = request;
    if (openingText !== "") this.onPart({ kind: "text", text: `${openingText}\n` });
  }

  /** Every turn before it is written down. lost: of the one that never will be, else null. */
  begin(lost: unknown, ears: EarsTimes): void {
    assert(!this.#isBegun, "answer: begun twice");
    this.#isBegun = true;
    this.times.noteEars(ears);
    const { dialogue, writer, onBug, unheard, onCount } = this.#deps;
    const { openingText = "" } = this.#request;
    const instructions = openingText === "" ? this.#request.instructions : "";
    if (lost !== null) this.#apologise("speech_to_text_failed", lost);
    else if (instructions !== "" || dialogue.isUnanswered()) {
      writer.write(instructions).then((begun) => this.#take(begun), onBug);
    } else if (openingText !== "") this.#finishText();
    else {
      onCount("turn_without_words");
      this.#say(unheard);
    }
  }

  isBegun(): boolean {
    return this.#isBegun;
  }

  /** Stops everything at once: nothing more of it is told but its end. */
  cancel(): void {
    this.#writing?.abort();
    this.#deps.speech.clear();
    this.#status = "cancelled";
    this.#end("client_cancelled");
  }

  // ---- the model's text -------------------------------------------------------------------

  onPart(part: Exclude<LanguageModelPart, { kind: "end" }>): boolean {
    if (this.#isOver) return false;
    if (part.kind === "tool_call") {
      const { call } = part;
      this.#deps.dialogue.addToolCall(this.itemId, call);
      this.#deps.line.later((listener) =>
        listener.onToolCall(this.responseId, call.id, call.name, call.argumentsText),
      );
      return true;
    }
    this.#waiting += part.text;
    return this.#push();
  }

  onEnd(part: Extract<LanguageModelPart, { kind: "end" }>): void {
    if (this.#isOver) return;
    this.#usage = { inputTokens: part.inputTokens, outputTokens: part.outputTokens };
    if (part.reason === "length" || part.reason === "filtered") this.#status = "incomplete";
    this.#finishText();
  }

  onFailed(error: unknown): void {
    if (this.#isOver) return;
    this.#apologise("language_model_failed", error);
  }

  // ---- the voice --------------------------------------------------------------------------

  onRoom(): void {
    if (this.#isOver || !this.#push()) return;
    if (this.#isWritten) this.#finishText();
    else this.#writing?.goOn();
  }

  onSentenceStarted(sentence: number, text: string): void {
    if (this.#isOver) return;
    this.#deps.dialogue.addSentence(this.itemId, sentence, text);
    this.#sentenceText = text;
    this.times.noteSentence(text);
  }

  onSpeech(audio: Int16Array, words: readonly SpokenWord[]): void {
    if (this.#isOver) return;
    const { line, dialogue, rateHz, onTimes } = this.#deps;
    const { responseId, itemId } = this;
    if (!this.#hasAudio) {
      this.#hasAudio = true;
      this.times.noteAudio();
      onTimes(this);
    }
    dialogue.addAudio(itemId, (audio.length * 1000) / rateHz, words);
    const bytes = new Uint8Array(audio.buffer, audio.byteOffset, audio.byteLength);
    line.now((listener) => listener.onAudio(responseId, itemId, 0, bytes, bytes.length));
    this.#tellSentence();
  }

  /** Its words are told although nobody can hear them: a screen may show them. */
  onSentenceFailed(text: string, error: unknown): void {
    if (this.#isOver) return;
    this.#deps.onCount("sentence_failed");
    if (this.#failure === "") {
      this.#failure = "text_to_speech_failed";
      this.#deps.onFailure("text_to_speech_failed", error);
    }
    this.#sentenceText = text;
    this.#tellSentence();
  }

  onFinished(): void {
    if (this.#isOver) return;
    this.#end(this.#failure);
  }

  // ---- inside -----------------------------------------------------------------------------

  #take(begun: WritingBegun): void {
    if (this.#isOver) {
      begun.writing.abort();
      return;
    }
    this.#writing = begun.writing;
    this.times.noteBegun(begun);
    begun.writing.take(this);
  }

  /** A fixed text. */
  #say(text: string): void {
    this.#waiting += text;
    this.#push();
    this.#finishText();
  }

  /** What there is of the answer is said, then that there will be no more. */
  #apologise(failure: StageFailure, error: unknown): void {
    this.#failure = failure;
    this.#deps.onCount(failure === "speech_to_text_failed" ? "turn_failed" : "answer_failed");
    this.#deps.onFailure(failure, error);
    const { apology } = this.#deps;
    // A line's end is a sentence's end for the stream, so a half sentence is not run on.
    this.#say(this.#isPushed && apology !== "" ? `\n${apology}` : apology);
  }

  /** -> true: everything was taken and there is room. */
  #push(): boolean {
    if (this.#waiting === "") return true;
    const text = this.#waiting;
    const result = this.#deps.speech.push(text);
    if (result !== SEND.DROPPED) {
      this.#isPushed = true;
      this.times.notePushed(text.length);
      this.#waiting = "";
    }
    if (result !== SEND.SENT) this.#deps.onCount("writer_waited");
    return result === SEND.SENT;
  }

  #finishText(): void {
    this.#isWritten = true;
    if (this.#waiting !== "" || this.#isFinished) return;
    this.#isFinished = true;
    if (this.#isPushed) this.#deps.speech.finish();
    else this.#end(this.#failure);
  }

  #tellSentence(): void {
    const text = this.#sentenceText;
    if (text === "") return;
    this.#sentenceText = "";
    const piece = this.#said.length === 0 ? text : ` ${text}`;
    this.#said.push(piece);
    const { responseId, itemId } = this;
    this.#deps.line.now((listener) => listener.onAgentTranscript(responseId, itemId, piece, false));
  }

  #end(errorCode: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    const { line, dialogue, onOver } = this.#deps;
    const { responseId, itemId } = this;
    const isCancelled = this.#status === "cancelled";
    const text = this.#said.join("");
    // Cancelled before a sound: the call does not know the item and cannot ask to forget it.
    if (isCancelled && !this.#hasAudio) dialogue.delete(itemId);
    if (!isCancelled && errorCode !== "") this.#status = this.#hasAudio ? "incomplete" : "failed";
    onOver();
    line.later((listener) => {
      if (this.#hasAudio) listener.onAudioDone(responseId, itemId);
      if (text !== "" && !isCancelled) listener.onAgentTranscript(responseId, itemId, text, true);
      listener.onResponseDone(responseId, this.#status, this.#usage, errorCode);
    });
  }
}
