// The agent's side of a call at audio level: the contract of an upstream over the provider's model.
// Caller audio is told frame by frame who it is; answers get their samples here.
import type { ProviderTurnDetection } from "../../../service/contract/upstream.ts";
import { SEND, type SendResult } from "../../../service/contract/send-result.ts";
import type {
  ResponseRequest,
  Upstream,
  UpstreamListener,
  UpstreamSession,
} from "../../../service/contract/upstream.ts";
import type { SimulatedTurns } from "../knobs.ts";
import type { ProviderEvents } from "../provider-model.ts";
import { asking } from "../provider-sink.ts";
import { answerAudio } from "./answers.ts";
import type { AudioWorld } from "./audio-world.ts";

const NO_USAGE = { inputTokens: 0, outputTokens: 0 };
/** The longest delta that the provider's model sends, in 16 bit samples at 24 kHz. */
const DELTA_BYTES_MAX = 48 * 20 * 64;

export class AudioUpstream implements Upstream, ProviderEvents {
  readonly kind = "simulator";
  readonly model = "simulated";
  readonly #world: AudioWorld;
  readonly #session: UpstreamSession;
  readonly #listener: UpstreamListener;
  readonly #audio = new Uint8Array(DELTA_BYTES_MAX);
  readonly #sentOfItem = new Map<string, number>();
  readonly #tagOfResponse = new Map<string, string>();
  #isReady = false;
  #isClosed = false;

  constructor(world: AudioWorld, session: UpstreamSession, listener: UpstreamListener) {
    this.#world = world;
    this.#session = session;
    this.#listener = listener;
  }

  // ---- commands of the service --------------------------------------------------------------

  open(): void {
    const { time, dice } = this.#world;
    time.atService(time.nowMs() + dice.between(50, 1_500), () => {
      if (this.#isClosed) return;
      this.#isReady = true;
      this.#listener.onReady();
    });
  }

  isReady(): boolean {
    return this.#isReady && !this.#isClosed;
  }

  append(source: Uint8Array, start: number, end: number): SendResult {
    if (!this.isReady()) return SEND.DROPPED;
    const frames = this.#world.capture.framesOf(source, start, end);
    this.#world.toProvider((provider) => provider.input.append(frames[0] ?? 0, frames.length));
    return SEND.SENT;
  }

  commit(): SendResult {
    this.#world.trace.note("commit");
    const { isCrossed, turns } = this.#world;
    const mayBeEmpty = isCrossed || turns === "hybrid";
    this.#world.toProvider((provider) => provider.input.commit(mayBeEmpty));
    return SEND.SENT;
  }

  clearInput(): SendResult {
    this.#world.trace.note("discard");
    this.#world.toProvider((provider) => provider.input.clear());
    return SEND.SENT;
  }

  respond({ tag }: ResponseRequest): SendResult {
    this.#world.trace.note("respond", Number(tag.split(":").at(-1)));
    this.#world.rules.onRequest(tag, Number(tag.split(":")[1]), false);
    this.#world.toProvider(asking(this.#world.provider, tag));
    return SEND.SENT;
  }

  cancel(responseId: string): SendResult {
    this.#world.trace.note("cancel", responseId.length);
    this.#world.rules.onCancel(this.#tagOf(responseId));
    this.#world.toProvider((provider) => provider.cancel(responseId));
    return SEND.SENT;
  }

  truncate(itemId: string, _contentIndex: number, audioEndMs: number): SendResult {
    this.#world.trace.note("truncate", audioEndMs);
    this.#world.line.cut(itemId, audioEndMs);
    this.#world.toProvider((provider) => provider.truncate(itemId, audioEndMs));
    return SEND.SENT;
  }

  deleteItem(itemId: string): SendResult {
    this.#world.trace.note("delete");
    this.#world.line.cut(itemId, 0);
    this.#world.toProvider((provider) => provider.deleteItem(itemId));
    return SEND.SENT;
  }

  createText(): SendResult {
    return SEND.SENT;
  }

  submitToolOutput(toolCallId: string): SendResult {
    this.#world.toProvider((provider) => provider.tools.submit(toolCallId));
    return SEND.SENT;
  }

  updateSession(change: Partial<UpstreamSession>): SendResult {
    const { turnDetection } = change;
    if (turnDetection === undefined) return SEND.SENT;
    const turns = this.#world.turnsWanted(turnsOf(turnDetection));
    this.#world.toProvider((provider) => provider.input.setTurns(turns));
    return SEND.SENT;
  }

  pauseReading(): void {
    this.#world.rules.fail("no answer of a simulated call fills the queue");
  }

  resumeReading(): void {
    // Never paused.
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    const closure = { reason: "closed_by_us", isFatal: true, message: "closed" } as const;
    const { time } = this.#world;
    time.atService(time.nowMs(), () => this.#listener.onClosed(closure));
  }

  // ---- events of the provider ---------------------------------------------------------------

  onCommitted(itemId: string): void {
    this.#listener.onCommitted(itemId);
  }

  onSpeechStarted(positionMs: number): void {
    this.#listener.onSpeechStarted(positionMs, "");
  }

  onSpeechStopped(positionMs: number, itemId: string): void {
    this.#listener.onSpeechStopped(positionMs, itemId);
  }

  onCreated(responseId: string, tag: string): void {
    this.#tagOfResponse.set(responseId, tag);
    this.#world.trace.note("created", responseId.length);
    this.#world.rules.onCreated(responseId, tag);
    this.#listener.onResponseCreated(responseId, tag);
  }

  onAudio(responseId: string, itemId: string, samples: number): void {
    const position = this.#sentOfItem.get(itemId) ?? 0;
    this.#sentOfItem.set(itemId, position + samples);
    const byteCount = answerAudio(this.#audio, itemId, position, samples, this.#session.format);
    this.#world.line.onDelta(responseId, itemId, this.#tagOf(responseId));
    this.#listener.onAudio(responseId, itemId, 0, this.#audio, byteCount);
  }

  onAudioDone(responseId: string, itemId: string): void {
    this.#listener.onAudioDone(responseId, itemId);
  }

  onToolCall(responseId: string, toolCallId: string): void {
    this.#listener.onToolCall(responseId, toolCallId, "weather", "{}");
  }

  onDone(responseId: string, status: "completed" | "cancelled" | "failed"): void {
    const tag = this.#tagOf(responseId);
    this.#world.trace.note("done", responseId.length);
    if (tag === "") this.#world.rules.onOwnResponseOver();
    else this.#world.rules.onRequestOver(tag);
    this.#listener.onResponseDone(responseId, status, NO_USAGE, "");
  }

  onError(code: string): void {
    if (code === "conversation_already_has_active_response") this.#world.rules.onAlreadyActive();
    else if (code === "response_cancel_not_active") this.#world.rules.onNothingToCancel();
    this.#listener.onError(code, "", "");
  }

  onClosed(): void {
    // No session is lost at audio level.
  }

  /** Samples of an item that the service was given, at the caller's rate. */
  generatedSamples(itemId: string, rateHz: number): number {
    const samples = this.#sentOfItem.get(itemId) ?? 0;
    return Math.floor((samples * rateHz) / this.#session.format.rateHz);
  }

  #tagOf(responseId: string): string {
    return this.#tagOfResponse.get(responseId) ?? "";
  }
}

function turnsOf(turnDetection: ProviderTurnDetection): SimulatedTurns | null {
  return turnDetection === "server_vad" || turnDetection === "semantic_vad" ? turnDetection : null;
}
