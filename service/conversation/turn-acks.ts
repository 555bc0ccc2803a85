// What the provider makes of the commits: acknowledged as items, refused, written down as text.
// Station: between the upstream's events, told apart by the span forwarder, and the turns they
// are about.
import type { CallEffects, CommitAck } from "../contract/call-effects.ts";
import type { CallNotice } from "../contract/transport.ts";
import type { AgentVoice } from "./agent-voice.ts";
import type { CallerItems } from "./caller-items.ts";
import type { ProviderParts } from "./provider-parts.ts";
import type { ProviderTurns } from "./provider-turns.ts";
import type { Speculation } from "./speculation.ts";

export interface TurnAcksParts {
  readonly effects: CallEffects;
  readonly voice: AgentVoice;
  readonly items: CallerItems;
  readonly parts: ProviderParts;
  readonly speculation: Speculation;
  readonly providerTurns: ProviderTurns;
  readonly turnId: () => number;
  /** First frame of the speech that is open, -1 in silence. */
  readonly openFrame: () => number;
}

export class TurnAcks {
  readonly #parts: TurnAcksParts;

  constructor(parts: TurnAcksParts) {
    this.#parts = parts;
  }

  /** A commit was acknowledged as this item of the conversation upstream. */
  onCommitted(itemId: string, ack: CommitAck): void {
    const { effects, voice, items, parts, providerTurns, speculation, openFrame } = this.#parts;
    if (ack === "turn" || ack === "early") voice.latency.onCommitted(effects.nowMs());
    if (ack === "turn") providerTurns.onCommitted(itemId);
    if (ack === "behind") items.delete(itemId);
    if (ack === "provider") parts.onCommitted(itemId, openFrame());
    speculation.onCommitted(itemId, ack);
  }

  /** The provider had no audio to commit: an answer to it would answer nothing. */
  onCommitRefused(ack: CommitAck): void {
    const { voice, speculation } = this.#parts;
    if (speculation.onCommitRefused(ack)) return;
    voice.onCommitRefused();
  }

  /** What the caller said in this item. -> false: nobody is told, the item was deleted. */
  onCallerTranscript(itemId: string, text: string): boolean {
    const { effects, voice, items, speculation, turnId: turnIdNow } = this.#parts;
    if (items.isGone(itemId)) return false;
    const words = { text, isFinal: true, turnId: turnIdNow(), item: 0 };
    const notice: CallNotice = { kind: "transcript", speaker: "caller", ...words };
    // Words of an older turn, written down late, are told whatever becomes of this one.
    if (speculation.isAbout(itemId)) voice.hold.notice(notice);
    else effects.notice(notice);
    return true;
  }
}
