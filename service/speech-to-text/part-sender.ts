// What a transcription session is told of an utterance's parts, and which item each of them became.
// Station: between the transcription stream, which owns the words, and its line.
//
//   part --pieces, in order--> sent --isClosed: commit--> committed --`committed`--> named --> settled
//
// What the socket does not take is tried again, so no audio is left out in the middle. Limits: the
// stream's, for what is kept; RETRY_MS between two attempts; IDS_REMEMBERED settled items.
import type { Clock, TimerHandle } from "../contract/clock.ts";
import { SEND } from "../contract/send-result.ts";
import * as commands from "../wire/realtime-commands.ts";
import { type SpokenPart, unsend } from "./spoken-part.ts";
import type { TranscriptionLine } from "./transcription-line.ts";

export interface PartSender {
  /** Sends what was added to the parts since, as far as the socket takes it. */
  pump(): void;
  /** To be sent after those before; its pieces may still grow. */
  add(part: SpokenPart): void;
  /** A new session: these and nothing else are sent, from their beginnings. */
  restart(parts: readonly SpokenPart[]): void;
  onCommitted(itemId: string): void;
  /** Whose words these are: also those of the part that is being sent (some servers do not wait). */
  partOf(itemId: string): SpokenPart | undefined;
  /** The item is over and deleted: the session's memory would grow with the call. -> its part. */
  settle(itemId: string): SpokenPart | undefined;
  /** The commit was refused. -> its part. */
  withdraw(commandId: string): SpokenPart | undefined;
  /** Nobody waits for any of it any more. */
  forget(): void;
  close(): void;
}

const IDS_REMEMBERED = 16;
const RETRY_MS = 20;

export function createPartSender(line: TranscriptionLine, clock: Clock): PartSender {
  return new Sender(line, clock);
}

class Sender implements PartSender {
  readonly #line: TranscriptionLine;
  readonly #clock: Clock;
  #sending: SpokenPart[] = [];
  /** Committed in this session and not settled, in order; forgotten ones too. */
  #commits: SpokenPart[] = [];
  /** Items that are settled: what still comes for them is nobody's. */
  readonly #settledIds: string[] = [];
  #isClearOwed = false;
  #commandCount = 0;
  #retry: TimerHandle | undefined;

  constructor(line: TranscriptionLine, clock: Clock) {
    this.#line = line;
    this.#clock = clock;
  }

  pump(): void {
    if (!this.#line.isReady() || this.#retry !== undefined) return;
    if (this.#isClearOwed) {
      if (!this.#send(commands.clearInputText(this.#commandId("clear")), true)) return;
      this.#isClearOwed = false;
    }
    for (let part = this.#sending[0]; part !== undefined; part = this.#sending[0]) {
      if (!this.#sendPieces(part) || !part.isClosed) return;
      const commitId = this.#commandId("commit");
      if (!this.#send(commands.commitText(commitId), true)) return;
      part.commitId = commitId;
      this.#commits.push(part);
      this.#sending.shift();
    }
  }

  add(part: SpokenPart): void {
    this.#sending.push(part);
  }

  restart(parts: readonly SpokenPart[]): void {
    this.#commits = [];
    this.#isClearOwed = false;
    this.#sending = [...parts];
    for (const part of parts) unsend(part);
    this.pump();
  }

  onCommitted(itemId: string): void {
    const named = this.#commits.find((part) => part.itemId === itemId);
    const part = named ?? this.#commits.find((commit) => commit.itemId === "");
    if (part === undefined) return;
    part.itemId = itemId;
    if (part.isForgotten) this.settle(itemId);
  }

  partOf(itemId: string): SpokenPart | undefined {
    const committed = this.#commits.find((commit) => commit.itemId === itemId);
    if (committed !== undefined) return committed.isForgotten ? undefined : committed;
    const [part] = this.#sending;
    if (part === undefined || part.sentCount === 0) return undefined;
    if (this.#settledIds.includes(itemId)) return undefined;
    if (part.itemId === "") part.itemId = itemId;
    return part.itemId === itemId ? part : undefined;
  }

  settle(itemId: string): SpokenPart | undefined {
    const part = this.#commits.find((commit) => commit.itemId === itemId);
    if (part === undefined) return undefined;
    this.#commits = this.#commits.filter((commit) => commit !== part);
    this.#remember(itemId);
    this.#line.send(commands.deleteItemText(this.#commandId("delete"), itemId), true);
    return part.isForgotten ? undefined : part;
  }

  withdraw(commandId: string): SpokenPart | undefined {
    const part = this.#commits.find((commit) => commit.commitId === commandId);
    this.#commits = this.#commits.filter((commit) => commit !== part);
    return part;
  }

  forget(): void {
    const [sending] = this.#sending;
    if (sending !== undefined && sending.sentCount > 0) {
      this.#isClearOwed = true;
      if (sending.itemId !== "") this.#remember(sending.itemId);
    }
    this.#sending = [];
    for (const part of this.#commits) {
      part.isForgotten = true;
      if (part.itemId !== "") this.settle(part.itemId);
    }
    this.pump();
  }

  close(): void {
    if (this.#retry !== undefined) this.#clock.clearTimer(this.#retry);
    this.#retry = undefined;
  }

  #sendPieces(part: SpokenPart): boolean {
    for (;;) {
      const piece = part.pieces[part.sentCount];
      if (piece === undefined) return true;
      if (!this.#send(commands.appendText(this.#commandId("append"), piece), false)) return false;
      part.sentCount += 1;
    }
  }

  #send(text: string, hasReserve: boolean): boolean {
    if (this.#line.send(text, hasReserve) !== SEND.DROPPED) return true;
    this.#retry = this.#clock.setTimer(RETRY_MS, () => {
      this.#retry = undefined;
      this.pump();
    });
    return false;
  }

  #remember(itemId: string): void {
    this.#settledIds.push(itemId);
    if (this.#settledIds.length > IDS_REMEMBERED) this.#settledIds.shift();
  }

  #commandId(command: string): string {
    this.#commandCount += 1;
    return `${command}-${this.#commandCount}`;
  }
}
