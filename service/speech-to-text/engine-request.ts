// The one question that a stream has at its engine: a newer one makes the older one void, and an
// engine that does not answer in time has failed.
// Station: between the window of an utterance and the engine.
import type { Clock, TimerHandle } from "../contract/clock.ts";
import type { SpeechToTextEngine, Transcript } from "../contract/speech-to-text.ts";
import { VoxError } from "../errors.ts";
import type { RequestKind, SpeechMetrics } from "./speech-metrics.ts";

/** Which piece of the utterance is asked for, in samples since its first. */
export interface Question {
  readonly kind: RequestKind;
  readonly from: number;
  readonly to: number;
}

export interface EngineRequestDeps {
  readonly engine: SpeechToTextEngine;
  readonly clock: Clock;
  readonly metrics: SpeechMetrics;
  readonly answerMsMax: number;
  readonly rateHz: number;
  onAnswer(question: Question, transcript: Transcript): void;
  onFailure(question: Question, error: Error): void;
}

interface Flight {
  readonly question: Question;
  readonly controller: AbortController;
  readonly timer: TimerHandle;
}

export class EngineRequest {
  readonly #deps: EngineRequestDeps;
  #flight: Flight | undefined;

  constructor(deps: EngineRequestDeps) {
    this.#deps = deps;
  }

  /** What is being asked now. */
  question(): Question | undefined {
    return this.#flight?.question;
  }

  /** Asks; an older question is void. Exactly one of onAnswer and onFailure follows, later. */
  ask(question: Question, audio: Int16Array, words: { language: string; prompt: string }): void {
    this.drop();
    const { engine, clock, rateHz, answerMsMax } = this.#deps;
    const controller = new AbortController();
    const timer = clock.setTimer(answerMsMax, () => {
      const message = `Cannot transcribe: no answer in ${answerMsMax} ms`;
      this.#fail(flight, new VoxError(message, { code: "engine_timeout", isRetryable: true }));
      controller.abort();
    });
    const flight: Flight = { question, controller, timer };
    this.#flight = flight;
    engine.transcribe(audio, { rateHz, ...words }, controller.signal).then(
      (transcript) => {
        if (this.#settle(flight, "answered")) this.#deps.onAnswer(question, transcript);
      },
      (error: unknown) => this.#fail(flight, failureOf(error)),
    );
  }

  /** The question is void. */
  drop(): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    this.#settle(flight, "void");
    flight.controller.abort();
  }

  #fail(flight: Flight, error: Error): void {
    if (this.#settle(flight, "failed")) this.#deps.onFailure(flight.question, error);
  }

  /** False when the question is not the current one any more. */
  #settle(flight: Flight, result: "answered" | "failed" | "void"): boolean {
    if (this.#flight !== flight) return false;
    this.#flight = undefined;
    this.#deps.clock.clearTimer(flight.timer);
    this.#deps.metrics.countRequest(flight.question.kind, result);
    return true;
  }
}

function failureOf(cause: unknown): Error {
  if (cause instanceof VoxError) return cause;
  const message = "Cannot transcribe: the engine failed";
  return new VoxError(message, { code: "engine_unavailable", isRetryable: true, cause });
}
