// A caller hung up while the store of results was asked; the store answered, and a thinker was asked
// all the same, with a signal that was over before it began. One that does not look at its signal
// worked for nobody. Found by the simulator (seed 775).
import { expect, test } from "bun:test";
import { question, setUp, type Think, thinkerOf, turns } from "../thinker/desk-fixture.ts";

test("RT-09: no thinker is asked after the hang-up, and the call has its one answer", async () => {
  let asked = 0;
  const think: Think = () => {
    asked += 1;
    return Promise.resolve({ response: "too late" });
  };
  const { deskOf, results, pool } = setUp([thinkerOf("knowledge", think)]);
  const { ask, desk, answers } = deskOf("a");
  const asking = ask(question("x"));
  desk.close();
  await asking;
  await turns();
  expect(asked).toBe(0);
  expect(answers).toHaveLength(1);
  expect(results("unwanted")).toBe(1);
  expect(pool.working()).toBe(0);
});
