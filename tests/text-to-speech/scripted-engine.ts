// A speech engine whose every word is the test's: it says what it was asked, and gives, ends and
// fails when told. Not to be confused with the speech simulator, which is a server.
import type {
  SpeechChunk,
  SpokenWord,
  SynthesisRequest,
  TextToSpeech,
  TextToSpeechSupport,
  Voice,
} from "../../service/contract/text-to-speech.ts";

/** One synthesize() call. */
export interface ScriptedUtterance {
  readonly request: SynthesisRequest;
  readonly signal: AbortSignal;
  /** Audio of one value, so that joins can be seen. */
  give(ms: number, options?: { readonly level?: number; readonly words?: SpokenWord[] }): void;
  end(): void;
  fail(error: Error): void;
  /** Pieces given and not taken. */
  untaken(): number;
}

export interface ScriptedEngine extends TextToSpeech {
  readonly utterances: ScriptedUtterance[];
  isClosed(): boolean;
}

type Step = SpeechChunk | Error | "end";

export function createScriptedEngine(
  rateHz = 24_000,
  support: Partial<TextToSpeechSupport> = {},
): ScriptedEngine {
  const utterances: ScriptedUtterance[] = [];
  let isClosed = false;
  return {
    name: "scripted",
    support: {
      hasSsml: false,
      hasRate: true,
      hasPitch: true,
      isStreaming: true,
      hasWordTimes: true,
      ...support,
    },
    utterances,
    isClosed: () => isClosed,
    voices: () => Promise.resolve<readonly Voice[]>([]),
    synthesize(request, signal) {
      const steps: Step[] = [];
      let wake = () => {};
      const put = (step: Step) => {
        steps.push(step);
        wake();
      };
      utterances.push({
        request,
        signal,
        give: (ms, { level = 1_000, words = [] } = {}) =>
          put({ audio: new Int16Array((ms * rateHz) / 1_000).fill(level), rateHz, words }),
        end: () => put("end"),
        fail: put,
        untaken: () => steps.length,
      });
      signal.addEventListener("abort", () => put(new Error("aborted")));
      return (async function* () {
        for (;;) {
          const step = steps.shift();
          if (step === undefined) {
            await new Promise<void>((resolve) => {
              wake = resolve;
            });
          } else if (step === "end") return;
          else if (step instanceof Error) throw step;
          else yield step;
        }
      })();
    },
    close: () => {
      isClosed = true;
    },
  };
}
