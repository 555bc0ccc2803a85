// One call's faults (contract/call-faults.ts): every one is counted, the first of a call is logged
// with what is known of it, so that a broken stage or peer cannot fill the log.
// Station: told by lanes, bus and stages; writes to the service's meters.
import type { CallFault, FaultSink } from "./contract/call-faults.ts";
import type { Log } from "./contract/log.ts";

export class CallFaults implements FaultSink {
  readonly #log: Log;
  readonly #count: (fault: CallFault) => void;
  #isLogged = false;

  constructor(log: Log, count: (fault: CallFault) => void) {
    this.#log = log;
    this.#count = count;
  }

  onFault(fault: CallFault, detail: string): void {
    this.#count(fault);
    if (this.#isLogged) return;
    this.#isLogged = true;
    this.#log.warn("call goes on with a fault", { fault, detail });
  }
}
