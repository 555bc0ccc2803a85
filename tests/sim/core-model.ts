// The core's turn machine and barge-in accumulator (dsp/vad/) as event bits over a voiced/unvoiced
// caller: same states, same counting in windows of 32 ms and frames of 20 ms, no audio.
import type { CaptureFacts } from "../../service/contract/call-effects.ts";
import { CAPTURE_EVENT, VAD_STATE } from "../../service/contract/core.ts";

const FRAME_MS = 20;
const WINDOW_MS = 32;
const SPEECH_WINDOWS_MIN = 8;
const BARGE_FRAMES_MIN = 10;
const BARGE_COOLDOWN_FRAMES = 25;
const BARGE_WEAK_FRAMES_MAX = 6;

export class CoreModel implements CaptureFacts {
  readonly #samplesPerMs: number;
  #silenceWindows: number;
  #frames = 0;
  #windows = 0;
  #isWindowSpeech = false;
  #state: number = VAD_STATE.SILENCE;
  #speechWindows = 0;
  #silence = 0;
  #onsetMs = 0;
  #endMs = 0;
  #isAgentAudible = false;
  #bargeFrames = 0;
  #weakFrames = 0;
  #cooldownFrames = 0;
  #bargeOnsetMs = 0;

  constructor(samplesPerMs: number, silenceWindows: number) {
    this.#samplesPerMs = samplesPerMs;
    this.#silenceWindows = silenceWindows;
  }

  /** One frame; isSpeech is what the model says of a window that ends in it. -> event bits. */
  ingest(isSpeech: boolean): number {
    let bits = 0;
    if (Math.floor(((this.#frames + 1) * FRAME_MS) / WINDOW_MS) > this.#windows) {
      this.#isWindowSpeech = isSpeech;
      bits |= CAPTURE_EVENT.WINDOW | (isSpeech ? this.#onSpeech() : this.#onSilence());
      this.#windows += 1;
    }
    bits |= this.#bargeStep();
    this.#frames += 1;
    return bits;
  }

  frames(): number {
    return this.#frames;
  }

  setSilence(silenceMs: number): void {
    this.#silenceWindows = Math.ceil(silenceMs / WINDOW_MS);
  }

  setAgentAudible(isAudible: boolean): void {
    this.#isAgentAudible = isAudible;
  }

  /** -> END, ONSET_FALSE or 0. */
  forceEnd(): number {
    const state = this.#state;
    this.#reset();
    if (state === VAD_STATE.SILENCE) return 0;
    return state === VAD_STATE.SPEECH_START ? CAPTURE_EVENT.ONSET_FALSE : CAPTURE_EVENT.END;
  }

  onsetPositionSamples(): number {
    return this.#onsetMs * this.#samplesPerMs;
  }
  endPositionSamples(): number {
    return this.#endMs * this.#samplesPerMs;
  }
  bargeInOnsetPositionSamples(): number {
    return this.#bargeOnsetMs * this.#samplesPerMs;
  }
  vadState(): number {
    return this.#state;
  }

  #reset(): void {
    this.#state = VAD_STATE.SILENCE;
    this.#speechWindows = 0;
    this.#silence = 0;
  }

  #onSpeech(): number {
    const state = this.#state;
    this.#speechWindows += 1;
    this.#endMs = (this.#windows + 1) * WINDOW_MS;
    this.#silence = 0;
    if (state === VAD_STATE.SPEECH_END) {
      this.#state = VAD_STATE.SPEECH;
      return CAPTURE_EVENT.END_OFF;
    }
    if (state === VAD_STATE.SPEECH) return 0;
    const bits = state === VAD_STATE.SILENCE ? CAPTURE_EVENT.ONSET_MAYBE : 0;
    if (bits !== 0) this.#onsetMs = this.#windows * WINDOW_MS;
    if (this.#speechWindows < SPEECH_WINDOWS_MIN) {
      this.#state = VAD_STATE.SPEECH_START;
      return bits;
    }
    this.#state = VAD_STATE.SPEECH;
    return bits | CAPTURE_EVENT.ONSET;
  }

  #onSilence(): number {
    if (this.#state === VAD_STATE.SILENCE) return 0;
    if (this.#state === VAD_STATE.SPEECH_START) {
      this.#reset();
      return CAPTURE_EVENT.ONSET_FALSE;
    }
    this.#silence += 1;
    const bits = this.#state === VAD_STATE.SPEECH ? CAPTURE_EVENT.END_MAYBE : 0;
    this.#state = VAD_STATE.SPEECH_END;
    if (this.#silence < this.#silenceWindows) return bits;
    this.#reset();
    return bits | CAPTURE_EVENT.END;
  }

  #bargeStep(): number {
    if (this.#cooldownFrames > 0) this.#cooldownFrames -= 1;
    if (!this.#isAgentAudible || this.#cooldownFrames > 0) return this.#bargeReset();
    if (!this.#isWindowSpeech) {
      if (this.#bargeFrames === 0) return 0;
      this.#weakFrames += 1;
      return this.#weakFrames < BARGE_WEAK_FRAMES_MAX ? 0 : this.#bargeReset();
    }
    this.#weakFrames = 0;
    let bits = 0;
    if (this.#bargeFrames === 0) {
      this.#bargeOnsetMs = this.#frames * FRAME_MS;
      bits = CAPTURE_EVENT.BARGE_MAYBE;
    }
    this.#bargeFrames += 1;
    if (this.#bargeFrames < BARGE_FRAMES_MIN) return bits;
    this.#bargeFrames = 0;
    this.#cooldownFrames = BARGE_COOLDOWN_FRAMES;
    return bits | CAPTURE_EVENT.BARGE;
  }

  #bargeReset(): number {
    const wasCounting = this.#bargeFrames > 0;
    this.#bargeFrames = 0;
    this.#weakFrames = 0;
    return wasCounting ? CAPTURE_EVENT.BARGE_FALSE : 0;
  }
}
