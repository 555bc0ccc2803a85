// What a session was told and heard, kept for assertions (SimulatorOptions.isRecorded).
import type { RealtimeCommand } from "../wire/realtime-command-schema.ts";

export interface CommandRecord {
  readonly atMs: number;
  readonly type: RealtimeCommand["type"];
  /**
   * The command with the server's defaults filled in; the audio of an append is left out and
   * counted in byteCount.
   */
  readonly command: RealtimeCommand;
  readonly byteCount: number;
}

export interface CommittedRecord {
  readonly atMs: number;
  readonly itemId: string;
  readonly audio: Uint8Array;
}

export interface SentRecord {
  readonly atMs: number;
  readonly type: string;
  /** Of an error event, else "". */
  readonly code: string;
}

export interface SimulatorRecord {
  readonly sessionId: string;
  readonly model: string;
  readonly hasAuthorization: boolean;
  readonly commands: readonly CommandRecord[];
  readonly committed: readonly CommittedRecord[];
  readonly sent: readonly SentRecord[];
}

export interface SessionRecorder extends SimulatorRecord {
  readonly commands: CommandRecord[];
  readonly committed: CommittedRecord[];
  readonly sent: SentRecord[];
}

/** Records beyond this are not kept: a test that needs more asks the wrong question. */
export const RECORDS_MAX = 20_000;

export function keep<T>(list: T[], record: T): void {
  if (list.length < RECORDS_MAX) list.push(record);
}
