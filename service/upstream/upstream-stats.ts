// What the upstream sockets of a process did, as plain numbers. Metrics show the same to operators;
// these serve tests and `bun run call`: when both ends of a loopback socket have the same counts,
// nothing is on its way.
import type { SocketCounts } from "../provider/upstream-socket.ts";

export interface UpstreamStats extends SocketCounts {
  appendsDropped: number;
  commandsDropped: number;
  eventsUnknown: number;
  eventsMalformed: number;
  eventsOversized: number;
}

export function createUpstreamStats(): UpstreamStats {
  return {
    dials: 0,
    messagesSent: 0,
    messagesReceived: 0,
    pingsSent: 0,
    pongsReceived: 0,
    appendsDropped: 0,
    commandsDropped: 0,
    eventsUnknown: 0,
    eventsMalformed: 0,
    eventsOversized: 0,
    closed: 0,
  };
}
