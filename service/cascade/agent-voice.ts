// The agent's side of the cascade: which answer is being given, from which words, in which voice.
// Station: hears the turns' words from caller-ears, is asked for answers by the upstream's
// commands, owns the speech stream. One answer at a time; it begins when every word said before it
// is known.
import { assert } from "../assert.ts";
import type { SpeechStream, SpeechStreamListener } from "../contract/text-to-speech.ts";
import type { ResponseRequest, StageFailure, UpstreamSession } from "../contract/upstream.ts";
import { Answer } from "./answer.ts";
import { AnswerWriter } from "./answer-writer.ts";
import type { EarsListener, EarsTimes, HeardText } from "./caller-ears.ts";
import type { CascadeCount, CascadeMetrics } from "./cascade-metrics.ts";
import type { CascadeDeps } from "./cascade-settings.ts";
import type { Dialogue } from "./dialogue.ts";
import type { ListenerLine } from "./listener-line.ts";
import { Retrieval } from "./retrieval.ts";
import { TextLine } from "./text-line.ts";

const NO_TIMES: EarsTimes = { firstPartialMs: -1, finalMs: -1 };

export interface AgentVoiceDeps {
  readonly cascade: CascadeDeps;
  readonly metrics: CascadeMetrics;
  readonly line: ListenerLine;
  readonly dialogue: Dialogue;
  readonly rateHz: number;
  readonly session: () => UpstreamSession;
  readonly nextId: (what: string) => string;
  readonly onBug: (error: unknown) => void;
}

export class AgentVoice implements EarsListener {
  readonly #deps: AgentVoiceDeps;
  readonly #writer: AnswerWriter;
  readonly #retrieval: Retrieval;
  #speech: SpeechStream | null = null;
  #answer: Answer | null = null;
  /** Committed turns whose words are not in the dialogue yet. */
  #turnsOpen = 0;
  /** Why the newest turn has no words; null when it has, or when it was apologised for. */
  #lost: unknown = null;
  #times = NO_TIMES;

  constructor(deps: AgentVoiceDeps) {
    this.#deps = deps;
    const { cascade, dialogue, session, onBug } = deps;
    const { engines, settings, clock } = cascade;
    const onCount = (what: CascadeCount) => deps.metrics.count(what);
    this.#retrieval = new Retrieval({
      retriever: engines.retriever,
      clock,
      isPrefetched: settings.isPrefetched,
      confidenceMin: settings.confidenceMin,
      onCount: (what) => onCount(`retrieval_${what}`),
    });
    this.#writer = new AnswerWriter({
      languageModel: engines.languageModel,
      outputTokensMax: settings.outputTokensMax,
      dialogue,
      line: new TextLine({
        stages: engines.textStages,
        clock,
        onSkipped: () => onCount("text_stage_skipped"),
      }),
      retrieval: this.#retrieval,
      clock,
      session,
      onCount,
      onBug,
    });
  }

  open(): void {
    const { cascade, rateHz, session } = this.#deps;
    const { language } = cascade.settings;
    const { voice } = session();
    this.#speech = cascade.engines.speech.open({ rateHz, voice, language }, this.#heard());
  }

  /** A turn was committed: its place in the dialogue, before its words. */
  addTurn(itemId: string): void {
    this.#deps.dialogue.addTurn(itemId);
    this.#turnsOpen += 1;
  }

  /** -> false: another answer is being given. */
  respond(request: ResponseRequest): boolean {
    const speech = this.#speech;
    if (this.#answer !== null || speech === null) return false;
    this.#answer = this.#makeAnswer(speech, request);
    this.#beginAnswer();
    return true;
  }

  /** "": whatever is active. -> false: there is no such answer. */
  cancel(responseId: string): boolean {
    const answer = this.#answer;
    if (answer === null || (responseId !== "" && responseId !== answer.responseId)) return false;
    answer.cancel();
    return true;
  }

  dropDraft(): void {
    this.#writer.dropDraft();
  }

  setVoice(voice: string): void {
    this.#speech?.setVoice(voice);
  }

  pause(): void {
    this.#speech?.pause();
  }

  resume(): void {
    this.#speech?.resume();
  }

  close(): void {
    this.#answer?.cancel();
    this.#answer = null;
    this.#writer.close();
    this.#speech?.close();
    this.#speech = null;
  }

  // ---- the caller's words -----------------------------------------------------------------

  onPartial({ text, confidence }: HeardText): void {
    this.#retrieval.onPartial(text, confidence);
  }

  onTentative(heard: HeardText): void {
    // While the agent answers, what is said now is not its next question yet.
    const { isOverlapped } = this.#deps.cascade.settings;
    if (isOverlapped && this.#answer === null) this.#writer.draft(heard);
  }

  onTurn(itemId: string, heard: HeardText, times: EarsTimes): void {
    const { metrics, line, onBug } = this.#deps;
    metrics.count("turn_heard");
    this.#lost = null;
    this.#times = times;
    if (heard.text === "") {
      this.#settleTurn(itemId, "");
      return;
    }
    line.later((listener) => listener.onCallerTranscript(itemId, heard.text));
    const settle = (text: string) => this.#settleTurn(itemId, text);
    this.#writer.passText(heard).then(settle).catch(onBug);
  }

  onTurnFailed(itemId: string, error: unknown): void {
    this.#lost = error;
    this.#settleTurn(itemId, "");
  }

  #settleTurn(itemId: string, text: string): void {
    if (this.#speech === null) return;
    assert(this.#turnsOpen > 0, "cascade: a turn is settled once");
    this.#turnsOpen -= 1;
    const { dialogue } = this.#deps;
    if (text === "") dialogue.delete(itemId);
    else dialogue.setTurnText(itemId, text);
    this.#beginAnswer();
  }

  // ---- the answer -------------------------------------------------------------------------

  #beginAnswer(): void {
    const answer = this.#answer;
    if (answer === null || answer.isBegun() || this.#turnsOpen > 0) return;
    const lost = this.#lost;
    const times = this.#times;
    this.#lost = null;
    this.#times = NO_TIMES;
    answer.begin(lost, times);
  }

  #makeAnswer(speech: SpeechStream, request: ResponseRequest): Answer {
    const { cascade, metrics, line, dialogue, rateHz, nextId, onBug } = this.#deps;
    const { apology, unheard } = cascade.settings;
    const names = { responseId: nextId("resp"), itemId: nextId("item") };
    const deps = {
      speech,
      writer: this.#writer,
      dialogue,
      line,
      clock: cascade.clock,
      rateHz,
      apology,
      unheard,
      onCount: (what: CascadeCount) => metrics.count(what),
      onTimes: (answer: Answer) => this.#onTimes(answer),
      onFailure: (failure: StageFailure, error: unknown) => this.#onFailure(failure, error),
      onBug,
      onOver: () => {
        this.#answer = null;
      },
    };
    return new Answer(deps, names, request);
  }

  #heard(): SpeechStreamListener {
    return {
      onSentenceStarted: (sentence, text) => this.#answer?.onSentenceStarted(sentence, text),
      onSpeech: (_sentence, audio, words) => this.#answer?.onSpeech(audio, words),
      onSentenceEnded: () => undefined,
      onSentenceFailed: (_sentence, text, error) => this.#answer?.onSentenceFailed(text, error),
      onRoom: () => this.#answer?.onRoom(),
      onFinished: () => this.#answer?.onFinished(),
    };
  }

  #onTimes({ responseId, times }: Answer): void {
    const stages = times.stages();
    this.#deps.metrics.observe(stages);
    this.#deps.line.now((listener) => listener.onStageLatency?.(responseId, stages));
  }

  #onFailure(failure: StageFailure, error: unknown): void {
    const { cascade, line } = this.#deps;
    const cause = error instanceof Error ? error : new Error(String(error));
    cascade.log?.warn("a stage of the cascade failed", { failure, error: cause });
    line.later((listener) => listener.onError(failure, FAILURE_TEXT[failure], ""));
  }
}

/** What the caller's side is told; which engine and why stands in the log. */
const FAILURE_TEXT: Readonly<Record<StageFailure, string>> = {
  speech_to_text_failed: "The caller's words could not be written down; the call goes on",
  language_model_failed: "The model did not answer; the call goes on",
  text_to_speech_failed: "The answer could not be spoken; its words are told, the call goes on",
};
