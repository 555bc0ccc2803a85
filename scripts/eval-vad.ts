// Judges voice activity engines and turn rules on a folder of labelled recordings.
//
//   bun run eval:vad DIR [--engine core,onnx,energy] [--only engines,gate,turns] [--svg FILE]
//
// DIR holds 16 kHz mono 16 bit WAVs and their labels (format: bench/vad-speech.ts). Prints
// markdown;
// --svg writes the curve of delay against cut-offs. Nothing is downloaded; with tests/speech as DIR
// it runs anywhere, on speech too clean and too little to judge by.

import { parseArgs } from "node:util";
import { drawCurves } from "../bench/vad-curve.ts";
import { loadHarnessCore } from "../bench/vad-engines.ts";
import { engineTable, gateTable } from "../bench/vad-report-frames.ts";
import { turnReport } from "../bench/vad-report-turns.ts";
import { type LabelledSpeech, readSpeechFolder, SPEECH_RATE_HZ } from "../bench/vad-speech.ts";

const PARTS = ["engines", "gate", "turns"];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    engine: { type: "string", default: "core,onnx,energy" },
    only: { type: "string", default: PARTS.join(",") },
    svg: { type: "string", default: "" },
  },
});
const [folder] = positionals;
const parts = values.only.split(",");
if (folder === undefined || parts.some((part) => !PARTS.includes(part))) {
  console.error(
    "usage: bun run eval:vad DIR [--engine core,onnx,energy] [--only engines,gate,turns]",
  );
  process.exit(2);
}
await evaluate(folder);

async function evaluate(path: string): Promise<void> {
  const speech = await readSpeechFolder(path);
  const core = await loadHarnessCore();
  console.log(`${describe(speech)}\n`);
  if (parts.includes("engines")) {
    console.log("## Engines\n");
    console.log((await engineTable(core, speech, values.engine.split(","))).join("\n"));
  }
  if (parts.includes("gate")) {
    console.log("\n## Gate, behind the level normaliser\n");
    console.log(gateTable(core, speech).join("\n"));
  }
  if (parts.includes("turns")) {
    console.log("\n## Turns\n");
    const report = turnReport(core, speech);
    console.log(report.lines.join("\n"));
    if (values.svg !== "") await Bun.write(values.svg, drawCurves(report.panels));
  }
}

function describe(speech: readonly LabelledSpeech[]): string {
  const seconds = speech.reduce((sum, { samples }) => sum + samples.length / SPEECH_RATE_HZ, 0);
  const windows = speech.reduce((sum, { samples }) => sum + Math.floor(samples.length / 512), 0);
  return `${speech.length} recordings, ${seconds.toFixed(0)} s, ${windows} windows`;
}
