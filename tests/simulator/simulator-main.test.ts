// Goal: `bun run simulator` listens where it is told to, or says why not. Method: its function for
// the command line, port 0, and one real connection.
import { describe, expect, test } from "bun:test";
import { startSimulator } from "../../service/simulator/simulator-main.ts";

async function failure(args: readonly string[]): Promise<string> {
  try {
    await startSimulator(args);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

describe("startSimulator()", () => {
  test("listens and speaks the protocol", async () => {
    const simulator = await startSimulator(["--port", "0"]);
    const socket = new WebSocket(`${simulator?.url}?model=any`);
    const first = await new Promise((resolve, reject) => {
      socket.onmessage = ({ data }) => resolve(JSON.parse(String(data)).type);
      socket.onerror = reject;
    });
    expect(first).toBe("session.created");
    socket.close();
    await simulator?.stop();
  });

  test("answers chat requests beside it", async () => {
    const simulator = await startSimulator(["--port", "0", "--first-token", "0"]);
    const body = { model: "any", stream: true, messages: [{ role: "user", content: "hi" }] };
    const response = await fetch(`${simulator?.chatUrl}/chat/completions`, {
      method: "POST",
      body: JSON.stringify(body),
    });
    expect(await response.text()).toContain("[DONE]");
    await simulator?.stop();
  });

  test.each([
    [["--port", "70000"], "port is 70000"],
    [["--port", "1.5"], "port is 1.5"],
    [["--speed", "0"], "speed is 0"],
    [["--delay", "6000"], "delay is 6000"],
    [["--script", "none.yaml"], "script is none.yaml, must be a file"],
    [["--chat-script", "none.yaml"], "chat-script is none.yaml, must be a file"],
    [["--chat-port", "70000"], "chat-port is 70000"],
    [["--port", "65535"], "chat-port is 65536"],
    [["--tokens-per-second=-1"], "tokens-per-second is -1"],
    [["--wrong"], "--wrong"],
  ])("refuses %p", async (args, part) => {
    expect(await failure(args)).toContain(part);
  });

  test("refuses a port that is taken", async () => {
    const taken = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data: () => undefined } });
    const wanted = `port is ${taken.port}, must be free`;
    expect(await failure(["--port", String(taken.port)])).toContain(wanted);
    taken.stop();
  });
});

describe("before the upgrade", () => {
  test.each([
    ["/v1/other?model=m", 404],
    ["/v1/realtime", 400],
    ["/v1/realtime?model=m", 426],
  ])("%s without a WebSocket is %d", async (path, status) => {
    const simulator = await startSimulator(["--port", "0"]);
    const url = new URL(path, simulator?.url.replace("ws:", "http:"));
    expect((await fetch(url)).status).toBe(status);
    await simulator?.stop();
  });
});
