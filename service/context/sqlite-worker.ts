// The Worker that holds the sqlite store's database: acts come in, answers go out, in order.
// Station: off the audio path. A commit takes tens of microseconds, but the disk may take its time
// (a checkpoint's fsync, another process's lock), and the pacer's thread must never wait for it.
// Limits: one act at a time; how many may wait is sqlite-store.ts's part.
import { parentPort, workerData } from "node:worker_threads";
import { SqliteFile } from "./sqlite-file.ts";
import type { FromSqliteWorker, SqliteWorkerData, ToSqliteWorker } from "./sqlite-messages.ts";

const file = new SqliteFile(workerData as SqliteWorkerData);

parentPort?.on("message", (message: ToSqliteWorker | "close") => {
  if (message === "close") {
    file.close();
    parentPort?.close();
    return;
  }
  parentPort?.postMessage(answerTo(message));
});

function answerTo({ request, act }: ToSqliteWorker): FromSqliteWorker {
  try {
    const answer = file.act(act);
    if (act.kind === "erase") file.emptyLog();
    return { request, answer, failure: "", unreadable: file.takeUnreadable() };
  } catch (error) {
    const failure = error instanceof Error ? error.message : String(error);
    return { request, answer: null, failure, unreadable: file.takeUnreadable() };
  }
}
