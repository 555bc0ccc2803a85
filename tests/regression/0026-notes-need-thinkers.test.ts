// The notes on a caller are written by the general text model, but that one was given away only
// together with thinkers: with `thinkers.domains` empty nothing was summarised and no name or place
// was ever learned, though a text server was configured.
import { expect, test } from "bun:test";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import { WIDE } from "../e2e/thinkers-fixture.ts";
import {
  AUTHORIZED,
  callerToken,
  KNOWN_CALLERS_ARGV,
  untilRecord,
} from "../support/known-callers.ts";
import { NO_NOTES } from "../support/scripted-model.ts";
import { loadSpeech } from "../support/speech-files.ts";
import { noticesOf, startSteppedService } from "../support/stepped-service.ts";

const NOTES = JSON.stringify({ ...NO_NOTES, summary: "Ann lives in Kyiv", name: "Ann" });
const SCRIPT = {
  turns: [
    {
      when: { turn: 1 },
      transcript: "I am Ann and I live in Kyiv",
      answer: { text: "Good day Ann", toneMs: 500, toolCalls: [] },
    },
  ],
};

function streamed(text: string): Response {
  const chunk = (choice: object) => `data: ${JSON.stringify({ choices: [choice] })}\n\n`;
  const parts = [
    chunk({ index: 0, delta: { content: text }, finish_reason: null }),
    chunk({ index: 0, delta: {}, finish_reason: "stop" }),
    "data: [DONE]\n\n",
  ];
  return new Response(parts.join(""), { headers: { "content-type": "text/event-stream" } });
}

test("S1-33, RT-12: a call without thinkers leaves its notes", async () => {
  // Made before the service: its answers take no time.
  using server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => streamed(NOTES) });
  const url = `http://127.0.0.1:${server.port}/v1`;
  await using service = await startSteppedService({
    argv: [
      ...[...KNOWN_CALLERS_ARGV, "--context-store", "memory"],
      ...["--thinkers-domains", "", "--language-model-url", url],
    ],
    simulator: { script: SCRIPT },
  });
  const line = createProtobufLine(WIDE, { callerToken: await callerToken(service, "ann") });
  const caller = await service.call("/v1/stream", line, AUTHORIZED);
  await service.run(500);
  caller.say(loadSpeech("question", WIDE));
  const isHeard = () => noticesOf(caller, "receipt").some(({ complete }) => complete);
  await service.until(isHeard, 30_000);
  caller.hangUp();
  const { context } = await untilRecord(
    service,
    "sub:ann",
    (record) => record.history.length === 2,
  );
  await service.run(1_000);
  const after = await untilRecord(service, "sub:ann", (record) => record.context.summary !== "");
  expect(context.signals.callCount).toBe(1);
  expect(after.context.summary).toBe("Ann lives in Kyiv");
  expect(after.context.preferences.name).toBe("Ann");
});
