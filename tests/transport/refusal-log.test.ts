// The first refusal of a kind is a warning with advice, later ones are not; nothing names a path.
import { expect, test } from "bun:test";
import { type Log, type LogFields, SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { createRefusalLog } from "../../service/transport/refusal-log.ts";
import { createTraffic, type RefusalStatus } from "../../service/transport/traffic.ts";

test("createRefusalLog() warns once for each kind, and never of paths that nobody has", () => {
  const lines: string[] = [];
  const write = (level: string) => (_: string, fields?: LogFields) => {
    lines.push(`${level} ${String(fields?.["code"])}`);
  };
  const log: Log = { ...SILENT_LOG, warn: write("warn"), debug: write("debug") };
  const refusals = createRefusalLog(log, createTraffic(NO_METRICS));
  const note = (status: RefusalStatus, code: string): void =>
    refusals.note({ status, code, message: "advice", hasRetryAfter: false });
  note(403, "signature_refused");
  note(403, "signature_refused");
  note(401, "key_refused");
  note(404, "not_found");
  expect(lines).toEqual([
    "warn signature_refused",
    "debug signature_refused",
    "warn key_refused",
    "debug not_found",
  ]);
});
