// Goal: stages stand in order, may change or keep a notice, and a broken one costs nothing but
// itself.
import { describe, expect, test } from "bun:test";
import type { CallStage } from "../../../service/contract/call-events.ts";
import type { CallNotice } from "../../../service/contract/transport.ts";
import { StageLine } from "../../../service/lane/big/stage-line.ts";

const ERROR: CallNotice = { kind: "error", code: "a", message: "" };

/** Adds its name to the code of error notices. */
function marking(name: string): CallStage {
  return {
    name,
    onNotice: (notice) =>
      notice.kind === "error" ? { ...notice, code: `${notice.code}${name}` } : notice,
  };
}

const faults: string[] = [];

function makeLine(stages: readonly CallStage[]): StageLine {
  faults.length = 0;
  const onFault = (fault: string, detail: string) => void faults.push(`${fault} ${detail}`);
  return new StageLine(stages, { onFault });
}

describe("StageLine", () => {
  test("S4-C03: a notice passes the stages in order; add() before a name, remove() by name", () => {
    const line = makeLine([marking("b"), marking("d")]);
    line.add(marking("c"), "d");
    line.add(marking("e"));
    expect(line.names()).toEqual(["b", "c", "d", "e"]);
    expect(line.pass(ERROR)).toEqual({ ...ERROR, code: "abcde" });
    expect(line.remove("c")).toBe(true);
    expect(line.remove("c")).toBe(false);
    expect(line.pass(ERROR)).toEqual({ ...ERROR, code: "abde" });
  });

  test("a stage may keep a notice from the caller; later stages do not see it", () => {
    let seen = 0;
    const line = makeLine([
      { name: "mute", onNotice: () => null },
      {
        name: "count",
        onNotice(notice) {
          seen += 1;
          return notice;
        },
      },
    ]);
    expect(line.pass(ERROR)).toBeNull();
    expect(seen).toBe(0);
  });

  test("a stage that throws is taken out and counted; the notice goes on as it was", () => {
    const line = makeLine([
      {
        name: "broken",
        onNotice() {
          throw new Error("not mine");
        },
      },
      marking("z"),
    ]);
    expect(line.pass(ERROR)).toEqual({ ...ERROR, code: "az" });
    expect(faults).toEqual(["stage_threw broken: Error: not mine"]);
    expect(line.names()).toEqual(["z"]);
  });

  test("two stages of one name are our bug", () => {
    const line = makeLine([marking("a")]);
    expect(() => line.add(marking("a"))).toThrow("name");
  });
});
