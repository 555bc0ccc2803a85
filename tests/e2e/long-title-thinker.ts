// A thinker of a user's whose source has a title of a megabyte; for tests/regression/0016.
import type { CreateThinker } from "../../service/index.ts";

export const createThinker: CreateThinker = () => ({
  domain: "shop",
  description: "the shop",
  timeoutMs: 5_000,
  cacheSeconds: 60,
  isPersonal: true,
  think: () =>
    Promise.resolve({
      response: "We are open.",
      sources: [{ title: "t".repeat(1_000_000), url: "https://shop.example" }],
    }),
});
