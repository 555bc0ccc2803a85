// Goal: each tool call of the model gets exactly one output, also when the socket to it is full, and
// the caller's side is told what the model knows, not before (RT-09). Method: an upstream that takes
// as many characters as a test says; the stepped clock.
import { describe, expect, test } from "bun:test";
import { SEND } from "../../../service/contract/send-result.ts";
import type { Upstream } from "../../../service/contract/upstream.ts";
import type { LaneOwner, ToolAnswer } from "../../../service/lane/fast/lane-owner.ts";
import { ToolAnswers } from "../../../service/lane/fast/tool-answer.ts";
import { createSteppedClock } from "../../support/stepped-clock.ts";

/** As in tool-answer.ts. */
const KEPT_MAX = 64;
const KEPT_MS = 60_000;

function makeAnswers() {
  const clock = createSteppedClock();
  const socket = { roomCharacters: 1_000, given: [] as string[] };
  const told: string[] = [];
  const counts: string[] = [];
  const waiting = new Map<string, (answer: ToolAnswer) => void>();
  const upstream: Partial<Upstream> = {
    submitToolOutput(toolCallId, output) {
      if (output.length > socket.roomCharacters) return SEND.DROPPED;
      socket.given.push(`${toolCallId} ${output}`);
      return SEND.SENT;
    },
  };
  const owner: Partial<LaneOwner> = {
    answerTool: ({ toolCallId }, onAnswer) => waiting.set(toolCallId, onAnswer),
    onNotice: (notice) => {
      if (notice.kind === "tool_status") told.push(`${notice.toolCallId} ${notice.state}`);
    },
    onCount: (name) => counts.push(name),
    onBug: (error) => {
      throw error;
    },
  };
  const answers = new ToolAnswers({
    clock,
    owner: owner as LaneOwner,
    upstream: upstream as Upstream,
    onAnswered: (turnId) => told.push(`respond ${turnId}`),
  });
  const answer = (toolCallId: string, output: string) => {
    answers.carryOut({ toolCallId, name: "weather", argumentsText: "{}", turnId: 3 });
    told.length = 0;
    waiting.get(toolCallId)?.({ output, state: "done" });
  };
  return { clock, socket, told, counts, answers, answer };
}

describe("ToolAnswers", () => {
  test("an answer that fits is given as it is", () => {
    const { socket, told, counts, answer } = makeAnswers();
    answer("a", "sunny");
    expect(socket.given).toEqual(["a sunny"]);
    expect(told).toEqual(["a done", "respond 3"]);
    expect(counts).toEqual([]);
  });

  test("RT-09: one that finds no room is a short failure to the model and to the caller's side", () => {
    const { socket, told, counts, answer, clock } = makeAnswers();
    answer("a", "x".repeat(1_001));
    expect(socket.given).toHaveLength(1);
    expect(socket.given[0]).toContain("could not be handed over");
    expect(told).toEqual(["a failed", "respond 3"]);
    expect(counts).toEqual(["tool_output_cut"]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("RT-09: a full socket: the call is answered as soon as there is room, once", () => {
    const { socket, told, counts, answer, answers, clock } = makeAnswers();
    socket.roomCharacters = 0;
    answer("a", "sunny");
    answers.refuse(
      { toolCallId: "b", name: "weather", argumentsText: "{}", turnId: -1 },
      "not carried out",
    );
    clock.advance(10_000);
    expect(socket.given).toEqual([]);
    expect(told).toEqual([]);
    socket.roomCharacters = 1_000;
    clock.advance(100);
    expect(socket.given.map((given) => given.slice(0, 1))).toEqual(["a", "b"]);
    expect(told).toEqual(["a failed", "respond 3"]);
    clock.advance(KEPT_MS);
    expect(socket.given).toHaveLength(2);
    expect(counts).toEqual(["tool_output_kept", "tool_output_kept"]);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("what is kept is bounded in number and in time, and counted", () => {
    const { socket, counts, answer, clock } = makeAnswers();
    const lost = () => counts.filter((name) => name === "tool_output_lost").length;
    socket.roomCharacters = 0;
    for (let index = 0; index < KEPT_MAX + 1; index += 1) answer(`${index}`, "sunny");
    expect(lost()).toBe(1);
    clock.advance(KEPT_MS + 100);
    expect(lost()).toBe(KEPT_MAX + 1);
    expect(clock.pendingTimers()).toBe(0);
  });

  test("the call is over: nothing is given any more, no timer is left", () => {
    const { socket, answer, answers, clock } = makeAnswers();
    socket.roomCharacters = 0;
    answer("a", "sunny");
    answers.close();
    expect(clock.pendingTimers()).toBe(0);
    socket.roomCharacters = 1_000;
    answer("b", "sunny");
    expect(socket.given).toEqual([]);
  });
});
