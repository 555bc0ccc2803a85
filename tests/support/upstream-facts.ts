// What the simulated agent was told, read from its record and turned into facts for assertions.
import type { SimulatorRecord } from "../../service/simulator/simulator-record.ts";

export interface Truncation {
  readonly atMs: number;
  readonly itemId: string;
  readonly audioEndMs: number;
}

export function commandCount(record: SimulatorRecord, type: string): number {
  return record.commands.filter((command) => command.type === type).length;
}

export function sentCount(record: SimulatorRecord, type: string): number {
  return record.sent.filter((event) => event.type === type).length;
}

/** Codes of every refusal; the simulator refuses a second response as the real server does. */
export function refusals(record: SimulatorRecord): string[] {
  return record.sent.filter(({ type }) => type === "error").map(({ code }) => code);
}

export function truncations(record: SimulatorRecord): Truncation[] {
  return record.commands.flatMap(({ atMs, command }) =>
    command.type === "conversation.item.truncate"
      ? [{ atMs, itemId: command.item_id, audioEndMs: command.audio_end_ms }]
      : [],
  );
}

/** Bytes appended and not thrown away again before their commit, one number per commit. */
export function appendedBytes(record: SimulatorRecord): number[] {
  const perCommit: number[] = [];
  let pending = 0;
  for (const { type, byteCount } of record.commands) {
    if (type === "input_audio_buffer.append") pending += byteCount;
    else if (type === "input_audio_buffer.clear") pending = 0;
    else if (type === "input_audio_buffer.commit") {
      perCommit.push(pending);
      pending = 0;
    }
  }
  return perCommit;
}

/**
 * Moments at which a response.create was sent although an earlier one had not been answered with
 * response.done. Commands and events of one time: the server answers within the same moment, so a
 * done of that moment comes first.
 */
export function overlappingCreates(record: SimulatorRecord): number[] {
  const steps = [
    ...record.sent
      .filter(({ type }) => type === "response.done")
      .map(({ atMs }) => ({ atMs, change: -1 })),
    ...record.commands
      .filter(({ type }) => type === "response.create")
      .map(({ atMs }) => ({ atMs, change: 1 })),
  ].sort((left, right) => left.atMs - right.atMs || left.change - right.change);
  const overlaps: number[] = [];
  let open = 0;
  for (const { atMs, change } of steps) {
    open += change;
    if (open > 1) overlaps.push(atMs);
  }
  return overlaps;
}
