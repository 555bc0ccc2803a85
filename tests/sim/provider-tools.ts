// The provider's side of tool calls: which of its session wait for their output.
import type { ProviderEvent } from "./provider-model.ts";

export class ProviderTools {
  readonly #emit: (event: ProviderEvent) => void;
  readonly #breakRule: (rule: string) => void;
  readonly #open = new Set<string>();

  constructor(emit: (event: ProviderEvent) => void, breakRule: (rule: string) => void) {
    this.#emit = emit;
    this.#breakRule = breakRule;
  }

  /** Another session: it has never heard of what the older one called. */
  beginSession(): void {
    this.#open.clear();
  }

  /** Calls without an output. */
  open(): number {
    return this.#open.size;
  }

  /** One response calls so many tools at once. */
  call(responseId: string, count: number): void {
    for (let tool = 1; tool <= count; tool += 1) {
      const id = `tool-${responseId}-${tool}`;
      this.#open.add(id);
      this.#emit((events) => events.onToolCall(responseId, id));
    }
  }

  submit(toolCallId: string): void {
    if (this.#open.delete(toolCallId)) return;
    this.#breakRule("every tool call is answered exactly once");
  }
}
