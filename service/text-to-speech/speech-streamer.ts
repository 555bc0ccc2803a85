// One call's voice: takes the words of an answer as the model writes them and gives out audio in
// order, in chunks of 50 ms (S2-50..60). Stands between the cascade, which knows it as SpeechStream
// only, and an engine, which speaks one sentence at a time:
//
//   push() -> SpeechWriting -> written out -> engine -> RateChanger -> SpeechJoiner -> SpokenOutput
//
// One sentence is synthesised at a time; while its audio is given out and played, the next one is
// synthesised, as far ahead as a paused listener lets it. clear() drops all of this at once: the
// engine is told to stop, and whatever still comes of it finds that its run is not the current one.
import { assert } from "../assert.ts";
import type { Clock } from "../contract/clock.ts";
import type { Metrics } from "../contract/metrics.ts";
import type { SendResult } from "../contract/send-result.ts";
import type {
  Speech,
  SpeechChunk,
  SpeechPriority,
  SpeechStream,
  SpeechStreamListener,
  SpeechStreamRequest,
  SynthesisRequest,
  TextToSpeech,
} from "../contract/text-to-speech.ts";
import type { Kernels } from "../core/kernels.ts";
import { VoxError } from "../errors.ts";
import {
  SPEECH_CHUNK_MS,
  SPEECH_FIRST_CHUNK_MS,
  SPEECH_JOIN_MS,
  SPEECH_SENTENCE_MS_MAX,
} from "../limits.ts";
import { isSpeakable } from "../wire/sentence-marks.ts";
import { RateChanger } from "./rate-changer.ts";
import { SpeechJoiner } from "./speech-joiner.ts";
import { createSpeechMetrics, type SpeechMetrics } from "./speech-metrics.ts";
import { SpeechWriting, type WaitingSentence } from "./speech-writing.ts";
import { spokenText, ssmlOf } from "./spoken-text.ts";
import { SpokenOutput } from "./spoken-output.ts";

export interface SpeechSettings {
  /** 1.0 as the voice speaks. */
  readonly rate: number;
  readonly pitchSemitones: number;
  /** Sends SSML to an engine that takes it. */
  readonly isSsml: boolean;
  /** A shorter sentence is spoken together with the next one. */
  readonly sentenceCharsMin: number;
  /** A longer one is cut at a comma or a space. */
  readonly sentenceCharsMax: number;
}

/** S2-51. */
export const SPEECH_DEFAULTS: SpeechSettings = {
  rate: 1,
  pitchSemitones: 0,
  isSsml: false,
  sentenceCharsMin: 2,
  sentenceCharsMax: 240,
};

export interface SpeechDeps {
  readonly engine: TextToSpeech;
  readonly kernels: Kernels;
  readonly clock: Clock;
  readonly metrics: Metrics;
}

/** Speech with one engine, which may be a chain of several; close() closes it too. */
export function createSpeech(settings: SpeechSettings, deps: SpeechDeps): Speech {
  const metrics = createSpeechMetrics(deps.metrics);
  return {
    name: deps.engine.name,
    open: (request, listener) => new SpeechStreamer(request, listener, { settings, deps, metrics }),
    close: () => deps.engine.close(),
  };
}

interface SpeechParts {
  readonly settings: SpeechSettings;
  readonly deps: SpeechDeps;
  readonly metrics: SpeechMetrics;
}

class SpeechStreamer implements SpeechStream {
  readonly #parts: SpeechParts;
  readonly #request: SpeechStreamRequest;
  readonly #listener: SpeechStreamListener;
  readonly #writing: SpeechWriting;
  readonly #changer: RateChanger;
  readonly #joiner: SpeechJoiner;
  readonly #output: SpokenOutput;
  #voice: string;
  /** Speaks what waits; null when nothing does, or after clear(). */
  #run: AbortController | null = null;
  #sentence = 0;
  #isSpeaking = false;
  #isClosed = false;

  constructor(request: SpeechStreamRequest, listener: SpeechStreamListener, parts: SpeechParts) {
    const { rateHz, language, voice } = request;
    const { sentenceCharsMin, sentenceCharsMax } = parts.settings;
    this.#parts = parts;
    this.#request = request;
    this.#listener = listener;
    this.#voice = voice;
    this.#writing = new SpeechWriting(
      { language, charsMin: sentenceCharsMin, charsMax: sentenceCharsMax },
      parts.metrics,
    );
    this.#changer = new RateChanger(parts.deps.kernels, rateHz);
    this.#output = new SpokenOutput(listener, rateHz);
    this.#joiner = new SpeechJoiner({
      chunkSamples: (rateHz * SPEECH_CHUNK_MS) / 1_000,
      fadeSamples: (rateHz * SPEECH_JOIN_MS) / 1_000,
      firstSamples: (rateHz * SPEECH_FIRST_CHUNK_MS) / 1_000,
      give: (audio) => this.#output.give(audio),
    });
  }

  push(text: string): SendResult {
    assert(!this.#isClosed, "push to a closed voice");
    const result = this.#writing.push(text);
    this.#wake();
    return result;
  }

  interject(text: string, priority: SpeechPriority = "urgent"): SendResult {
    assert(!this.#isClosed, "interjection to a closed voice");
    const result = this.#writing.interject(text, priority);
    this.#wake();
    return result;
  }

  finish(): void {
    assert(!this.#isClosed, "finish of a closed voice");
    this.#writing.finish();
    this.#wake();
  }

  clear(): void {
    const count = this.#writing.clear() + (this.#isSpeaking ? 1 : 0);
    this.#parts.metrics.sentences.cleared.add(count);
    this.#run?.abort();
    this.#run = null;
    this.#isSpeaking = false;
    this.#changer.end();
    this.#joiner.clear();
    this.#output.clear();
  }

  pause(): void {
    this.#output.pause();
  }

  resume(): void {
    this.#output.resume();
  }

  setVoice(voice: string): void {
    this.#voice = voice;
  }

  close(): void {
    if (this.#isClosed) return;
    this.clear();
    this.#isClosed = true;
    this.#output.close();
  }

  #wake(): void {
    if (this.#run !== null) return;
    const run = new AbortController();
    this.#run = run;
    void this.#speakAll(run);
  }

  /** Speaks until nothing waits, or until `run` is not the current one. */
  async #speakAll(run: AbortController): Promise<void> {
    // Listeners are not called from within push().
    await Promise.resolve();
    while (run === this.#run) {
      const next = this.#writing.take();
      this.#isSpeaking = next !== undefined;
      if (next === undefined) {
        this.#joiner.flush();
        this.#output.endSentence();
      }
      while (this.#writing.takeFinished()) this.#output.finish();
      if (this.#writing.takeRoomOwed()) this.#listener.onRoom();
      // Each of the two may have cleared or pushed.
      if (run !== this.#run) return;
      if (next !== undefined) await this.#speakOne(next, run);
      else if (!this.#writing.hasNext()) this.#run = null;
    }
  }

  async #speakOne(next: WaitingSentence, run: AbortController): Promise<void> {
    this.#sentence += 1;
    const sentence = this.#sentence;
    const { metrics } = this.#parts;
    try {
      await this.#synthesize(next, sentence, run);
      if (run !== this.#run) return;
      const isJoined = this.#writing.hasNext(next.answer);
      this.#joiner.endSentence(isJoined);
      if (!isJoined) this.#output.endSentence();
      metrics.sentences.spoken.add(1);
    } catch (error) {
      // What clear() stopped is nobody's failure.
      if (run !== this.#run) return;
      this.#joiner.breakOff();
      this.#output.fail(sentence, next.text, asError(error));
      metrics.sentences.failed.add(1);
    }
    this.#changer.end();
    next.answer.sentenceCount -= 1;
  }

  async #synthesize(next: WaitingSentence, sentence: number, run: AbortController): Promise<void> {
    const { deps, metrics } = this.#parts;
    const text = spokenText(next.text, this.#request.language);
    if (!isSpeakable(text)) return;
    const request = this.#requestFor(text);
    const askedMs = deps.clock.nowMs();
    let audioMs = 0;
    for await (const chunk of deps.engine.synthesize(request, run.signal)) {
      if (run !== this.#run) return;
      if (audioMs === 0) {
        metrics.firstAudioMs.observe(deps.clock.nowMs() - askedMs);
        this.#output.begin(sentence, next.text, next.priority);
      }
      audioMs += (chunk.audio.length * 1_000) / chunk.rateHz;
      if (audioMs > SPEECH_SENTENCE_MS_MAX) throw tooLong(deps.engine.name);
      this.#take(chunk);
      await this.#output.whenRoom();
      if (run !== this.#run) return;
    }
    if (audioMs === 0) throw noAudio(deps.engine.name);
  }

  #requestFor(text: string): SynthesisRequest {
    const { settings, deps } = this.#parts;
    const { hasSsml, hasRate, hasPitch } = deps.engine.support;
    const { rate, pitchSemitones } = settings;
    const isSsml = settings.isSsml && hasSsml;
    // What the engine has a setting for goes there, what it has not into the markup.
    const prosody = { rate: hasRate ? 1 : rate, pitchSemitones: hasPitch ? 0 : pitchSemitones };
    return {
      text: isSsml ? ssmlOf(text, prosody) : text,
      isSsml,
      voice: this.#voice,
      language: this.#request.language,
      rate,
      pitchSemitones,
    };
  }

  #take({ audio, rateHz, words }: SpeechChunk): void {
    this.#output.addWords(words);
    this.#changer.change(audio, rateHz, (changed) => this.#joiner.add(changed));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error("the engine threw what is no error");
}

function noAudio(provider: string): VoxError {
  const message = "Cannot speak: the engine gave no audio for a sentence";
  return new VoxError(message, { code: "engine_protocol", isRetryable: true, provider });
}

function tooLong(provider: string): VoxError {
  const message = `Cannot speak: a sentence is over ${SPEECH_SENTENCE_MS_MAX} ms, must be shorter`;
  return new VoxError(message, { code: "engine_protocol", isRetryable: false, provider });
}
