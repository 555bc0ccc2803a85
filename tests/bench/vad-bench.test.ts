// Goal: the VAD bench, soak and harness run, so that they cannot rot; their figures mean nothing
// here, only that they come out.
import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { benchVad } from "../../bench/vad.ts";
import { drawCurves } from "../../bench/vad-curve.ts";
import { loadHarnessCore } from "../../bench/vad-engines.ts";
import { engineTable, gateTable } from "../../bench/vad-report-frames.ts";
import { turnReport } from "../../bench/vad-report-turns.ts";
import { soak } from "../../bench/vad-soak.ts";
import { readSpeechFolder } from "../../bench/vad-speech.ts";

const OWN_SPEECH = fileURLToPath(new URL("../speech", import.meta.url));

describe("bench:vad", () => {
  test("prints machine, both rates and the frame's cost", async () => {
    const text = (await benchVad({ rounds: 1, windows: 2 })).join("\n");
    expect(text).toContain("machine: ");
    expect(text).toContain("### 16000 Hz");
    expect(text).toContain("### 8000 Hz");
    expect(text.match(/onnxruntime-web, batch 32/g)).toHaveLength(2);
    expect(text).toContain("### Phone frame");
  });
});

describe("soak", () => {
  test("hears every slot and counts frames and windows", async () => {
    const result = await soak({ minutes: 2, slots: 4, framesPerMinute: 400 });
    expect(result.frames).toBe(3200);
    expect(result.windows).toBe(2 * 4 * 250);
    expect(result.rssBytes).toHaveLength(2);
  });
});

describe("eval:vad", () => {
  test("prints every table and a curve for tests/speech", async () => {
    const speech = (await readSpeechFolder(OWN_SPEECH)).filter(({ name }) => name === "yes");
    const core = await loadHarnessCore();
    const engines = await engineTable(core, speech, ["energy"]);
    expect(engines.filter((row) => row.startsWith("| energy"))).toHaveLength(12);
    expect(gateTable(core, speech).length).toBe(2 + 18);
    const { lines, panels } = turnReport(core, speech);
    expect(lines.join("\n")).toContain("### Rules side by side");
    const svg = drawCurves(panels);
    expect(svg).toStartWith("<svg");
    expect(svg.match(/<g /g)).toHaveLength(panels.length);
  }, 60_000);
});
