// Speech to text over a Realtime session: audio goes out as it is spoken (S3-05), finish() commits it,
// the server writes it down. The session is an Upstream, known by its contract only, so that socket,
// echo check, reconnection and limits are those of every realtime upstream; no response is ever asked.
// Station: beside the streamer; the cascade sees no difference.
// Limits: EARLY_MS while the session is not ready; PARTS_MAX commits of an utterance; answerMsMax for
// the final. 24 kHz only, as the protocol's PCM is; no word times, no confidence.
import { assert } from "../assert.ts";
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  SpeechToText,
  SpeechToTextListener,
  SpeechToTextRequest,
  SpeechToTextStream,
  Transcript,
} from "../contract/speech-to-text.ts";
import type { Upstream, UpstreamClosure, UpstreamFactory } from "../contract/upstream.ts";
import { type ProviderFailureCode, VoxError } from "../errors.ts";
import { COMMIT_MS_MIN } from "../limits.ts";
import { languageFor } from "./language-choice.ts";
import { DEAF, TRANSCRIPTION_RATE_HZ, transcriptionSession } from "./transcription-session.ts";
import { transcriptionSupport } from "./transcription-support.ts";

export interface RealtimeTranscriptionSettings {
  /** The model that writes down, e.g. "gpt-transcribe". */
  readonly model: string;
  /** ISO 639-1; empty: any. */
  readonly languages: readonly string[];
  /** From finish() to the final. */
  readonly answerMsMax: number;
}

export interface RealtimeTranscriptionDeps {
  /** Makes sessions; a steady one reconnects by itself. */
  readonly factory: UpstreamFactory;
  readonly clock: Clock;
}

const BYTES_PER_MS = (TRANSCRIPTION_RATE_HZ / 1000) * 2;
const EARLY_MS = 5_000;
const PARTS_MAX = 1_000;

/** One session for each stream; close() has nothing of its own to free. */
export function createRealtimeTranscription(
  settings: RealtimeTranscriptionSettings,
  deps: RealtimeTranscriptionDeps,
): SpeechToText {
  assert(settings.model !== "", "a transcription needs a model");
  const name = `realtime:${settings.model}`;
  const support = transcriptionSupport(settings.languages);
  return {
    name,
    support,
    open(request, listener) {
      const language = languageFor(name, support, request.language);
      if (request.rateHz !== TRANSCRIPTION_RATE_HZ) {
        const message = `Cannot transcribe: rate is ${request.rateHz} Hz, must be ${TRANSCRIPTION_RATE_HZ} Hz`;
        throw failure("engine_refused", message);
      }
      return new RealtimeStream(settings, deps, { ...request, language }, listener);
    },
    close: () => undefined,
  };
}

/** What was committed at once; undefined text: not written down yet. */
interface Part {
  itemId: string;
  text: string | undefined;
}

class RealtimeStream implements SpeechToTextStream {
  readonly #settings: RealtimeTranscriptionSettings;
  readonly #deps: RealtimeTranscriptionDeps;
  readonly #open: SpeechToTextRequest;
  readonly #listener: SpeechToTextListener;
  #upstream: Upstream | undefined;
  #state: "idle" | "listening" | "finishing" | "told" = "idle";
  #utterance = -1;
  /** Of this utterance, in order; `#commits` also has those that nobody waits for any more. */
  #parts: Part[] = [];
  readonly #commits: Part[] = [];
  #early: Uint8Array[] = [];
  #earlyBytes = 0;
  #isCommitEarly = false;
  /** Since the last commit, and since the utterance began. */
  #bytes = 0;
  #utteranceBytes = 0;
  #timer: TimerHandle | undefined;

  constructor(
    settings: RealtimeTranscriptionSettings,
    deps: RealtimeTranscriptionDeps,
    open: SpeechToTextRequest,
    listener: SpeechToTextListener,
  ) {
    this.#settings = settings;
    this.#deps = deps;
    this.#open = open;
    this.#listener = listener;
    this.#connect();
  }

  begin(utterance: number): void {
    assert(utterance > this.#utterance, "utterances are counted upwards");
    this.#forget();
    this.#utterance = utterance;
    this.#state = "listening";
    if (this.#upstream === undefined) this.#connect();
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    assert((end - start) % 2 === 0, "a stream takes whole samples");
    if (this.#state === "idle" || this.#upstream === undefined) return SEND.DROPPED;
    if (!this.#upstream.isReady()) return this.#keepEarly(source.slice(start, end));
    const sent = this.#upstream.append(source, start, end);
    if (sent === SEND.DROPPED) return sent;
    this.#bytes += end - start;
    this.#utteranceBytes += end - start;
    return sent;
  }

  finish(): void {
    if (this.#state !== "listening") return;
    this.#state = "finishing";
    const { answerMsMax } = this.#settings;
    const message = `Cannot transcribe: no answer in ${answerMsMax} ms`;
    this.#timer = this.#deps.clock.setTimer(answerMsMax, () =>
      this.#fail(failure("engine_timeout", message)),
    );
    this.#commit();
    queueMicrotask(() => this.#tellFinalIfWhole());
  }

  resume(): void {
    if (this.#state !== "finishing" && this.#state !== "told") return;
    this.#stopTimer();
    this.#state = "listening";
  }

  cancel(): void {
    this.#forget();
  }

  close(): void {
    this.#forget();
    this.#upstream?.close();
    this.#upstream = undefined;
  }

  #forget(): void {
    this.#stopTimer();
    if (this.#bytes > 0) this.#upstream?.clearInput();
    this.#state = "idle";
    this.#parts = [];
    this.#early = [];
    this.#earlyBytes = 0;
    this.#isCommitEarly = false;
    this.#bytes = 0;
    this.#utteranceBytes = 0;
  }

  // ---- the session ------------------------------------------------------------------------

  #connect(): void {
    const session = transcriptionSession(this.#settings.model);
    const upstream = this.#deps.factory(session, {
      ...DEAF,
      onReady: () => this.#sendEarly(),
      onCommitted: (itemId) => this.#onCommitted(itemId),
      onCallerTranscript: (itemId, text) => this.#onTranscript(itemId, text),
      onError: (code) => this.#onError(code),
      onClosed: (closure) => this.#onClosed(closure),
      onLost: (closure) => this.#onLost(closure),
    });
    this.#upstream = upstream;
    upstream.open();
  }

  #keepEarly(audio: Uint8Array): SendResult {
    if (this.#earlyBytes + audio.length > EARLY_MS * BYTES_PER_MS) return SEND.DROPPED;
    this.#early.push(audio);
    this.#earlyBytes += audio.length;
    return SEND.BUFFERED;
  }

  #sendEarly(): void {
    for (const audio of this.#early) this.append(audio, 0, audio.length);
    this.#early = [];
    this.#earlyBytes = 0;
    if (this.#isCommitEarly) this.#commit();
  }

  /** The server refuses to commit less than COMMIT_MS_MIN: silence is added. */
  #commit(): void {
    const upstream = this.#upstream;
    this.#isCommitEarly = upstream?.isReady() === false && this.#earlyBytes > 0;
    if (upstream === undefined || !upstream.isReady() || this.#bytes === 0) return;
    const missing = COMMIT_MS_MIN * BYTES_PER_MS - this.#bytes;
    if (missing > 0) upstream.append(new Uint8Array(missing), 0, missing);
    this.#bytes = 0;
    if (this.#parts.length >= PARTS_MAX || upstream.commit() === SEND.DROPPED) {
      this.#fail(failure("engine_unavailable", "Cannot transcribe: the session takes no more"));
      return;
    }
    const part: Part = { itemId: "", text: undefined };
    this.#parts.push(part);
    this.#commits.push(part);
  }

  #onCommitted(itemId: string): void {
    const part = this.#commits.find((commit) => commit.itemId === "");
    if (part !== undefined) part.itemId = itemId;
  }

  #onTranscript(itemId: string, text: string): void {
    const index = this.#commits.findIndex((commit) => commit.itemId === itemId);
    const part = this.#commits[index];
    if (part === undefined) return;
    this.#commits.splice(index, 1);
    part.text = text.trim();
    // The session's own memory of it is of no use, and would grow with the call.
    this.#upstream?.deleteItem(itemId);
    if (this.#state === "listening" && this.#isWhole()) {
      this.#listener.onPartial(this.#utterance, this.#transcript());
    }
    this.#tellFinalIfWhole();
  }

  #onError(code: string): void {
    if (!code.startsWith("input_audio")) return;
    // Nothing will come for it.
    const refused = this.#commits.findIndex((commit) => commit.itemId === "");
    if (code === "input_audio_buffer_commit_empty" && refused >= 0)
      this.#commits.splice(refused, 1);
    const message = `Cannot transcribe: the session answers ${code}`;
    this.#fail(failure("engine_unavailable", message));
  }

  #onLost(closure: UpstreamClosure): void {
    this.#commits.length = 0;
    this.#bytes = 0;
    this.#fail(failure("engine_unavailable", closure.message));
  }

  #onClosed(closure: UpstreamClosure): void {
    this.#upstream = undefined;
    this.#onLost(closure);
  }

  #isWhole(): boolean {
    return !this.#isCommitEarly && this.#parts.every(({ text }) => text !== undefined);
  }

  #tellFinalIfWhole(): void {
    if (this.#state !== "finishing" || !this.#isWhole()) return;
    this.#stopTimer();
    this.#state = "told";
    this.#listener.onFinal(this.#utterance, this.#transcript());
  }

  #fail(error: Error): void {
    if (this.#state !== "finishing") return;
    this.#stopTimer();
    this.#state = "told";
    // A part that is never written down would keep every later final away.
    this.#parts = this.#parts.filter(({ text }) => text !== undefined);
    this.#listener.onFailed(this.#utterance, error);
  }

  #transcript(): Transcript {
    const texts = this.#parts.map((part) => part.text ?? "").filter((part) => part !== "");
    return {
      text: texts.join(" "),
      confidence: 1,
      startMs: 0,
      endMs: this.#utteranceBytes / BYTES_PER_MS,
      language: this.#open.language,
      words: [],
    };
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) this.#deps.clock.clearTimer(this.#timer);
    this.#timer = undefined;
  }
}

function failure(code: ProviderFailureCode, message: string): VoxError {
  return new VoxError(message, { code, isRetryable: code !== "engine_refused" });
}
