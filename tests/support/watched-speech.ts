// A voice under watch: a test on stepped time lets a program that speaks in real time finish its
// work before time goes on, and reads from here how long each sentence is.
import type { Speech, SpeechStreamListener } from "../../service/contract/text-to-speech.ts";

export interface WatchedSpeech {
  readonly speech: Speech;
  /** Text was given to be spoken, and its audio has not come. */
  isBusy(): boolean;
  /** Every sentence that sounded, in order, with the length of its audio. */
  readonly sentences: readonly { readonly text: string; audioMs: number }[];
}

export function watchedSpeech(speech: Speech): WatchedSpeech {
  const sentences: { text: string; audioMs: number }[] = [];
  let busy = 0;
  return {
    sentences,
    isBusy: () => busy > 0,
    speech: {
      name: speech.name,
      open(request, listener) {
        let pending = 0;
        const settle = (count: number) => {
          busy += count - pending;
          pending = count;
        };
        const watching: SpeechStreamListener = {
          onSentenceStarted(sentence, text, priority) {
            sentences.push({ text, audioMs: 0 });
            listener.onSentenceStarted(sentence, text, priority);
          },
          onSpeech(sentence, audio, words, sequence) {
            const last = sentences.at(-1);
            if (last !== undefined) last.audioMs += (audio.length * 1000) / request.rateHz;
            listener.onSpeech(sentence, audio, words, sequence);
          },
          onSentenceEnded: (sentence) => listener.onSentenceEnded(sentence),
          onSentenceFailed: (...failed) => listener.onSentenceFailed(...failed),
          onRoom: () => listener.onRoom(),
          onFinished() {
            settle(pending - 1);
            listener.onFinished();
          },
        };
        const stream = speech.open(request, watching);
        return {
          push: (text) => stream.push(text),
          interject: (text, priority) => stream.interject(text, priority),
          finish() {
            settle(pending + 1);
            stream.finish();
          },
          clear() {
            settle(0);
            stream.clear();
          },
          pause: () => stream.pause(),
          resume: () => stream.resume(),
          setVoice: (voice) => stream.setVoice(voice),
          close() {
            settle(0);
            stream.close();
          },
        };
      },
      close: () => speech.close(),
    },
  };
}
