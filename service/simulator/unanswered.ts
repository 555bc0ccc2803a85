// What the caller said, typed or sent back from a tool since the last response was created: the
// next response answers all of it.
import type { AudioForm } from "./audio-forms.ts";
import {
  type ScriptedAnswer,
  type ScriptedTurn,
  scriptedTurn,
  type SimulatorScript,
} from "./script.ts";

export interface Unanswered {
  /** The utterances, oldest first, in the input format of their time. */
  readonly audio: readonly { readonly form: AudioForm; readonly bytes: Uint8Array }[];
  readonly textCount: number;
  /** "" when no tool has answered. */
  readonly toolName: string;
  readonly toolOutputCharacters: number;
  readonly scripted: ScriptedAnswer | undefined;
}

export const NOTHING_UNANSWERED: Unanswered = {
  audio: [],
  textCount: 0,
  toolName: "",
  toolOutputCharacters: 0,
  scripted: undefined,
};

export interface UnansweredList {
  /** Gives what the script has for this utterance. */
  addAudio(form: AudioForm, bytes: Uint8Array): ScriptedTurn | undefined;
  /** What the script has for the next utterance, as far as that is known before it is over. */
  nextAudio(): ScriptedTurn | undefined;
  addText(text: string): void;
  addToolOutput(toolName: string, output: string): void;
  /** All of it, with the script's answer; the list is empty after. */
  take(): Unanswered;
  /** The response that took it has failed: it stands before what came since. */
  giveBack(taken: Unanswered): void;
}

/** Utterances kept unanswered; older ones are let go. */
const UTTERANCES_MAX = 8;

export function createUnansweredList(script: SimulatorScript | undefined): UnansweredList {
  let current = NOTHING_UNANSWERED;
  let turnCount = 0;
  let hasGreeted = false;
  return {
    addAudio(form, bytes) {
      turnCount += 1;
      const turn = scriptedTurn(script, { kind: "audio", turn: turnCount, audio: bytes });
      const audio = [...current.audio, { form, bytes }].slice(-UTTERANCES_MAX);
      current = { ...current, audio, scripted: turn?.answer ?? current.scripted };
      return turn;
    },
    nextAudio: () => script?.turns.find(({ when }) => when.turn === turnCount + 1),
    addText(text) {
      turnCount += 1;
      const turn = scriptedTurn(script, { kind: "text", turn: turnCount, text });
      const scripted = turn?.answer ?? current.scripted;
      current = { ...current, textCount: current.textCount + 1, scripted };
    },
    addToolOutput(toolName, output) {
      current = { ...current, toolName, toolOutputCharacters: output.length };
    },
    giveBack(taken) {
      current = {
        audio: [...taken.audio, ...current.audio].slice(-UTTERANCES_MAX),
        textCount: taken.textCount + current.textCount,
        toolName: current.toolName === "" ? taken.toolName : current.toolName,
        toolOutputCharacters: taken.toolOutputCharacters + current.toolOutputCharacters,
        scripted: current.scripted ?? taken.scripted,
      };
    },
    take() {
      const taken = current;
      current = NOTHING_UNANSWERED;
      const isGreeting = turnCount === 0 && !hasGreeted;
      hasGreeted = true;
      if (!isGreeting) return taken;
      return { ...taken, scripted: scriptedTurn(script, { kind: "greeting" })?.answer };
    },
  };
}
