// Which spans of the caller's audio the service has committed, which of them the provider has
// acknowledged, and which must come again after a lost session: what arrives is held against it.

const FRAME_MS = 20;

export interface CommittedSpan {
  readonly first: number;
  /** -1 while open. */
  readonly end: number;
  /** The provider may have committed a part of it by itself. */
  readonly isCrossed: boolean;
  /** Somebody else owned the turns when it began, and heard the words begin elsewhere. */
  readonly isHandedOn?: boolean;
}

interface Entry extends CommittedSpan {
  isTakenBack: boolean;
  /** Where it begins when it is committed again. */
  readonly kept: number;
}

export class SpanRecord {
  #spans: Entry[] = [];
  #span: CommittedSpan = { first: 0, end: 0, isCrossed: false };
  #next = 0;
  #acknowledged = 0;
  /** The span acknowledged last, -1 when it is not kept any more. */
  #acknowledgedLast = -1;
  #committedEnd = 0;
  /** What lies before it of the newest span is not sent again. */
  #keptFrame = 0;
  #isDown = false;

  /** Frame after the last committed one. */
  committedEnd(): number {
    return this.#committedEnd;
  }

  /** What is told of the newest commit is what it holds, as far as is known here. */
  isTold({ startMs, endMs }: { readonly startMs: number; readonly endMs: number }): boolean {
    const newest = this.#spans.at(-1);
    if (newest === undefined || newest.isCrossed || newest.isHandedOn) return true;
    return startMs === newest.first * FRAME_MS && endMs === newest.end * FRAME_MS;
  }

  unacknowledged(): number {
    return this.#spans.length - this.#acknowledged;
  }

  begin(first: number): void {
    this.#acknowledgedLast = -1;
    this.#span = { first, end: -1, isCrossed: false };
    this.#keptFrame = first;
  }

  trim(frame: number): void {
    this.#keptFrame = frame;
    if (this.#isDown) this.#span = { ...this.#span, first: frame };
  }

  end(end: number): void {
    this.#span = { ...this.#span, end };
  }

  /** The newest span is a turn. -> its length in frames. */
  commit(): number {
    this.#spans.push({ ...this.#span, isTakenBack: false, kept: this.#keptFrame });
    this.#committedEnd = this.#span.end;
    return this.#span.end - this.#span.first;
  }

  /** The open span is about to be committed as far as this, at once or not at all. -> its number. */
  beginEarly(end: number): number {
    this.#spans.push({ ...this.#span, end, isTakenBack: false, kept: this.#keptFrame });
    return this.#spans.length - 1;
  }

  /** It was not. */
  cancelEarly(number: number): void {
    this.#spans.splice(number, 1);
  }

  keepEarly(end: number): void {
    this.#committedEnd = end;
  }

  /** The newest commit was no turn. */
  takeBack(): void {
    const newest = this.#spans.at(-1);
    if (newest !== undefined) newest.isTakenBack = true;
    if (this.#acknowledgedLast === this.#spans.length - 1) this.#acknowledgedLast = -1;
  }

  /** A commit goes to the provider. -> the span that it is of. */
  sent(): CommittedSpan | undefined {
    const span = this.#spans[this.#next];
    this.#next += 1;
    return span;
  }

  onTurnsSwitched(wereProviders: boolean): void {
    this.#span = { ...this.#span, isHandedOn: true };
    if (wereProviders) this.#span = { ...this.#span, isCrossed: true };
  }

  /** The provider commits a turn of its own as far as this. */
  onProviderEnd(frame: number): void {
    this.#committedEnd = Math.max(this.#committedEnd, frame);
  }

  /** The next session gets what is kept. */
  onLost(): void {
    this.#isDown = true;
    if (this.#span.end < 0) this.#span = { ...this.#span, first: this.#keptFrame };
  }

  onAcknowledged(): void {
    // The provider's own turns are acknowledged too.
    if (this.#acknowledged === this.#spans.length) return;
    this.#acknowledged += 1;
    const isTakenBack = this.#spans[this.#acknowledged - 1]?.isTakenBack === true;
    if (!isTakenBack) this.#acknowledgedLast = this.#acknowledged - 1;
  }

  /** The oldest commit under way held nothing. */
  onRefused(): void {
    this.#acknowledged = Math.min(this.#acknowledged + 1, this.#spans.length);
  }

  /** What was not acknowledged is committed again, and the newest that was if nobody wrote it down. */
  onRestored(isUnheard: boolean, isProviderTurns: boolean): void {
    const isGone = (entry: Entry, index: number) =>
      index >= this.#acknowledged && entry.isTakenBack;
    this.#spans = this.#spans.filter((entry, index) => !isGone(entry, index));
    const isAgain = isUnheard && this.#acknowledgedLast >= 0;
    const wanted = isAgain ? this.#acknowledgedLast : this.#acknowledged;
    this.#spans = this.#spans.map((entry, index) =>
      index >= wanted ? { ...entry, first: entry.kept } : entry,
    );
    this.#next = wanted;
    this.#acknowledged = wanted;
    this.#acknowledgedLast = -1;
    this.#isDown = false;
    // A turn from before somebody else took over: the provider cuts it as it hears it.
    if (isProviderTurns) {
      const cross = (entry: Entry) => ({ ...entry, isCrossed: true });
      this.#spans = this.#spans.map((entry, index) => (index < this.#next ? entry : cross(entry)));
    }
  }
}
