// What became of a caller's message (contract/lane.ts). Station: inside the fast lane, per message:
// allocates nothing.
import { SEND, type SendResult } from "../../contract/send-result.ts";

/** bytesTaken: of the message; framesNew: completed by it; isAllSent: the newest frame went out. */
export function fateOf(bytesTaken: number, framesNew: number, isAllSent: boolean): SendResult {
  if (bytesTaken === 0) return SEND.DROPPED;
  return framesNew > 0 && isAllSent ? SEND.SENT : SEND.BUFFERED;
}
