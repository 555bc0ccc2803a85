// A thinker that asks nobody, for tests/e2e/cascade-thinker.test.ts: it takes a second and knows.
import type { CreateThinker } from "../../service/contract/thinker.ts";

export const SHOP_HOURS = "Monday to Saturday, nine to five";
const THINKING_MS = 1_000;

export const createThinker: CreateThinker = ({ clock }) => ({
  domain: "opening_hours",
  description: "when our shops are open",
  timeoutMs: 5_000,
  cacheSeconds: 0,
  isPersonal: false,
  think: () =>
    new Promise((resolve) => {
      clock.setTimer(THINKING_MS, () => resolve({ response: SHOP_HOURS }));
    }),
});
