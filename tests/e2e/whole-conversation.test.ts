// Goal: a whole conversation on this machine, with no network: a voice that asks, a recogniser that
// writes it down, a chat server, a voice that answers; over both transports, with an interruption
// in the middle of a second sentence. The recogniser only proves the plumbing: it knows the
// sentences of this test and no others.
// Method: the service on stepped time; flite is the caller, pocketsphinx stands behind a local
// OpenAI-compatible server, the chat simulator is the model, espeak-ng the agent's voice. Time
// stands still while one of these programs works, so what is asserted of time is exact.
import { describe, expect, test } from "bun:test";
import type { AudioFormat } from "../../scripts/caller/audio-format.ts";
import type { Caller } from "../../scripts/caller/caller.ts";
import { createProtobufLine } from "../../scripts/caller/protobuf-line.ts";
import type { Line } from "../../scripts/caller/line.ts";
import { createTwilioLine } from "../../scripts/caller/twilio-line.ts";
import { loadConfig } from "../../service/config.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { createCascadeEngines } from "../../service/main-cascade.ts";
import { parseChatScript } from "../../service/simulator/chat-script.ts";
import { createChatSimulator } from "../../service/simulator/chat-simulator.ts";
import { makeCore } from "../core/core-fixture.ts";
import { hasPrograms } from "../support/debian-package.ts";
import { fliteSpeech, hasFlite } from "../support/flite-speech.ts";
import { hasPocketsphinx, startPocketsphinx } from "../support/pocketsphinx-server.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import type { SteppedClock } from "../support/stepped-clock.ts";
import { noticesOf, type SteppedService, startSteppedService } from "../support/stepped-service.ts";
import { watchedSpeech } from "../support/watched-speech.ts";

const TEST = "a whole conversation";
const IS_POSSIBLE = [
  hasFlite(TEST),
  hasPocketsphinx(TEST),
  hasPrograms(TEST, "espeak-ng", ["espeak-ng"]),
].every((isThere) => isThere);

const OPENING = "what time do you open today";
const SUNDAY = "what about next sunday morning";
const THANKS = "thank you very much goodbye";
const FIRST = "We open at nine in the morning.";
const SECOND = "On Sundays we open at ten and we close at four in the afternoon.";
const FIRST_TOKEN_MS = 200;
const WIDE: AudioFormat = { encoding: "pcm16", rateHz: 16_000, channels: 1 };
const IDS = { accountSid: "AC1", callSid: "CA1", streamSid: "MZ1", customParameters: {} };
const TURN_MS_MAX = 30_000;
/** A window of the voice activity detection, the frame's raster, the lead, the stream's own wait. */
const OURS_MS_MAX = 100;

const SCRIPT = parseChatScript(
  JSON.stringify({
    answers: [
      [OPENING, `${FIRST} ${SECOND}`],
      [SUNDAY, "On Sunday we open at ten."],
      [THANKS, "You are welcome. Goodbye!"],
    ].map(([user, text]) => ({
      when: { user },
      answer: { text, firstTokenMs: FIRST_TOKEN_MS, tokensPerSecond: 0 },
    })),
  }),
);

const LINES = [
  { name: "stream", path: "/v1/stream", line: () => createProtobufLine(WIDE) },
  { name: "phone", path: "/twilio/media", line: () => createTwilioLine(IDS) },
];

interface Conversation extends AsyncDisposable {
  readonly service: SteppedService;
  readonly caller: Caller;
  readonly voice: ReturnType<typeof watchedSpeech>;
  /** Messages of the model's newest request: role and text. */
  told(): { readonly role: string; readonly text: string }[];
  requests(): number;
  say(text: string): Promise<void>;
}

async function begin(path: string, line: () => Line): Promise<Conversation> {
  let recogniser: Awaited<ReturnType<typeof startPocketsphinx>> | null = null;
  let model: ReturnType<typeof createChatSimulator> | null = null;
  let voice: ReturnType<typeof watchedSpeech> | null = null;
  const random = createSeededRandom(7);
  const engines = async (clock: SteppedClock) => {
    // Under the service's census, so that a question on its way to the recogniser is known.
    recogniser = await startPocketsphinx([OPENING, SUNDAY, THANKS]);
    model = createChatSimulator({
      ...{ clock, random, host: "127.0.0.1", port: 0 },
      ...{ script: SCRIPT, isRecorded: true },
    });
    const argv = [
      ...["--upstream", "cascade", "--cascade-stt-urls", recogniser.baseUrl],
      ...["--cascade-llm-urls", model.url, "--cascade-llm-models", "simulator"],
      ...["--cascade-tts-urls", "espeak-ng", "--cascade-tts-voices", "en-us"],
    ];
    const { cascade } = loadConfig({ argv, env: {}, file: null });
    const { kernels } = makeCore(1);
    const deps = { clock, random, log: SILENT_LOG, metrics: NO_METRICS, kernels };
    const made = createCascadeEngines(cascade, deps);
    voice = watchedSpeech(made.speech);
    return { ...made, speech: voice.speech };
  };
  const service = await startSteppedService({
    argv: ["--routes-twilio-greeting", "", "--routes-twilio-nudge-seconds", "0"],
    cascade: engines,
    isBusy: () => (recogniser?.underWay() ?? 0) > 0 || voice?.isBusy() === true,
  });
  const caller = await service.call(path, line());
  const records = () => model?.records ?? [];
  if (voice === null) throw new Error("The service asked for no engines");
  return {
    service,
    caller,
    voice,
    requests: () => records().length,
    told: () =>
      (records().at(-1)?.request.messages ?? []).map(({ role, content }) => ({
        role,
        text: typeof content === "string" ? content : "",
      })),
    async say(text) {
      caller.say(inFormat(await fliteSpeech(text, 100), caller.format));
    },
    async [Symbol.asyncDispose]() {
      await service[Symbol.asyncDispose]();
      await model?.stop();
      await recogniser?.[Symbol.asyncDispose]();
    },
  };
}

/** flite's 16 kHz as the line wants it: every other sample, encoded by the core, for a phone. */
function inFormat(samples: Int16Array, format: AudioFormat): Uint8Array {
  if (format.encoding === "pcm16") return new Uint8Array(samples.buffer);
  const { kernels } = makeCore(1);
  const narrow = Float32Array.from({ length: samples.length >> 1 }, (_, index) => {
    const at = 2 * index;
    return ((samples[at] ?? 0) + (samples[at + 1] ?? 0)) / 2 / 32_768;
  });
  const encoded = new Uint8Array(narrow.length);
  for (let at = 0; at < narrow.length; at += 4_000) {
    const count = Math.min(4_000, narrow.length - at);
    kernels.input.f32.set(narrow.subarray(at, at + count));
    kernels.encode("mulaw", count);
    encoded.set(kernels.output.bytes.subarray(0, count), at);
  }
  return encoded;
}

describe.if(IS_POSSIBLE)("a whole conversation without a network", () => {
  for (const { name, path, line } of LINES) {
    test(`S2-01: over the ${name}: three turns, one of them into the second sentence`, async () => {
      await using talk = await begin(path, line);
      const { service, caller, voice } = talk;
      const heard = () => caller.ear.heardMs();
      await service.run(200);
      await talk.say(OPENING);
      await service.until(() => voice.sentences.length >= 2, TURN_MS_MAX);
      expect(talk.told().at(-1)).toEqual({ role: "user", text: OPENING });
      const [first, second] = voice.sentences;
      expect([first?.text, second?.text]).toEqual([FIRST, SECOND]);
      const middleMs = (first?.audioMs ?? 0) + (second?.audioMs ?? 0) / 2;
      await service.until(() => heard() >= middleMs, TURN_MS_MAX);

      // The caller talks over the second sentence: it is cut, and the question answered.
      await talk.say(SUNDAY);
      const isCleared = () => caller.timeline.entries.some(({ kind }) => kind === "cleared");
      await service.until(isCleared, 3_000);
      const cutMs = heard();
      expect(cutMs).toBeLessThan((first?.audioMs ?? 0) + (second?.audioMs ?? 0));
      await service.until(() => talk.requests() >= 2, TURN_MS_MAX);
      await service.until(() => voice.sentences.length >= 3, TURN_MS_MAX);
      const [, asked, cut, again] = talk.told();
      expect([asked?.text, again?.text]).toEqual([OPENING, SUNDAY]);
      expect(cut?.role).toBe("assistant");
      expect(cut?.text).toStartWith(`${FIRST} On Sundays we`);
      expect(cut?.text).toEndWith(" …");
      expect(cut?.text.length ?? 0).toBeLessThan(`${FIRST} ${SECOND}`.length);

      await service.until(() => !caller.ear.isPlaying() && heard() > cutMs, TURN_MS_MAX);
      await service.run(600);
      await talk.say(THANKS);
      const beforeMs = heard();
      await service.until(() => voice.sentences.length >= 5, TURN_MS_MAX);
      await service.until(() => !caller.ear.isPlaying() && heard() > beforeMs, TURN_MS_MAX);
      expect(talk.told().filter(({ role }) => role !== "system")).toEqual([
        { role: "user", text: OPENING },
        { role: "assistant", text: cut?.text ?? "" },
        { role: "user", text: SUNDAY },
        { role: "assistant", text: "On Sunday we open at ten." },
        { role: "user", text: THANKS },
      ]);
      expect(voice.sentences.slice(3).map(({ text }) => text)).toEqual([
        "You are welcome.",
        "Goodbye!",
      ]);
      // Every turn was answered once: a draft that was thrown away would be asked a second time.
      expect(talk.requests()).toBe(3);
      expect(service.complaints).toEqual([]);
      if (name === "stream") expectTimes(caller);
    }, 240_000);
  }
});

/** Programs cost no stepped time here: what is left is the model's, the silence and our own. */
function expectTimes(caller: Caller): void {
  const latencies = noticesOf(caller, "turnLatency");
  expect(latencies).toHaveLength(3);
  for (const { endpointMs, perceivedMs, stages } of latencies) {
    expect(stages?.llmFirstTokenMs).toBe(FIRST_TOKEN_MS);
    expect(stages?.sttFinalMs).toBe(0);
    expect(stages?.ttsFirstAudioMs).toBe(0);
    // The model was asked in the silence: whichever is longer, and a little of ours.
    const engines = Math.max(endpointMs, FIRST_TOKEN_MS);
    expect(perceivedMs).toBeGreaterThanOrEqual(engines);
    expect(perceivedMs).toBeLessThanOrEqual(engines + OURS_MS_MAX);
  }
}
