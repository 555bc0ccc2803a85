// The text stages between the engines, in order (S2-83: correction and translation beside the audio,
// never on it). Station: the caller's words pass through on their way to the language model.
// A stage that fails or takes longer than STAGE_MS_MAX is passed over and counted.
import type { Clock } from "../contract/clock.ts";
import type { TextStage, TextStageFacts } from "../contract/text-stage.ts";

/** The budget of S2-81 is 50 ms; ten times that is a fault. */
export const STAGE_MS_MAX = 500;

export interface TextLineDeps {
  readonly stages: readonly TextStage[];
  readonly clock: Clock;
  readonly onSkipped: (stage: string) => void;
}

export class TextLine {
  readonly #deps: TextLineDeps;

  constructor(deps: TextLineDeps) {
    this.#deps = deps;
  }

  isEmpty(): boolean {
    return this.#deps.stages.length === 0;
  }

  async pass(text: string, facts: TextStageFacts): Promise<string> {
    let passed = text;
    for (const stage of this.#deps.stages) {
      const next = await this.#through(stage, passed, facts);
      if (next === null) this.#deps.onSkipped(stage.name);
      else passed = next;
    }
    return passed;
  }

  /** -> null: it failed or was too slow. */
  async #through(stage: TextStage, text: string, facts: TextStageFacts): Promise<string | null> {
    const { clock } = this.#deps;
    const abort = new AbortController();
    let timer = 0;
    const late = new Promise<null>((resolve) => {
      timer = clock.setTimer(STAGE_MS_MAX, () => resolve(null));
    });
    try {
      return await Promise.race([stage.apply(text, facts, abort.signal), late]);
    } catch {
      return null;
    } finally {
      clock.clearTimer(timer);
      abort.abort();
    }
  }
}
