// What the caller's side counts: messages both ways, bad input by kind, closings and refusals by
// code. Made once per listener, because making a metric allocates and adding to one does not.
import type { CloseCode } from "../contract/call-terms.ts";
import type { Counter, Metrics } from "../contract/metrics.ts";
import { SEND, type SendResult } from "../contract/send-result.ts";

/** Kinds of bad input and broken rules; the metric's label (docs/protocol.md). */
const BAD_INPUTS = [
  "unknown_message",
  "undecodable",
  "wrong_kind",
  "order_broken",
  "start_refused",
  "value_refused",
  "odd_bytes",
  "non_finite",
  "empty_audio",
  "sequence_repeated",
  "sequence_gap",
  "too_fast",
  "too_quiet",
  "reads_too_slowly",
  "media_invalid",
  "track_ignored",
  "mark_unknown",
  "after_end",
] as const;

export type BadInput = (typeof BAD_INPUTS)[number];

const CLOSE_CODES: readonly CloseCode[] = [
  1000, 1001, 1003, 1007, 1008, 1009, 1011, 4400, 4408, 4413, 4429, 4502,
];
const REFUSAL_STATUSES = [400, 401, 403, 404, 405, 415, 426, 429, 500, 503] as const;

export type RefusalStatus = (typeof REFUSAL_STATUSES)[number];

export interface Traffic {
  /** Whole messages of all callers since the listener started. */
  messagesReceived(): number;
  /** Messages given to sockets; dropped ones do not count. */
  messagesSent(): number;
  noteReceived(): void;
  noteSent(result: SendResult): void;
  noteBadInput(kind: BadInput): void;
  noteClosed(code: CloseCode): void;
  noteRefused(status: RefusalStatus): void;
}

export function createTraffic(metrics: Metrics): Traffic {
  const receivedTotal = metrics.counter(
    "voxbridge_caller_messages_received_total",
    "Whole messages that callers sent",
  );
  const sentHelp = "Messages to callers by what became of them";
  const sentTotal = (result: string) =>
    metrics.counter("voxbridge_caller_messages_sent_total", sentHelp, { result });
  const sentByResult: Readonly<Record<SendResult, Counter>> = {
    [SEND.SENT]: sentTotal("sent"),
    [SEND.BUFFERED]: sentTotal("buffered"),
    [SEND.DROPPED]: sentTotal("dropped"),
  };
  const badInputs = countersOf(BAD_INPUTS, (kind) =>
    metrics.counter("voxbridge_caller_bad_input_total", "Bad input of callers", { kind }),
  );
  const closings = countersOf(CLOSE_CODES, (code) =>
    metrics.counter("voxbridge_caller_closed_total", "Sockets we closed", { code: `${code}` }),
  );
  const refusals = countersOf(REFUSAL_STATUSES, (status) =>
    metrics.counter("voxbridge_caller_refused_total", "Requests refused before an upgrade", {
      status: `${status}`,
    }),
  );
  let received = 0;
  let sent = 0;

  return {
    messagesReceived: () => received,
    messagesSent: () => sent,
    noteReceived() {
      received += 1;
      receivedTotal.add(1);
    },
    noteSent(result) {
      if (result !== SEND.DROPPED) sent += 1;
      sentByResult[result].add(1);
    },
    noteBadInput: (kind) => badInputs.get(kind)?.add(1),
    noteClosed: (code) => closings.get(code)?.add(1),
    noteRefused: (status) => refusals.get(status)?.add(1),
  };
}

function countersOf<Key>(
  keys: readonly Key[],
  make: (key: Key) => Counter,
): ReadonlyMap<Key, Counter> {
  return new Map(keys.map((key) => [key, make(key)]));
}
