// What becomes of the pacer's frames: held against the rules, told to the conversation, sent.
import type { CallWorld } from "./call-world.ts";
import type { PacerOwner } from "./pacer-model.ts";
import type { ServiceModel } from "./service-model.ts";

export function pacerOwner(world: CallWorld, service: ServiceModel): PacerOwner {
  return {
    onFrame: (item, positionSamples, samples) => {
      const { conversation } = service;
      world.rules.onFrameSent(item, positionSamples);
      world.speculation.onFrameSent();
      conversation.onFrameSent(item, positionSamples, samples);
      world.toFarEnd(item, positionSamples, samples, conversation.generation());
    },
    onItemSent: (item) => world.endItemAtFarEnd(item),
    onUnderrun: (isStarved) => world.rules.pace.onUnderrun(isStarved),
  };
}
