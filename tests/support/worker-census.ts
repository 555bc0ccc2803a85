// Counts what is asked of the Workers of this process and not answered, so that on stepped time a
// deadline does not pass while a thread of its own waits for its disk (isBusy of stepped-service.ts).
// Limits: one census at a time; Workers that answer each message once, as the sqlite store's does.
import { Worker } from "node:worker_threads";

export interface WorkerCensus extends Disposable {
  isBusy(): boolean;
}

export function openWorkerCensus(): WorkerCensus {
  const { prototype } = Worker;
  const { postMessage } = prototype;
  const asked = new Map<Worker, number>();
  prototype.postMessage = function counted(this: Worker, ...message) {
    if (!asked.has(this)) {
      this.on("message", () => asked.set(this, (asked.get(this) ?? 1) - 1));
      this.on("exit", () => asked.delete(this));
    }
    asked.set(this, (asked.get(this) ?? 0) + 1);
    postMessage.apply(this, message);
  };
  return {
    isBusy: () => [...asked.values()].some((count) => count > 0),
    [Symbol.dispose]() {
      prototype.postMessage = postMessage;
    },
  };
}
