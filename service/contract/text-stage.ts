// One station between speech to text and the language model: grammar correction or translation of
// what the caller said. Asynchronous, in order, none by default.
// A stage that throws or is too slow is passed over and counted: its input goes on unchanged.
export interface TextStageFacts {
  /** ISO 639-1, "" when unknown. */
  readonly language: string;
}

export interface TextStage {
  /** For metrics and logs. */
  readonly name: string;
  apply(text: string, facts: TextStageFacts, signal: AbortSignal): Promise<string>;
}
