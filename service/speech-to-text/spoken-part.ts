// What is committed at once of an utterance: its audio, as long as it may have to be sent again, and
// the words that came for it. Station: inside the transcription stream.
import type { VoxError } from "../errors.ts";

export interface SpokenPart {
  /** Base64, in the order spoken; emptied when the words are there. */
  readonly pieces: string[];
  /** Of audio that was sent and is not kept any more: another session does not get it. */
  letGoCharacters: number;
  /** Of `pieces`, in this session. */
  sentCount: number;
  /** Length of what was said, the silence that fills it up not included. */
  audioMs: number;
  /** It will be committed as it is. */
  isClosed: boolean;
  /** "" until the commit is sent, in this session. */
  commitId: string;
  /** "" until the server names it, in this session. */
  itemId: string;
  /** So far; they may still change. */
  words: string;
  /** undefined: not written down yet. */
  text: string | undefined;
  /** Nobody waits for its words any more. */
  isForgotten: boolean;
  /** Why it was not, the last time. */
  failure: VoxError | undefined;
}

export function newPart(): SpokenPart {
  return {
    pieces: [],
    letGoCharacters: 0,
    sentCount: 0,
    audioMs: 0,
    isClosed: false,
    commitId: "",
    itemId: "",
    words: "",
    text: undefined,
    isForgotten: false,
    failure: undefined,
  };
}

/** Nothing of it was sent yet: it is another session, or another attempt. */
export function unsend(part: SpokenPart): void {
  part.sentCount = 0;
  part.commitId = "";
  part.itemId = "";
  part.words = "";
  part.failure = undefined;
}

/** What the parts say together, as far as it is known. */
export function textOfParts(parts: readonly SpokenPart[]): string {
  const texts = parts.map(({ text, words }) => (text ?? words).trim());
  return texts.filter((text) => text !== "").join(" ");
}
