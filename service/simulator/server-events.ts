// The events a simulated session sends, in the types of the `openai` package.
import type { RealtimeServerEvent } from "openai/resources/realtime/realtime";

type WithoutId<E> = E extends { event_id: string } ? Omit<E, "event_id"> : never;

/** A server event; the session gives it its id. */
export type ServerEvent = WithoutId<RealtimeServerEvent>;

export type SendEvent = (event: ServerEvent) => void;

/** The server's refusal of a command. `eventId`: the command's own id, where it had one. */
export function errorEvent(refusal: {
  readonly code: string;
  readonly message: string;
  readonly param?: string | null;
  readonly eventId: string | null;
  readonly type?: string;
}): ServerEvent {
  return {
    type: "error",
    error: {
      type: refusal.type ?? "invalid_request_error",
      code: refusal.code,
      message: refusal.message,
      param: refusal.param ?? null,
      event_id: refusal.eventId,
    },
  };
}
