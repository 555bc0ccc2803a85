// Goal: items of a simulated conversation are created, cut, deleted and refused as the real server
// does it. Method as in simulator-rules.test.ts.
import { describe, expect, test } from "bun:test";
import { patternAudio } from "../support/loopback-pair.ts";
import {
  appendCommand,
  connectRealtimeClient,
  MANUAL_PCMU,
  type RealtimeClient,
} from "../support/realtime-client.ts";

const RESPOND = { type: "response.create" };

/** Has the simulator speak 1000 ms back and gives the id of that item. */
async function spokenItem(client: RealtimeClient): Promise<string> {
  const speech = appendCommand(patternAudio(1_000, 8));
  await client.say(MANUAL_PCMU, speech, { type: "input_audio_buffer.commit" }, RESPOND);
  await client.advance(1_000);
  return String(client.of("response.output_audio.delta")[0]?.["item_id"]);
}

function truncate(item_id: string, audio_end_ms: number, content_index = 0) {
  return {
    type: "conversation.item.truncate",
    event_id: "t",
    item_id,
    content_index,
    audio_end_ms,
  };
}

describe("conversation.item.truncate", () => {
  test("cuts an item, and its words with it", async () => {
    await using client = await connectRealtimeClient();
    const item_id = await spokenItem(client);
    await client.say(truncate(item_id, 400));
    expect(client.of("conversation.item.truncated")[0]).toMatchObject({
      item_id,
      content_index: 0,
      audio_end_ms: 400,
    });
    await client.say({ type: "conversation.item.retrieve", item_id });
    const { item } = client.of("conversation.item.retrieved")[0] as unknown as {
      item: { content: { audio: string; transcript?: string }[] };
    };
    expect(Buffer.byteLength(item.content[0]?.audio ?? "", "base64")).toBe(3_200);
    expect(item.content[0]?.transcript).toBeUndefined();
  });

  test("is refused beyond the item's length, at its length it is not", async () => {
    await using client = await connectRealtimeClient();
    const item_id = await spokenItem(client);
    await client.say(truncate(item_id, 1_001));
    expect(client.of("error")[0]).toMatchObject({
      error: {
        code: "invalid_value",
        message: "Audio content of 1000ms is already shorter than 1001ms",
        event_id: "t",
      },
    });
    await client.say(truncate(item_id, 1_000), truncate(item_id, 600), truncate(item_id, 601));
    expect(client.of("conversation.item.truncated")).toHaveLength(2);
    expect(client.of("error")[1]).toMatchObject({
      error: { message: "Audio content of 600ms is already shorter than 601ms" },
    });
  });

  test("counts only what was generated when the answer is still running", async () => {
    await using client = await connectRealtimeClient();
    const speech = appendCommand(patternAudio(20_000, 8));
    await client.say(MANUAL_PCMU, speech, { type: "input_audio_buffer.commit" }, RESPOND);
    await client.advance(200);
    const item_id = String(client.of("response.output_audio.delta")[0]?.["item_id"]);
    const bytes = client
      .of("response.output_audio.delta")
      .reduce((sum, event) => sum + Buffer.byteLength(String(event["delta"]), "base64"), 0);
    const generatedMs = Math.floor(bytes / 8);
    await client.say(truncate(item_id, generatedMs + 1), truncate(item_id, generatedMs));
    expect(client.errorCodes()).toEqual(["invalid_value"]);
    expect(client.of("conversation.item.truncated")).toHaveLength(1);
  });

  test("is refused at 0, for another part, for the caller's items and for unknown ones", async () => {
    await using client = await connectRealtimeClient();
    const item_id = await spokenItem(client);
    const callers = String(client.of("input_audio_buffer.committed")[0]?.["item_id"]);
    await client.say(
      truncate(item_id, 0),
      truncate(item_id, 10, 1),
      truncate(callers, 10),
      truncate("item_none", 10),
    );
    expect(client.errorCodes()).toEqual([
      "invalid_value",
      "invalid_value",
      "invalid_value",
      "item_truncate_invalid_item_id",
    ]);
    const message = "Only model output audio messages can be truncated";
    expect(client.of("error")[2]).toMatchObject({ error: { message } });
  });
});

describe("conversation.item", () => {
  test("delete removes once; then and otherwise it is refused", async () => {
    await using client = await connectRealtimeClient();
    const item_id = await spokenItem(client);
    const remove = { type: "conversation.item.delete", item_id };
    await client.say(remove, remove);
    expect(client.of("conversation.item.deleted")).toHaveLength(1);
    expect(client.errorCodes()).toEqual(["item_delete_invalid_item_id"]);
    await client.say({ type: "conversation.item.retrieve", item_id });
    expect(client.errorCodes()[1]).toBe("item_retrieve_invalid_item_id");
  });

  test("create puts messages where they are asked to be", async () => {
    await using client = await connectRealtimeClient();
    const text = (id: string, previous_item_id?: string) => ({
      type: "conversation.item.create",
      item: { id, type: "message", role: "user", content: [{ type: "input_text", text: id }] },
      ...(previous_item_id === undefined ? {} : { previous_item_id }),
    });
    await client.say(text("a"), text("b"), text("c", "root"), text("d", "a"), text("e", "none"));
    await client.say(text("a"));
    const places = client
      .of("conversation.item.added")
      .map((event) => [(event["item"] as { id: string }).id, event["previous_item_id"]]);
    expect(places).toEqual([
      ["a", null],
      ["b", "a"],
      ["c", null],
      ["d", "a"],
    ]);
    expect(client.errorCodes()).toEqual([
      "item_create_invalid_previous_item_id",
      "item_create_duplicate_item_id",
    ]);
  });

  test("create takes no audio of the assistant and no answer to a call nobody made", async () => {
    await using client = await connectRealtimeClient();
    const audio = { type: "output_audio", audio: "AAAA", transcript: "x" };
    await client.say(
      {
        type: "conversation.item.create",
        item: { type: "message", role: "assistant", content: [audio] },
      },
      {
        type: "conversation.item.create",
        item: { type: "function_call_output", call_id: "call_none", output: "{}" },
      },
    );
    expect(client.errorCodes()).toEqual(["invalid_value", "invalid_tool_call_id"]);
  });

  test("a text is answered with a tune and says that it is simulated", async () => {
    await using client = await connectRealtimeClient();
    const item = { type: "message", role: "user", content: [{ type: "input_text", text: "hi" }] };
    await client.say(MANUAL_PCMU, { type: "conversation.item.create", item }, RESPOND);
    await client.advance(1_000);
    const [done] = client.of("response.output_audio_transcript.done");
    expect(done?.["transcript"]).toBe("[simulated: answer to 1 text messages]");
    expect(client.of("response.output_audio.delta").length).toBeGreaterThan(2);
  });
});
