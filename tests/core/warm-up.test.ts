// Goal: warming up uses every kind of slot and leaves none behind.

import { expect, test } from "bun:test";
import { warmUp, warmUpCalls } from "../../service/core/warm-up.ts";
import { makeCore, PHONE_FORMAT, SETTINGS } from "./core-fixture.ts";

test("warmUp() runs all formats and gives every slot back", () => {
  const core = makeCore(1);
  const beside = { ...PHONE_FORMAT, vadSource: "beside" as const };
  warmUp(core, [PHONE_FORMAT, beside], SETTINGS, 400);
  expect(core.slotsOpen()).toBe(0);
});

test("warmUpCalls() warms the common formats up, with the energy rule when there is no model", () => {
  const core = makeCore(1);
  expect(core.hasModel()).toBe(false);
  warmUpCalls(core, 200);
  expect(core.slotsOpen()).toBe(0);
});
