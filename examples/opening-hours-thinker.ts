// A thinker of your own: one file, and one word in the setting `thinkers.domains`.
//   bun start --thinkers-domains weather,knowledge,./examples/opening-hours-thinker.ts
// With a text model of its own: --thinkers-own-urls URL --thinkers-own-keys KEY --thinkers-own-models NAME
// A shop's own data behind a text model; the voice learns of it by domain and description alone.
import { z } from "zod";
import { type CreateThinker, createModelThinker, defineTool } from "../service/index.ts";

const HOURS = new Map([
  ["zurich", "Monday to Friday 9 to 18, Saturday 10 to 16"],
  ["bern", "Monday to Saturday 9 to 17"],
]);

const openingHours = defineTool(
  "opening_hours",
  "Opening hours of one of our shops",
  z.object({ city: z.string().min(1).describe("City of the shop") }),
  ({ city }) => HOURS.get(city.toLowerCase()) ?? `We have no shop in ${JSON.stringify(city)}.`,
);

export const createThinker: CreateThinker = ({ model }) =>
  createModelThinker(
    {
      domain: "opening_hours",
      description: "when our shops are open",
      prompt:
        "You answer when our shops are open. Use the tool; never state hours that did not come from " +
        "it. One short spoken sentence.",
      timeoutMs: 10_000,
      cacheSeconds: 3_600,
      // The same for everybody, so the answers are shared and nothing of the caller is told.
      isPersonal: false,
    },
    model,
    () => [openingHours],
  );
