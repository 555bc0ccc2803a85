// The turn machine of the mock core in its plainest form: loud windows are speech, quiet ones are
// not. Same states, bits and counting of windows as the real one (decision 13), none of its finer
// rules: no evidence weights, no hysteresis, no noise floor. Station: inside mock-core.ts.
import { CAPTURE_EVENT, VAD_STATE, type VadSettings } from "../contract/core.ts";
import { FRAME_MS, VAD_WINDOW_MS } from "../limits.ts";

export class MockVad {
  settings: VadSettings;
  isAgentAudible = false;
  state: number = VAD_STATE.SILENCE;
  probability = 0;
  windows = 0;
  onsetMs = 0;
  endMs = 0;
  bargeInOnsetMs = 0;
  #frameMs = 0;
  #isLoudInWindow = false;
  #speechWindows = 0;
  #silenceWindows = 0;
  #bargeInMs = 0;

  constructor(settings: VadSettings) {
    this.settings = settings;
  }

  /** One frame of 20 ms, loud or not. -> CAPTURE_EVENT bits. */
  onFrame(isLoud: boolean): number {
    const bargeIn = this.#accumulate(isLoud);
    this.#frameMs += FRAME_MS;
    this.#isLoudInWindow ||= isLoud;
    if (this.#frameMs < (this.windows + 1) * VAD_WINDOW_MS) return bargeIn;
    this.probability = this.#isLoudInWindow ? 1 : 0;
    this.#isLoudInWindow = false;
    const startMs = this.windows * VAD_WINDOW_MS;
    this.windows += 1;
    return bargeIn | CAPTURE_EVENT.WINDOW | this.#onWindow(this.probability === 1, startMs);
  }

  reset(): void {
    this.state = VAD_STATE.SILENCE;
    this.#bargeInMs = 0;
  }

  /** -> END, ONSET_FALSE or 0. */
  forceEnd(): number {
    const { state } = this;
    this.reset();
    if (state === VAD_STATE.SILENCE) return 0;
    if (state === VAD_STATE.SPEECH_START) return CAPTURE_EVENT.ONSET_FALSE;
    if (state === VAD_STATE.SPEECH) this.endMs = this.windows * VAD_WINDOW_MS;
    return CAPTURE_EVENT.END;
  }

  #onWindow(isSpeech: boolean, startMs: number): number {
    switch (this.state) {
      case VAD_STATE.SILENCE:
        if (!isSpeech) return 0;
        this.state = VAD_STATE.SPEECH_START;
        this.onsetMs = startMs;
        this.#speechWindows = 0;
        return CAPTURE_EVENT.ONSET_MAYBE | this.#countSpeech();
      case VAD_STATE.SPEECH_START:
        if (isSpeech) return this.#countSpeech();
        this.state = VAD_STATE.SILENCE;
        return CAPTURE_EVENT.ONSET_FALSE;
      case VAD_STATE.SPEECH:
        if (isSpeech) return 0;
        this.state = VAD_STATE.SPEECH_END;
        this.endMs = startMs;
        this.#silenceWindows = 0;
        return CAPTURE_EVENT.END_MAYBE | this.#countSilence();
      default:
        if (!isSpeech) return this.#countSilence();
        this.state = VAD_STATE.SPEECH;
        return CAPTURE_EVENT.END_OFF;
    }
  }

  #countSpeech(): number {
    this.#speechWindows += 1;
    if (this.#speechWindows * VAD_WINDOW_MS < this.settings.minSpeechMs) return 0;
    this.state = VAD_STATE.SPEECH;
    return CAPTURE_EVENT.ONSET;
  }

  #countSilence(): number {
    this.#silenceWindows += 1;
    if (this.#silenceWindows * VAD_WINDOW_MS < this.settings.minSilenceMs) return 0;
    this.state = VAD_STATE.SILENCE;
    return CAPTURE_EVENT.END;
  }

  #accumulate(isLoud: boolean): number {
    if (!this.settings.isBargeInEnabled || !this.isAgentAudible || !isLoud) {
      const wasCounting = this.#bargeInMs > 0;
      this.#bargeInMs = 0;
      return wasCounting ? CAPTURE_EVENT.BARGE_FALSE : 0;
    }
    const isFirst = this.#bargeInMs === 0;
    const before = this.#bargeInMs;
    if (isFirst) this.bargeInOnsetMs = this.#frameMs;
    this.#bargeInMs += FRAME_MS;
    const { bargeInMinSpeechMs } = this.settings;
    const isOver = before < bargeInMinSpeechMs && this.#bargeInMs >= bargeInMinSpeechMs;
    return (isFirst ? CAPTURE_EVENT.BARGE_MAYBE : 0) | (isOver ? CAPTURE_EVENT.BARGE : 0);
  }
}
