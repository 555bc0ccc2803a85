// Goal: what the owner of the turns means for a call's sessions: an old one is replaced whoever owns
// them, items of the caller are taken back, and a change reaches the session that is dialled.
// Method: as in steady-upstream.test.ts: sessions that the test opens and ends by hand.
import { describe, expect, test } from "bun:test";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { SEND } from "../../service/contract/send-result.ts";
import type {
  ProviderTurnDetection,
  Upstream,
  UpstreamListener,
} from "../../service/contract/upstream.ts";
import { createSteadyFactory } from "../../service/upstream/steady-upstream.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import { createSteppedClock } from "../support/stepped-clock.ts";

const ROTATE_MS = 1_000;
const FRAME = new Uint8Array(160);

interface Session {
  readonly told: string[];
  readonly listener: UpstreamListener;
  ready(): void;
}

function makeSession(listener: UpstreamListener): Session & { upstream: Upstream } {
  const told: string[] = [];
  let isUp = false;
  const note =
    (name: string) =>
    (...words: unknown[]) => {
      told.push([name, ...words.map((word) => JSON.stringify(word))].join(" "));
      return isUp ? SEND.SENT : SEND.DROPPED;
    };
  const upstream: Upstream = {
    kind: "simulator",
    model: "test",
    isReady: () => isUp,
    open: note("open"),
    append: () => (isUp ? SEND.SENT : SEND.DROPPED),
    commit: note("commit"),
    clearInput: note("clearInput"),
    respond: note("respond"),
    cancel: note("cancel"),
    truncate: note("truncate"),
    deleteItem: note("deleteItem"),
    createText: note("createText"),
    submitToolOutput: note("submitToolOutput"),
    updateSession: note("updateSession"),
    pauseReading: note("pauseReading"),
    resumeReading: note("resumeReading"),
    close: note("close"),
  };
  const ready = () => {
    isUp = true;
    listener.onReady();
  };
  return { told, listener, ready, upstream };
}

function makeLine(turnDetection: ProviderTurnDetection) {
  const clock = createSteppedClock();
  const sessions: Session[] = [];
  const ignore = () => {};
  const factory = createSteadyFactory({
    clock,
    random: createSeededRandom(1),
    log: SILENT_LOG,
    settings: { giveUpMs: 30_000, rotateMs: ROTATE_MS },
    factory: (_session, listener) => {
      const made = makeSession(listener);
      sessions.push(made);
      return made.upstream;
    },
  });
  const upstream = factory(
    {
      instructions: "",
      voice: "",
      tools: [],
      turnDetection,
      transcriptionModel: "",
      format: { encoding: "mulaw", rateHz: 8000 },
    },
    {
      onReady: ignore,
      onCommitted: ignore,
      onSpeechStarted: ignore,
      onSpeechStopped: ignore,
      onResponseCreated: ignore,
      onAudio: ignore,
      onAudioDone: ignore,
      onAgentTranscript: ignore,
      onCallerTranscript: ignore,
      onToolCall: ignore,
      onResponseDone: ignore,
      onError: ignore,
      onClosed: ignore,
    },
  );
  upstream.open();
  const session = (index: number): Session => {
    const found = sessions[index];
    if (found === undefined) throw new Error(`There is no session ${index}`);
    return found;
  };
  return { clock, sessions, session, upstream };
}

describe("rotation and the owner of the turns", () => {
  test.each(["commit", "clearInput"] as const)(
    "S1-70: after our %s the provider may never tell the end of the speech it heard",
    (taken) => {
      const { clock, sessions, session, upstream } = makeLine("semantic_vad_signal");
      session(0).ready();
      upstream.append(FRAME, 0, FRAME.length);
      session(0).listener.onSpeechStarted(0, "c1");
      clock.advance(3 * ROTATE_MS);
      expect(sessions).toHaveLength(1);
      upstream[taken]();
      // Silence goes on being sent; it is no reason to wait.
      upstream.append(FRAME, 0, FRAME.length);
      clock.advance(ROTATE_MS);
      expect(sessions).toHaveLength(2);
      upstream.close();
    },
  );

  test("S4-C06: switched to local turns, audio that is not committed holds the old session", () => {
    const { clock, sessions, session, upstream } = makeLine("server_vad");
    session(0).ready();
    upstream.updateSession({ turnDetection: null });
    upstream.append(FRAME, 0, FRAME.length);
    clock.advance(3 * ROTATE_MS);
    expect(sessions).toHaveLength(1);
    upstream.commit();
    clock.advance(ROTATE_MS);
    expect(sessions).toHaveLength(2);
    upstream.close();
  });

  test("S4-C06: a detection that is switched off does not hear the caller for ever", () => {
    const { clock, sessions, session, upstream } = makeLine("server_vad");
    session(0).ready();
    session(0).listener.onSpeechStarted(0, "c1");
    upstream.updateSession({ turnDetection: null });
    clock.advance(2 * ROTATE_MS);
    expect(sessions).toHaveLength(2);
    upstream.close();
  });

  test("S4-C06: switched to the provider's turns, what is sent without end holds nothing", () => {
    const { clock, sessions, session, upstream } = makeLine(null);
    session(0).ready();
    upstream.updateSession({ turnDetection: "server_vad" });
    upstream.append(FRAME, 0, FRAME.length);
    clock.advance(2 * ROTATE_MS);
    expect(sessions).toHaveLength(2);
    upstream.close();
  });

  test("a change of other settings leaves the owner as it is", () => {
    const { clock, sessions, session, upstream } = makeLine("server_vad");
    session(0).ready();
    session(0).listener.onSpeechStarted(0, "c1");
    upstream.updateSession({ instructions: "Be brief." });
    clock.advance(3 * ROTATE_MS);
    expect(sessions).toHaveLength(1);
    upstream.close();
  });
});

describe("what reaches a session", () => {
  test("S1-69: an item of the caller is deleted in the session that knows it, and in no other", () => {
    const { clock, session, upstream } = makeLine(null);
    session(0).ready();
    session(0).listener.onCommitted("c1");
    upstream.deleteItem("c1");
    expect(session(0).told).toEqual(["open", 'deleteItem "c1"']);
    clock.advance(2 * ROTATE_MS);
    session(1).ready();
    upstream.deleteItem("c1");
    expect(session(1).told).toEqual(["open"]);
    upstream.close();
  });

  test("S4-C06: a change made while it is dialled is told first when it is ready", () => {
    const { clock, session, upstream } = makeLine(null);
    expect(upstream.updateSession({ turnDetection: "semantic_vad_signal" })).toBe(SEND.BUFFERED);
    session(0).ready();
    expect(session(0).told[1]).toContain('updateSession {"instructions":""');
    expect(session(0).told[1]).toContain('"turnDetection":"semantic_vad_signal"');
    clock.advance(2 * ROTATE_MS);
    upstream.updateSession({ turnDetection: null });
    session(1).ready();
    expect(session(1).told[1]).toContain('"turnDetection":null');
    upstream.close();
  });
});
