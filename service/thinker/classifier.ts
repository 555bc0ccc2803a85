// A text model that chooses the domain of a question instead of the voice (S1-40): off unless
// configured, since it costs a request before the thinker begins. When it fails, is late or names no
// domain, the voice's choice stands.
import { z } from "zod";
import type { Clock } from "../contract/clock.ts";
import type { LanguageModel } from "../contract/language-model.ts";
import type { Thinker } from "../contract/thinker.ts";
import { Deadline } from "../provider/deadline.ts";

const TEXT_CHARACTERS_MAX = 1_000;
const OUTPUT_TOKENS_MAX = 50;

export type Classify = (query: string, domain: string, signal: AbortSignal) => Promise<string>;

export interface ClassifierParts {
  readonly clock: Clock;
  readonly model: LanguageModel;
  readonly thinkers: readonly Thinker[];
  readonly timeoutMs: number;
}

/** -> (query, the voice's domain) -> the domain to ask. Never rejects. */
export function createClassifier(parts: ClassifierParts): Classify {
  const domains = parts.thinkers.map(({ domain }) => domain);
  const answerSchema = z.object({ domain: z.enum(domains) });
  const { $schema: _, ...schema } = z.toJSONSchema(answerSchema);
  const lines = parts.thinkers.map(({ domain, description }) => `- ${domain}: ${description}`);
  const system = `Choose the one domain that the question belongs to.\n${lines.join("\n")}`;
  return async (query, domain, signal) => {
    const deadline = new Deadline(parts.clock, signal);
    deadline.total(parts.timeoutMs);
    try {
      const request = {
        messages: [
          { role: "system", text: system },
          { role: "user", text: query },
        ],
        tools: [],
        outputTokensMax: OUTPUT_TOKENS_MAX,
        outputSchema: { name: "domain", schema },
      } as const;
      let text = "";
      for await (const part of parts.model.generate(request, deadline.signal)) {
        if (part.kind === "text") text += part.text;
        if (text.length > TEXT_CHARACTERS_MAX) break;
      }
      return answerSchema.parse(JSON.parse(text)).domain;
    } catch {
      // The model counts its own failures; the question goes where the voice sent it.
      return domain;
    } finally {
      deadline.end();
    }
  };
}
