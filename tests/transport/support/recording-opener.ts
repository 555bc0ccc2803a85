// A CallOpener whose calls write down what they are told: the service behind the transports under
// test. A test reaches the transport of each call, and may make the next calls refused or faulty.
import type {
  CallNotice,
  CallOpener,
  CallPort,
  CallRefusal,
  CallRequest,
  RefusedCall,
  Transport,
} from "../../../service/contract/transport.ts";

export interface RecordedCall {
  readonly request: CallRequest;
  readonly transport: Transport;
  readonly token: string | undefined;
  /** Everything the port was told, in order, audio left out. */
  readonly events: string[];
  /** The caller's bytes in order, base64 decoded. */
  readonly audio: Uint8Array[];
  readonly captureMs: number[];
  isClosed: boolean;
}

export interface RecordingOpener extends CallOpener {
  readonly calls: RecordedCall[];
  readonly prepared: { token: string; request: CallRequest }[];
  /** What admission() answers. */
  setAdmission(refusal: CallRefusal | null): void;
  /** What open() answers instead of opening; null: it opens. */
  setRefusal(refusal: RefusedCall | null): void;
  /** While set, the port's onText and onDtmf throw: a bug in the call. */
  setFaulty(isFaulty: boolean): void;
}

const STARTED: Extract<CallNotice, { kind: "started" }> = {
  kind: "started",
  callId: "call-1",
  lane: "fast",
  turnDetection: "local",
  upstream: "simulator",
  model: "none",
  voice: "marin",
  vadEngine: "core",
};

export function createRecordingOpener(): RecordingOpener {
  const calls: RecordedCall[] = [];
  const prepared: { token: string; request: CallRequest }[] = [];
  let admission: CallRefusal | null = null;
  let refusal: RefusedCall | null = null;
  let isFaulty = false;
  return {
    calls,
    prepared,
    setAdmission: (next) => {
      admission = next;
    },
    setRefusal: (next) => {
      refusal = next;
    },
    setFaulty: (next) => {
      isFaulty = next;
    },
    admission: () => admission,
    prepare: (token, request) => {
      prepared.push({ token, request });
    },
    open(request, transport, token) {
      if (refusal !== null) return refusal;
      const call: RecordedCall = {
        request,
        transport,
        token,
        events: [],
        audio: [],
        captureMs: [],
        isClosed: false,
      };
      calls.push(call);
      transport.sendNotice({ ...STARTED, callId: `call-${calls.length}` });
      return portOf(call, () => isFaulty);
    },
  };
}

function portOf(call: RecordedCall, isFaulty: () => boolean): CallPort {
  const { events, audio, captureMs, transport } = call;
  return {
    onAudio(message, start, end, atMs) {
      audio.push(message.slice(start, end));
      captureMs.push(atMs);
    },
    onAudioBase64(payload, atMs) {
      audio.push(Uint8Array.fromBase64(payload));
      captureMs.push(atMs);
    },
    onPlayed: (item, samples, generation) => {
      events.push(`played ${item} ${samples} ${generation}`);
    },
    onInterrupt: () => {
      events.push("interrupt");
    },
    onEndOfTurn: () => {
      events.push("end of turn");
    },
    onText(text) {
      if (isFaulty()) throw new Error("planted fault");
      events.push(`text ${text}`);
    },
    onDtmf(digits) {
      if (isFaulty()) throw new Error("planted fault");
      events.push(`dtmf ${digits}`);
    },
    onUpdate: (lane, turnDetection) => {
      events.push(`update ${lane} ${turnDetection}`);
    },
    onEnd(reason) {
      events.push(`end ${reason}`);
      transport.sendNotice({
        kind: "ended",
        reason: "caller_ended",
        durationMs: 1,
        inputTokens: 0,
        outputTokens: 0,
      });
      transport.close(1000, "end");
    },
    onClosed() {
      if (call.isClosed) events.push("closed twice");
      call.isClosed = true;
    },
  };
}
