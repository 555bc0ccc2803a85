// One turn of the cascade after another, each with one more of S3's steps, on stepped time: the same
// engines, the same words, so that what a step saves is the difference of two rows, to the ms.
// Engines: tests/support/timed-engines.ts. STT 120 ms, language model 200 ms to the first token and
// 50 tokens a second, TTS 150 ms to the first audio and then 5 times real time. The answer is three
// sentences of 8 tokens. Silence here is counted from the true end of speech; a real voice activity
// detection adds its windows (measured in bench/cascade.ts through the whole service).
import { createCascadeFactory } from "../service/cascade/cascade-upstream.ts";
import type { UpstreamListener, UpstreamSession } from "../service/contract/upstream.ts";
import { createSeededRandom } from "../tests/support/seeded-random.ts";
import { createSteppedClock } from "../tests/support/stepped-clock.ts";
import { DELAYS, timedCascade } from "../tests/support/timed-cascade.ts";
import { runFor, runUntil, tokensOf } from "../tests/support/timed-engines.ts";

const RATE_HZ = 16_000;
const SENTENCE_TOKENS = 8;
const CHARACTER_MS = 50;
const SENTENCE = "We are open until eight in the evening.";
const ANSWER = [SENTENCE, SENTENCE, SENTENCE].join(" ");
/** S3-04's tax of a new connection, once a turn as S3-08 counts it. */
const HANDSHAKE_MS = 200;
const SILENCE_LONG_MS = 1_000;
const SILENCE_MS = 300;

export interface StepSettings {
  readonly name: string;
  readonly silenceMs: number;
  readonly hasHandshake: boolean;
  /** Text is written, audio is synthesised to its end before it is handed on. */
  readonly isWhole: boolean;
  /** The voice begins with the first sentence, not with the whole text. */
  readonly isFirstSentence: boolean;
  readonly isOverlapped: boolean;
}

const SEQUENTIAL: StepSettings = {
  name: "sequential",
  silenceMs: SILENCE_LONG_MS,
  hasHandshake: true,
  isWhole: true,
  isFirstSentence: false,
  isOverlapped: false,
};

/** Each with all the steps before it. */
export const STEPS: readonly StepSettings[] = [
  SEQUENTIAL,
  { ...SEQUENTIAL, name: "persistent connections (S3-04)", hasHandshake: false },
  { ...SEQUENTIAL, name: "streaming (S3-01)", hasHandshake: false, isWhole: false },
  {
    ...SEQUENTIAL,
    name: "first sentence (S3-03)",
    hasHandshake: false,
    isWhole: false,
    isFirstSentence: true,
  },
  {
    name: `${SILENCE_MS} ms of silence (S3-06)`,
    silenceMs: SILENCE_MS,
    hasHandshake: false,
    isWhole: false,
    isFirstSentence: true,
    isOverlapped: false,
  },
  {
    name: "pre-emptive (S3-07, D-28)",
    silenceMs: SILENCE_MS,
    hasHandshake: false,
    isWhole: false,
    isFirstSentence: true,
    isOverlapped: true,
  },
];

export interface StepResult {
  readonly settings: StepSettings;
  /** From the true end of speech to the first audio. */
  readonly firstAudioMs: number;
  /** What the engines alone take, one after the other. */
  readonly enginesMs: number;
}

/** STT, first token, the first sentence's tokens, the voice: the sum. */
export const ENGINES_MS =
  DELAYS.sttMs + DELAYS.llmMs + SENTENCE_TOKENS * DELAYS.tokenMs + DELAYS.ttsMs;

/** One turn with these settings. */
export async function measureStep(settings: StepSettings): Promise<StepResult> {
  const clock = createSteppedClock();
  const cascade = timedCascade(clock);
  const { ears, model, voice, engines } = cascade;
  ears.hear = () => "when do you close today";
  if (settings.hasHandshake) ears.delayMs += HANDSHAKE_MS;
  const tokens = tokensOf(ANSWER);
  const writtenMs = (tokens.length - 1) * DELAYS.tokenMs;
  // Without streaming the text comes whole, so the voice is given it whole: no sentence ends in it.
  const text = settings.isFirstSentence ? ANSWER : ANSWER.replaceAll(". ", ", ");
  model.answer = () => (settings.isWhole ? [text] : tokensOf(text));
  if (settings.isWhole) {
    model.firstTokenMs += writtenMs;
    voice.firstAudioMs += (ANSWER.length * CHARACTER_MS) / DELAYS.ttsSpeed;
    voice.speed = Number.POSITIVE_INFINITY;
  }
  let firstAudioAtMs = -1;
  const listener = silentListener(() => {
    if (firstAudioAtMs < 0) firstAudioAtMs = clock.nowMs();
  });
  const upstream = createCascadeFactory({
    engines,
    settings: {
      language: "en",
      outputTokensMax: 500,
      transcriptMsMax: 8_000,
      isOverlapped: settings.isOverlapped,
      isPrefetched: false,
      confidenceMin: 0,
      apology: "",
      unheard: "",
    },
    clock,
    random: createSeededRandom(1),
  })(SESSION, listener);
  upstream.open();
  const audio = new Uint8Array((RATE_HZ / 10) * 2).fill(1);
  for (let saidMs = 0; saidMs < 1_600; saidMs += 100) {
    await runFor(clock, 100);
    upstream.append(audio, 0, audio.length);
  }
  const endMs = clock.nowMs();
  if (settings.isOverlapped) upstream.hintTurnEnd?.(true);
  await runFor(clock, settings.silenceMs);
  upstream.commit();
  upstream.respond({ instructions: "", tag: "turn:1:1" });
  await runUntil(clock, () => firstAudioAtMs >= 0);
  upstream.close();
  return { settings, firstAudioMs: firstAudioAtMs - endMs, enginesMs: ENGINES_MS };
}

const SESSION: UpstreamSession = {
  instructions: "Be brief",
  voice: "",
  tools: [],
  turnDetection: null,
  transcriptionModel: "",
  format: { encoding: "pcm16", rateHz: RATE_HZ },
};

function silentListener(onAudio: () => void): UpstreamListener {
  const nothing = () => undefined;
  return {
    onReady: nothing,
    onCommitted: nothing,
    onSpeechStarted: nothing,
    onSpeechStopped: nothing,
    onResponseCreated: nothing,
    onAudio,
    onAudioDone: nothing,
    onAgentTranscript: nothing,
    onCallerTranscript: nothing,
    onToolCall: nothing,
    onResponseDone: nothing,
    onError: nothing,
    onClosed: nothing,
  };
}
