// The engine's playback and pacer (decision 9) over sample counts: a segment starts with the lead,
// then one frame per 20 ms; a late wake-up catches up at most the lead; an item that starves is
// filled, then waits for a new prebuffer.
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import { FILLER_MS_MAX, FRAME_MS, LEAD_MS } from "../../service/limits.ts";
import type { Appointment, VirtualTime } from "./virtual-time.ts";

const WHEEL_MS = 5;

interface QueuedItem {
  readonly item: number;
  samples: number;
  positionSamples: number;
  isEnded: boolean;
}

export interface PacerOwner {
  onFrame(item: number, positionSamples: number, samples: number): void;
  onItemSent(item: number, samples: number): void;
  /** The far end ran dry, or filler had to be sent. isStarved: for want of an answer. */
  onUnderrun(isStarved: boolean): void;
}

export class PacerModel {
  readonly #time: VirtualTime;
  readonly #owner: PacerOwner;
  readonly #frameSamples: number;
  readonly #latenessMs: () => number;
  readonly #queue: QueuedItem[] = [];
  #phase: "idle" | "filling" | "running" = "idle";
  #isStarving = false;
  #isPaused = false;
  #fillerMs = 0;
  #playoutEndMs = 0;
  #dueMs = 0;
  #tick: Appointment | null = null;

  constructor(
    time: VirtualTime,
    owner: PacerOwner,
    frameSamples: number,
    latenessMs: () => number,
  ) {
    this.#time = time;
    this.#owner = owner;
    this.#frameSamples = frameSamples;
    this.#latenessMs = latenessMs;
  }

  queue(item: number, samples: number): void {
    const last = this.#queue.at(-1);
    if (last !== undefined && last.item === item) last.samples += samples;
    else this.#queue.push({ item, samples, positionSamples: 0, isEnded: false });
    this.#advance();
  }

  /** A recording. */
  queueWhole(item: number, samples: number): SendResult {
    this.queue(item, samples);
    this.endItem(item);
    return SEND.SENT;
  }

  endItem(item: number): void {
    const queued = this.#queue.find((entry) => entry.item === item);
    if (queued === undefined) return;
    queued.isEnded = true;
    this.#settle();
    this.#advance();
  }

  flush(): void {
    this.#queue.length = 0;
    this.#isPaused = false;
    this.#playoutEndMs = this.#time.nowMs();
    this.#stop("idle");
  }

  pause(): void {
    this.#isPaused = true;
    if (this.#phase === "running") this.#stop("filling");
  }

  resume(): void {
    this.#isPaused = false;
    this.#advance();
  }

  close(): void {
    this.flush();
  }

  queuedSamples(): number {
    return this.#queue.reduce((sum, entry) => sum + entry.samples, 0);
  }

  /** Enough is there to begin. */
  isPlayable(): boolean {
    return this.#isPrebuffered();
  }

  #advance(): void {
    if (this.#phase === "running" || this.#queue.length === 0) return;
    if (this.#isPaused || !this.#isPrebuffered()) {
      this.#phase = "filling";
      return;
    }
    this.#phase = "running";
    this.#isStarving = false;
    this.#dueMs = Math.ceil((this.#time.nowMs() + 1) / WHEEL_MS) * WHEEL_MS;
    this.#arm(true);
  }

  #arm(isFirst: boolean): void {
    const run = () => {
      this.#tick = null;
      this.#onTick(isFirst);
    };
    this.#tick = this.#time.atService(this.#dueMs + this.#latenessMs(), run);
  }

  #onTick(isFirst: boolean): void {
    const nowMs = this.#time.nowMs();
    if (nowMs > this.#playoutEndMs) {
      if (!isFirst) this.#owner.onUnderrun(false);
      this.#playoutEndMs = nowMs;
    }
    while (this.#phase === "running" && this.#playoutEndMs - nowMs + FRAME_MS <= LEAD_MS) {
      if (!this.#sendOne(nowMs)) break;
    }
    if (this.#phase !== "running") return;
    if (this.#queue.length === 0) {
      this.#stop("idle");
      return;
    }
    while (this.#dueMs <= nowMs) this.#dueMs += FRAME_MS;
    this.#arm(false);
  }

  /** -> false when nothing may or can be sent now. */
  #sendOne(nowMs: number): boolean {
    if (this.#isStarving && this.#isPrebuffered()) this.#isStarving = false;
    const front = this.#queue[0];
    if (front === undefined) return false;
    if (!this.#isStarving && this.#hasFrame(front)) {
      this.#sendFrame(front);
      return true;
    }
    if (this.#playoutEndMs - nowMs >= FRAME_MS + WHEEL_MS) return false;
    if (!this.#isStarving) {
      this.#isStarving = true;
      this.#fillerMs = 0;
      this.#owner.onUnderrun(true);
    }
    if (this.#fillerMs >= FILLER_MS_MAX) {
      this.#stop("filling");
      return false;
    }
    this.#fillerMs += FRAME_MS;
    this.#playoutEndMs += FRAME_MS;
    this.#owner.onFrame(0, 0, 0);
    return true;
  }

  #sendFrame(front: QueuedItem): void {
    const samples = Math.min(front.samples, this.#frameSamples);
    const position = front.positionSamples;
    front.samples -= samples;
    front.positionSamples += samples;
    this.#playoutEndMs += FRAME_MS;
    this.#owner.onFrame(front.item, position, samples);
    this.#settle();
  }

  #hasFrame(front: QueuedItem): boolean {
    return front.samples >= this.#frameSamples || (front.isEnded && front.samples > 0);
  }

  #isPrebuffered(): boolean {
    const front = this.#queue[0];
    if (front === undefined || !this.#hasFrame(front)) return false;
    return front.isEnded || this.queuedSamples() >= (this.#frameSamples * LEAD_MS) / FRAME_MS;
  }

  /** Items that are ended and empty leave the queue. */
  #settle(): void {
    for (let front = this.#queue[0]; front !== undefined; front = this.#queue[0]) {
      if (!front.isEnded || front.samples > 0) return;
      this.#queue.shift();
      this.#owner.onItemSent(front.item, front.positionSamples);
    }
  }

  #stop(phase: "idle" | "filling"): void {
    this.#phase = phase;
    if (this.#tick !== null) this.#time.cancel(this.#tick);
    this.#tick = null;
  }
}
