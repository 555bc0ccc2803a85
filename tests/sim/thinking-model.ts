// The thinkers of a simulated call: the real desk, pool and routing behind the real holding and
// answering of tool calls, on virtual time. Their promises are drained after every event, as an
// event loop does between two events. The thinkers and their store: thinker-model.ts.
import { drainMicrotasks } from "bun:jsc";
import { CallerMemory } from "../../service/call-memory.ts";
import { CallThinking } from "../../service/call-thinking.ts";
import type { Clock, TimerHandle } from "../../service/contract/clock.ts";
import { SILENT_LOG } from "../../service/contract/log.ts";
import { NO_METRICS } from "../../service/contract/metrics.ts";
import { SEND, type SendResult } from "../../service/contract/send-result.ts";
import { NO_WATCH } from "../../service/contract/thinker.ts";
import type { Conversation } from "../../service/conversation/conversation.ts";
import { HeldToolCalls, type ToolCall } from "../../service/lane/fast/held-tool-calls.ts";
import { ToolAnswers } from "../../service/lane/fast/tool-answer.ts";
import { ROUTING_TOOL } from "../../service/thinker/routing-tool.ts";
import { ThinkerPool } from "../../service/thinker/thinker-pool.ts";
import { createSeededRandom } from "../support/seeded-random.ts";
import type { CallWorld } from "./call-world.ts";
import { ResultStoreModel } from "./result-store-model.ts";
import { type Temper, ThinkerModel } from "./thinker-model.ts";
import { ThinkingRules } from "./thinking-rules.ts";
import type { Appointment } from "./virtual-time.ts";

/** One random source for ids; nothing of the call depends on it. */
const IDS_SEED = 1;
const WALL_EPOCH_MS = 1_767_225_600_000;
const PROGRESS_MAX = 2;
export type ThinkingCount = `thinker_${Temper}` | "tool_output_as_text";
/** Never asked: nobody vouches for the caller. */
const NO_STORE = {
  name: "memory",
  load: () => away(),
  update: () => away(),
  appendHistory: () => away(),
  history: () => away(),
  export: () => away(),
  erase: () => away(),
  cached: () => away(),
  cache: () => away(),
  close: () => away(),
} as const;

export interface ThinkingModelParts {
  readonly world: CallWorld;
  readonly conversation: () => Conversation;
  readonly isOver: () => boolean;
  readonly isAgentQuiet: () => boolean;
}

export class ThinkingModel {
  readonly rules: ThinkingRules;
  readonly held: HeldToolCalls;
  readonly #parts: ThinkingModelParts;
  readonly #thinkers: ThinkerModel;
  readonly #store: ResultStoreModel;
  readonly #pool: ThinkerPool;
  readonly #thinking: CallThinking;
  readonly #answers: ToolAnswers;
  readonly #timers = new Map<TimerHandle, Appointment>();
  readonly #sessionCalls = new Set<string>();
  #handleLast = 0;
  #isDue = false;
  #isCalm = false;
  #thrown: Error | null = null;
  #isClosed = false;

  constructor(parts: ThinkingModelParts) {
    this.#parts = parts;
    const { time, dice, knobs, rules } = parts.world;
    this.rules = new ThinkingRules({
      ...{ nowMs: () => time.nowMs(), isAgentQuiet: parts.isAgentQuiet },
      fail: (rule) => rules.fail(rule),
      ...{ ...knobs, progressMax: PROGRESS_MAX },
    });
    const outside = { time, dice, knobs, onSettled: () => this.#due() };
    this.#store = new ResultStoreModel(outside);
    this.#thinkers = new ThinkerModel({
      ...{ world: outside, clock: this.#clock(), rules: this.rules },
      count: (temper) => parts.world.count(`thinker_${temper}`),
    });
    this.#pool = this.#createPool();
    this.#thinking = this.#createThinking();
    this.#answers = this.#createAnswers();
    this.held = new HeldToolCalls({
      carryOut: (call) => this.#carryOut(call),
      refuse: (call, output) => this.#answers.refuse(call, output),
    });
  }

  calm(): void {
    this.#isCalm = true;
    this.#thinkers.calm();
    this.#store.calm();
  }

  onUpstreamReady(): void {
    this.#thinking.open();
    this.#thinking.onUpstreamReady();
    this.#due();
  }

  onLost(): void {
    this.#sessionCalls.clear();
    this.rules.onLost();
  }

  onToolCall(toolCallId: string, turnId: number): void {
    this.#sessionCalls.add(toolCallId);
    this.rules.onToolCall(toolCallId);
    this.held.onToolCall({ toolCallId, ...this.#drawQuestion(), turnId });
  }

  close(): void {
    this.#isClosed = true;
    this.rules.onEnd();
    this.#answers.close();
    this.#thinking.close();
    this.#due();
  }

  /** An event is over: its promises go on. Throws what one of them broke. */
  drain(): void {
    if (this.#isDue) {
      this.#isDue = false;
      drainMicrotasks();
    }
    if (this.#thrown === null) return;
    const thrown = this.#thrown;
    this.#thrown = null;
    throw thrown;
  }

  isThinking(): boolean {
    return this.#pool.working() > 0;
  }

  /** With every frame, while the call lives. */
  check(): void {
    const conversation = this.#parts.conversation();
    this.rules.check(conversation.turnId(), () => {
      const sequence = conversation.sequence();
      const { world } = this.#parts;
      const isIdle = sequence.state() === "idle" && sequence.waiting() === 0;
      return isIdle && !world.isLost() && !world.rules.isTurnOpen();
    });
  }

  /** Nothing of the call stays behind, whoever still thinks. */
  checkLeft(): void {
    if (this.#timers.size > 0) this.#fail("every timer is freed at the end");
    if (this.isThinking()) this.#fail("every place of a thinker is given back");
  }

  #fail(rule: string): never {
    return this.#parts.world.rules.fail(rule);
  }

  #createPool(): ThinkerPool {
    const { thinkersPerCall: perCallMax, progressMs } = this.#parts.world.knobs;
    return new ThinkerPool({
      settings: { perCallMax, perProcessMax: 3, progressMs, progressMax: PROGRESS_MAX },
      thinkers: this.#thinkers.thinkers(),
      classify: null,
      clock: this.#clock(),
      log: SILENT_LOG,
      metrics: NO_METRICS,
    });
  }

  #createThinking(): CallThinking {
    const clock = this.#clock();
    const random = createSeededRandom(IDS_SEED);
    const memory = new CallerMemory({
      ...{ callId: "call", store: NO_STORE, clock, random, log: SILENT_LOG },
    });
    memory.attachNobody();
    return new CallThinking({
      ...{ pool: this.#pool, store: this.#store, memory, lookUp: null, business: new Map() },
      ...{
        responderPrompt: "Ask specialists.",
        stallingPrompt: "Stall.",
        instructions: "Be kind.",
        instructionsTold: "",
      },
      upstream: { isReady: () => !this.#parts.world.isLost(), updateSession: () => SEND.SENT },
      conversation: this.#parts.conversation,
      watch: NO_WATCH,
      guard: (act) => this.#guard(act),
      ...{ clock, log: SILENT_LOG },
    });
  }

  #createAnswers(): ToolAnswers {
    const { world, conversation } = this.#parts;
    return new ToolAnswers({
      clock: this.#clock(),
      owner: {
        onNotice: () => undefined,
        onCount: (name) => world.count(name),
        onBug: (error) => this.#onBug(error),
        answerTool: (request, onAnswer) =>
          this.#thinking.answerTool(request, (answer) => {
            this.rules.onFound(request.toolCallId);
            onAnswer(answer);
          }),
      },
      upstream: { submitToolOutput: (toolCallId, output) => this.#submit(toolCallId, output) },
      onAnswered: (turnId) => {
        const isWanted = turnId === conversation().turnId();
        if (isWanted) world.rules.onAnswerOwed();
        this.rules.onAnswered(turnId, isWanted);
        world.trace.note("answer", turnId);
        conversation().onToolAnswered(turnId);
      },
    });
  }

  #clock(): Clock {
    const { time, dice, knobs } = this.#parts.world;
    return {
      nowMs: () => time.nowMs(),
      wallMs: () => WALL_EPOCH_MS + time.nowMs(),
      setTimer: (delayMs, callback) => {
        this.#handleLast += 1;
        const handle = this.#handleLast;
        const atMs = time.nowMs() + delayMs + dice.between(0, knobs.timerLateMs);
        const fire = () => {
          this.#timers.delete(handle);
          this.#guard(callback);
          this.#due();
        };
        this.#timers.set(handle, time.atService(atMs, fire));
        return handle;
      },
      clearTimer: (handle) => {
        const appointment = this.#timers.get(handle);
        if (appointment !== undefined) time.cancel(appointment);
        this.#timers.delete(handle);
      },
    };
  }

  /** As the call's: nothing once it is over; a throw ends it. */
  #guard(act: () => void): void {
    if (this.#parts.isOver() && !this.#isClosed) return;
    try {
      act();
    } catch (error) {
      this.#onBug(error);
    }
  }

  #onBug(error: unknown): void {
    this.#thrown ??= error instanceof Error ? error : new Error(String(error));
  }

  #due(): void {
    this.#isDue = true;
  }

  #carryOut(call: ToolCall): void {
    this.#parts.world.speculation.onToolCarriedOut();
    this.rules.onQuestion(call.toolCallId, call.name === ROUTING_TOOL);
    this.#thinking.onHeard({ speaker: "caller", turnId: call.turnId, text: "What is it?" });
    this.#answers.carryOut(call);
    this.#due();
  }

  /** As the steady upstream: a call of a session that is gone is answered as text. */
  #submit(toolCallId: string, output: string): SendResult {
    const { world } = this.#parts;
    if (!this.#isCalm && world.dice.chance(world.knobs.noRoomPercent)) return SEND.DROPPED;
    this.rules.onOutput(toolCallId, output);
    if (this.#sessionCalls.has(toolCallId)) {
      world.toProvider((provider) => provider.tools.submit(toolCallId));
    } else world.count("tool_output_as_text");
    return SEND.SENT;
  }

  /** What a model writes: mostly as it was told to. */
  #drawQuestion(): { readonly name: string; readonly argumentsText: string } {
    const { dice } = this.#parts.world;
    const name = dice.chance(95) ? ROUTING_TOOL : "order_pizza";
    if (dice.chance(5)) return { name, argumentsText: "{domain: weather" };
    const domain = dice.pick(["weather", "weather", "knowledge", "research", "poetry"]);
    const query = dice.pick(["in Oslo", "in Rome"]);
    return { name, argumentsText: JSON.stringify({ domain, query }) };
  }
}

function away(): Promise<never> {
  return Promise.reject(new Error("no store"));
}
