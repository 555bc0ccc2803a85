// With `thinkers.domains` empty the caller was remembered and the operator's side told of the call,
// but only thinkers and their voice were given any of it: a voice alone was never told who calls.
import { expect, test } from "bun:test";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { instructionsTold, WIDE } from "../e2e/thinkers-fixture.ts";
import {
  AUTHORIZED,
  callerToken,
  KNOWN_CALLERS_ARGV,
  untilRecord,
} from "../support/known-callers.ts";
import { createScriptedModel, NO_NOTES } from "../support/scripted-model.ts";
import { noticesOf, type SteppedService, startSteppedService } from "../support/stepped-service.ts";

async function dial(service: SteppedService) {
  const start = {
    callerToken: await callerToken(service, "ann"),
    metadata: { "context.unit": "4B" },
  };
  const caller = await service.call("/v1/stream", createProtobufLine(WIDE, start), AUTHORIZED);
  await service.run(500);
  return caller;
}

test("S1-33, S1-43: a voice without thinkers is told of its caller and of the call", async () => {
  const notes = JSON.stringify({ ...NO_NOTES, summary: "Ann waits for a parcel" });
  await using service = await startSteppedService({
    argv: [...KNOWN_CALLERS_ARGV, "--context-store", "memory"],
    summaryModel: createScriptedModel(() => notes),
    embedding: { lookUp: () => Promise.resolve(new Map([["heating", "on"]])) },
  });
  const first = await dial(service);
  first.typeText("where is my parcel?");
  await service.until(() => noticesOf(first, "receipt").length === 1, 30_000);
  first.hangUp();
  await untilRecord(service, "sub:ann", ({ context }) => context.summary !== "");
  await dial(service);
  const told = [0, 1].map((index) => instructionsTold(service.record(index)));
  expect(told[0]?.[0]).toContain('"unit":"4B"');
  expect(told[0]?.at(-1)).toContain('"heating":"on"');
  expect(told[0]?.join()).not.toContain("parcel");
  expect(told[1]?.at(-1)).toContain("Ann waits for a parcel");
  expect(told[1]?.join()).not.toContain("route_to_thinker");
});
