// A call's agent made of three engines: speech to text, a language model, text to speech.
// On the frame's way: takes the caller's bytes out of core memory, gives the agent's bytes back, as
// openai-realtime.ts does with one socket. It keeps the conversation that a Realtime server keeps:
// items, one response at a time, truncation, tools. Turns are the call's own (turn detection null).
//
//   append -> caller-ears --words--> agent-voice: answer-writer --text--> speech --> onAudio
//                                        ^-- dialogue: what was said and heard --^
//
// Source: architecture decisions 5 to 11; the error codes are those of the Realtime protocol that
// the conversation knows. Engines connect by themselves, so it is ready at once and never lost.
// Limits: one answer at a time; those of caller-ears.ts, dialogue.ts and the engines' streams.
import { assert } from "../assert.ts";
import { type Log, SILENT_LOG } from "../contract/log.ts";
import { NO_METRICS } from "../contract/metrics.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";
import type {
  ResponseRequest,
  Upstream,
  UpstreamClosure,
  UpstreamFactory,
  UpstreamListener,
  UpstreamSession,
} from "../contract/upstream.ts";
import { VoxError } from "../errors.ts";
import { COMMIT_MS_MIN } from "../limits.ts";
import { AgentVoice } from "./agent-voice.ts";
import { CallerEars } from "./caller-ears.ts";
import { type CascadeMetrics, createCascadeMetrics } from "./cascade-metrics.ts";
import type { CascadeDeps } from "./cascade-settings.ts";
import { Dialogue } from "./dialogue.ts";
import { ListenerLine } from "./listener-line.ts";

const CLOSED_BY_US: UpstreamClosure = {
  reason: "closed_by_us",
  isFatal: false,
  message: "The upstream was closed by us",
};
const SAMPLE_BYTES = 2;

/** Makes agents of these engines. */
export function createCascadeFactory(deps: CascadeDeps): UpstreamFactory {
  const metrics = createCascadeMetrics(deps.metrics ?? NO_METRICS);
  return (session, listener) => new CascadeUpstream(deps, metrics, session, listener);
}

type State = "idle" | "ready" | "closed";

class CascadeUpstream implements Upstream {
  readonly kind = "cascade";
  readonly model: string;
  readonly #deps: CascadeDeps;
  readonly #log: Log;
  readonly #line: ListenerLine;
  readonly #dialogue = new Dialogue();
  readonly #voice: AgentVoice;
  readonly #idPrefix: string;
  readonly #rateHz: number;
  #session: UpstreamSession;
  #state: State = "idle";
  #ears: CallerEars | null = null;
  #idLast = 0;

  constructor(
    deps: CascadeDeps,
    metrics: CascadeMetrics,
    session: UpstreamSession,
    listener: UpstreamListener,
  ) {
    const { encoding, rateHz } = session.format;
    assert(encoding === "pcm16", "the cascade's engines speak 16 bit PCM");
    assert(session.turnDetection === null, "the cascade leaves turns to the call");
    this.#deps = deps;
    this.#session = session;
    this.#rateHz = rateHz;
    this.#log = deps.log ?? SILENT_LOG;
    this.model = deps.engines.languageModel.name;
    this.#idPrefix = deps.random.hex(4);
    this.#line = new ListenerLine(listener);
    this.#voice = new AgentVoice({
      cascade: deps,
      metrics,
      line: this.#line,
      dialogue: this.#dialogue,
      rateHz,
      session: () => this.#session,
      nextId: (what) => this.#nextId(what),
      onBug: (error) => this.#onBug(error),
    });
  }

  open(): void {
    if (this.#state !== "idle") return;
    try {
      this.#openEngines();
    } catch (error) {
      // A language hint that the recogniser does not know: dialling again would not help.
      if (!(error instanceof VoxError)) throw error;
      this.#log.error("the cascade's engines refuse to open", { error });
      this.#finish({ reason: "refused", isFatal: true, message: error.message });
      return;
    }
    this.#state = "ready";
    this.#line.later((listener) => listener.onReady());
  }

  isReady(): boolean {
    return this.#state === "ready";
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    assert(start >= 0 && start <= end, "append takes a range that grows");
    assert(end <= source.length, "append reads within its source");
    return this.#ears?.append(source, start, end) ?? SEND.DROPPED;
  }

  hintTurnEnd(isMaybe: boolean): void {
    this.#ears?.hint(isMaybe);
    if (!isMaybe) this.#voice.dropDraft();
  }

  commit(): SendResult {
    if (this.#ears === null) return SEND.DROPPED;
    const bytesMin = (COMMIT_MS_MIN * this.#rateHz * SAMPLE_BYTES) / 1000;
    if (this.#ears.turnBytes() < bytesMin) {
      return this.#refuse("input_audio_buffer_commit_empty", "commit", "there is no audio");
    }
    const itemId = this.#nextId("item");
    this.#voice.addTurn(itemId);
    this.#line.later((listener) => listener.onCommitted(itemId));
    this.#ears.commit(itemId);
    return SEND.SENT;
  }

  clearInput(): SendResult {
    this.#voice.dropDraft();
    this.#ears?.clear();
    return this.#taken();
  }

  respond(request: ResponseRequest): SendResult {
    if (this.#state !== "ready") return SEND.DROPPED;
    if (this.#voice.respond(request)) return SEND.SENT;
    const code = "conversation_already_has_active_response";
    return this.#refuse(code, "respond", "another answer is being given");
  }

  cancel(responseId: string): SendResult {
    if (this.#voice.cancel(responseId)) return this.#taken();
    return this.#refuse("response_cancel_not_active", "cancel", "there is no such answer");
  }

  truncate(itemId: string, _contentIndex: number, audioEndMs: number): SendResult {
    if (this.#dialogue.cut(itemId, audioEndMs)) return this.#taken();
    return this.#refuse("item_truncate_invalid_item_id", "truncate", "there is no such item");
  }

  deleteItem(itemId: string): SendResult {
    if (this.#dialogue.delete(itemId)) return this.#taken();
    return this.#refuse("item_delete_invalid_item_id", "delete", "there is no such item");
  }

  createText(role: "user" | "system" | "assistant", text: string): SendResult {
    this.#dialogue.addText(role, text);
    return this.#taken();
  }

  submitToolOutput(toolCallId: string, output: string): SendResult {
    if (this.#dialogue.setToolOutput(toolCallId, output)) return this.#taken();
    return this.#refuse("invalid_tool_call_id", "tool", "there is no such tool call");
  }

  updateSession(change: Partial<UpstreamSession>): SendResult {
    const { turnDetection = null, voice } = change;
    if (turnDetection !== null) {
      return this.#refuse("invalid_value", "session", "only turn detection null is supported");
    }
    this.#session = { ...this.#session, ...change };
    if (voice !== undefined) this.#voice.setVoice(voice);
    return this.#taken();
  }

  pauseReading(): void {
    this.#voice.pause();
  }

  resumeReading(): void {
    this.#voice.resume();
  }

  close(): void {
    this.#finish(CLOSED_BY_US);
  }

  #openEngines(): void {
    const { engines, settings, clock } = this.#deps;
    const { language, transcriptMsMax } = settings;
    this.#ears = new CallerEars({
      speechToText: engines.speechToText,
      clock,
      rateHz: this.#rateHz,
      language,
      transcriptMsMax,
      listener: this.#voice,
    });
    this.#voice.open();
  }

  #onBug(error: unknown): void {
    const cause = error instanceof Error ? error : new Error(String(error));
    this.#log.error("the cascade failed by a bug of ours", { error: cause });
    this.#finish({ reason: "protocol", isFatal: true, message: "The cascade failed" });
  }

  #finish(closure: UpstreamClosure): void {
    if (this.#state === "closed") return;
    this.#state = "closed";
    this.#line.close((listener) => listener.onClosed(closure));
    this.#voice.close();
    this.#ears?.close();
    this.#ears = null;
  }

  #refuse(code: string, command: string, reason: string): SendResult {
    if (this.#state !== "ready") return SEND.DROPPED;
    const message = `Cannot ${command}: ${reason}`;
    const commandId = this.#nextId(command);
    this.#line.later((listener) => listener.onError(code, message, commandId));
    return SEND.SENT;
  }

  #taken(): SendResult {
    return this.#state === "ready" ? SEND.SENT : SEND.DROPPED;
  }

  /** `<what>-<session>-<count>`. */
  #nextId(what: string): string {
    this.#idLast += 1;
    return `${what}-${this.#idPrefix}-${this.#idLast}`;
  }
}
