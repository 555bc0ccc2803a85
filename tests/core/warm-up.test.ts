// Goal: warming up uses every kind of slot and leaves none behind.

import { expect, test } from "bun:test";
import { warmUp } from "../../service/core/warm-up.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "./core-fixture.ts";

test("warmUp() runs all formats and gives every slot back", () => {
  const core = makeCore(1);
  const beside = { ...PHONE_FORMAT, vadSource: "beside" as const };
  warmUp(core, [PHONE_FORMAT, beside], SETTINGS, 400);
  expect(core.slotsOpen()).toBe(0);
});
