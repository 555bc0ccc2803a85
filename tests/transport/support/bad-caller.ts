// The scene of most bad-input tests: one caller misbehaves, another one beside it must not notice.
import { expect } from "bun:test";
import { dialStarted, type StreamCaller, until } from "./stream-caller.ts";
import { startTestListener, type TestListener } from "./test-listener.ts";
import { openWitness } from "./witness-call.ts";

export interface Scene {
  readonly service: TestListener;
  /** The caller that misbehaves, started. */
  readonly caller: StreamCaller;
  /** Its call. */
  readonly call: TestListener["opener"]["calls"][number];
}

/** A witness, then a bad caller; afterwards its close code, its call told, the witness well. */
export async function expectClose(
  code: number,
  reason: string,
  act: (scene: Scene) => void | Promise<void>,
  fields: object = {},
): Promise<void> {
  await using service = startTestListener();
  const witness = await openWitness(service);
  const caller = await dialStarted(service.port, fields);
  const call = service.opener.calls[1];
  if (call === undefined) throw new Error("the bad caller has no call");
  await act({ service, caller, call });
  expect(await caller.closed).toEqual({ code, reason });
  await until(() => call.isClosed);
  expect(call.events.includes("closed twice")).toBe(false);
  await witness.goesOn();
}
