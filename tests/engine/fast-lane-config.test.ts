// Goal: a library user starts with the same turn taking as a caller of the server (S4-03).
import { describe, expect, test } from "bun:test";
import { loadConfig } from "../../service/config.ts";
import { createFastLaneConfig } from "../../service/engine/fast-lane-config.ts";
import { PHONE_FORMAT } from "../core/core-fixture.ts";

describe("createFastLaneConfig()", () => {
  const { vad } = loadConfig({ argv: [], env: {}, file: null });

  test("S4-03: has the server's defaults for phones and for wideband callers", () => {
    expect(createFastLaneConfig(PHONE_FORMAT).vad).toEqual(vad.phone);
    const wideband = { ...PHONE_FORMAT, callerRateHz: 16_000 } as const;
    expect(createFastLaneConfig(wideband).vad).toEqual(vad.wideband);
  });

  test("changes what it is told to, and nothing else", () => {
    const { vad: changed } = createFastLaneConfig(PHONE_FORMAT, { minSilenceMs: 900 });
    expect(changed).toEqual({ ...vad.phone, minSilenceMs: 900 });
  });
});
