// The caller's side of the cascade: from appended bytes to the words of a turn.
// Station: between the upstream's commands and SpeechToTextStreams. A turn is one utterance; in the
// silence that may end it its words are asked for, and taken back when the caller goes on (D-28).
//
//            append            hint: maybe over         final
//   silent ---------> hearing -----------------> asked -------> written --commit--> told
//                        ^------ hint: goes on ----+---------------+
//
// A commit in any state ends the turn; it is told when its final is there. Turns are told in the
// order of their commits. A caller may speak on while an earlier turn still waits for its words, so
// a call has as many streams as turns are under way: nearly always one.
// Limits: TURNS_MAX turns wait for their words, each at most transcriptMsMax.
import { assert } from "../assert.ts";
import type { Clock, TimerHandle } from "../contract/clock.ts";
import type { SendResult } from "../contract/send-result.ts";
import type {
  SpeechToText,
  SpeechToTextListener,
  SpeechToTextStream,
  Transcript,
} from "../contract/speech-to-text.ts";
import { VoxError } from "../errors.ts";

const TURNS_MAX = 4;

export interface HeardText {
  readonly text: string;
  /** 1 when the engine does not say. */
  readonly confidence: number;
  readonly language: string;
}

export interface EarsTimes {
  /** From the first audio of the turn to its first words, -1 for none before the final. */
  readonly firstPartialMs: number;
  /** From the moment the end was asked for to the final, -1 when there was none. */
  readonly finalMs: number;
}

/** Direct calls; onTurn and onTurnFailed may come from within commit. */
export interface EarsListener {
  /** All heard so far of the running turn; it may still change. */
  onPartial(heard: HeardText): void;
  /** The turn would be this if it were over now. */
  onTentative(heard: HeardText): void;
  /** The turn of that commit. */
  onTurn(itemId: string, heard: HeardText, times: EarsTimes): void;
  onTurnFailed(itemId: string, error: unknown): void;
}

export interface EarsDeps {
  readonly speechToText: SpeechToText;
  readonly clock: Clock;
  readonly rateHz: number;
  readonly language: string;
  readonly transcriptMsMax: number;
  readonly listener: EarsListener;
}

/** One stream, with the turn that it hears; null: free for the next one. */
interface Ear {
  readonly stream: SpeechToTextStream;
  turn: Turn | null;
}

interface Turn {
  readonly ear: Ear;
  state: "hearing" | "asked" | "written";
  /** Told before the final, which repeats them. */
  readonly sentences: Transcript[];
  final: Transcript | null;
  error: unknown;
  itemId: string;
  timer: TimerHandle | null;
  readonly begunMs: number;
  firstPartialMs: number;
  askedMs: number;
  finalMs: number;
}

export class CallerEars {
  readonly #deps: EarsDeps;
  readonly #ears: Ear[] = [];
  /** Committed turns without their words, oldest first. */
  readonly #waiting: Turn[] = [];
  #turn: Turn | null = null;
  #utteranceLast = 0;
  #turnBytes = 0;

  /** Opens the first stream, so that its engine is connected before the caller speaks (S3-04). */
  constructor(deps: EarsDeps) {
    this.#deps = deps;
    this.#openEar();
  }

  /** Bytes appended since the last commit or clear. */
  turnBytes(): number {
    return this.#turnBytes;
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    this.#turnBytes += end - start;
    this.#turn ??= this.#begin();
    return this.#turn.ear.stream.append(source, start, end);
  }

  /** The caller may be done, or goes on. */
  hint(isMaybe: boolean): void {
    const turn = this.#turn;
    if (turn === null) return;
    if (isMaybe && turn.state === "hearing") this.#ask(turn);
    else if (!isMaybe && turn.state !== "hearing") {
      turn.state = "hearing";
      turn.final = null;
      turn.error = null;
      turn.sentences.length = 0;
      turn.ear.stream.resume();
    }
  }

  /** The turn is over; its words are told under this id. */
  commit(itemId: string): void {
    const turn = this.#turn ?? this.#begin();
    if (turn.state === "hearing") this.#ask(turn);
    turn.itemId = itemId;
    turn.timer = this.#deps.clock.setTimer(this.#deps.transcriptMsMax, () => this.#giveUp(turn));
    this.#waiting.push(turn);
    this.#turn = null;
    this.#turnBytes = 0;
    // An engine that hangs while the caller goes on talking: the oldest is given up.
    const oldest = this.#waiting[0];
    if (this.#waiting.length > TURNS_MAX && oldest !== undefined) this.#giveUp(oldest);
    this.#tellReady();
  }

  /** What was appended and not committed is nothing. */
  clear(): void {
    const turn = this.#turn;
    this.#turn = null;
    this.#turnBytes = 0;
    if (turn !== null) this.#free(turn);
  }

  close(): void {
    this.clear();
    for (const turn of this.#waiting.splice(0)) this.#free(turn);
    for (const { stream } of this.#ears.splice(0)) stream.close();
  }

  #begin(): Turn {
    const ear = this.#ears.find(({ turn }) => turn === null) ?? this.#openEar();
    const turn: Turn = {
      ear,
      state: "hearing",
      sentences: [],
      final: null,
      error: null,
      itemId: "",
      timer: null,
      begunMs: this.#deps.clock.nowMs(),
      firstPartialMs: -1,
      askedMs: 0,
      finalMs: -1,
    };
    ear.turn = turn;
    this.#utteranceLast += 1;
    ear.stream.begin(this.#utteranceLast);
    return turn;
  }

  #openEar(): Ear {
    assert(this.#ears.length <= TURNS_MAX, "ears: a stream for each turn that may wait, and one");
    const { speechToText, rateHz, language } = this.#deps;
    const listener: SpeechToTextListener = {
      onPartial: (_utterance, transcript) => this.#onWords(ear.turn, transcript),
      onSentence: (_utterance, transcript) => {
        ear.turn?.sentences.push(transcript);
        this.#onWords(ear.turn, null);
      },
      onFinal: (_utterance, transcript) => this.#onWritten(ear.turn, transcript, null),
      onFailed: (_utterance, error) => this.#onWritten(ear.turn, null, error),
    };
    const ear: Ear = { stream: speechToText.open({ rateHz, language }, listener), turn: null };
    this.#ears.push(ear);
    return ear;
  }

  #ask(turn: Turn): void {
    turn.state = "asked";
    turn.askedMs = this.#deps.clock.nowMs();
    turn.ear.stream.finish();
  }

  #onWords(turn: Turn | null, partial: Transcript | null): void {
    if (turn === null || turn !== this.#turn) return;
    if (turn.firstPartialMs < 0) turn.firstPartialMs = this.#deps.clock.nowMs() - turn.begunMs;
    const heard = partial === null ? turn.sentences : [...turn.sentences, partial];
    this.#deps.listener.onPartial(heardOf(heard));
  }

  /** A final, or why there is none. */
  #onWritten(turn: Turn | null, final: Transcript | null, error: unknown): void {
    if (turn?.state !== "asked") return;
    turn.state = "written";
    turn.final = final;
    turn.error = error;
    turn.finalMs = this.#deps.clock.nowMs() - turn.askedMs;
    if (turn !== this.#turn) this.#tellReady();
    else if (final !== null) this.#deps.listener.onTentative(heardOf([final]));
  }

  #tellReady(): void {
    for (let turn = this.#waiting[0]; turn?.state === "written"; turn = this.#waiting[0]) {
      this.#waiting.shift();
      this.#free(turn);
      const { itemId, final, error, firstPartialMs, finalMs } = turn;
      const { listener } = this.#deps;
      if (final === null) listener.onTurnFailed(itemId, error);
      else listener.onTurn(itemId, heardOf([final]), { firstPartialMs, finalMs });
    }
  }

  #giveUp(turn: Turn): void {
    const { transcriptMsMax, speechToText } = this.#deps;
    turn.state = "written";
    turn.error = new VoxError(
      `Cannot write down a turn: its words did not come within ${transcriptMsMax} ms`,
      { code: "engine_timeout", isRetryable: true, provider: speechToText.name },
    );
    this.#tellReady();
  }

  #free(turn: Turn): void {
    if (turn.timer !== null) this.#deps.clock.clearTimer(turn.timer);
    turn.timer = null;
    turn.ear.turn = null;
    turn.ear.stream.cancel();
  }
}

function heardOf(transcripts: readonly Transcript[]): HeardText {
  return {
    text: transcripts
      .map(({ text }) => text.trim())
      .filter((text) => text !== "")
      .join(" "),
    confidence: Math.min(1, ...transcripts.map(({ confidence }) => confidence)),
    language: transcripts.at(-1)?.language ?? "",
  };
}
