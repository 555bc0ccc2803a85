// What became of a message given to a socket or queue (style 23: a full queue is a result).

/** SENT: handed to the network. BUFFERED: queued behind others. DROPPED: refused, and counted. */
export const SEND = { SENT: 0, BUFFERED: 1, DROPPED: 2 } as const;

export type SendResult = (typeof SEND)[keyof typeof SEND];
