// A real recogniser for tests: pocketsphinx behind a local server that speaks the OpenAI
// transcription API. It writes down sentences of the test's own grammar only, so it proves the
// plumbing (words, order, loss), not how well anybody is understood.
// Limits: 16 kHz is what its model hears; 8 and 24 kHz are brought there by straight lines, which
// is good enough for a grammar of a few sentences.
import { hasPrograms } from "./debian-package.ts";

const MODEL_RATE_HZ = 16_000;
const HEADER_BYTES = 44;

export interface PocketsphinxServer extends AsyncDisposable {
  /** http://127.0.0.1:port/v1 */
  readonly baseUrl: string;
  /** What was asked for, oldest first: length of the audio, and the answer. */
  readonly answers: readonly { readonly audioMs: number; readonly text: string }[];
  /** Questions that its program works on: a test on stepped time lets them end first. */
  underWay(): number;
}

export function hasPocketsphinx(test: string): boolean {
  return hasPrograms(test, "pocketsphinx pocketsphinx-en-us", ["pocketsphinx_continuous"]);
}

/** `sentences`: all that can be heard, in lower-case words; one after the other is heard too. */
export async function startPocketsphinx(sentences: readonly string[]): Promise<PocketsphinxServer> {
  const answers: { audioMs: number; text: string }[] = [];
  const grammar = `#JSGF V1.0; grammar test; public <said> = ( ${sentences.join(" | ")} )+;`;
  const grammarPath = `${process.env["TMPDIR"] ?? "/tmp"}/voxbridge-grammar-${crypto.randomUUID()}.gram`;
  await Bun.write(grammarPath, grammar);
  let underWay = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      underWay += 1;
      return await answer(request).finally(() => {
        underWay -= 1;
      });
    },
  });
  const answer = async (request: Request): Promise<Response> => {
    const body = Buffer.from(await request.arrayBuffer());
    const start = body.indexOf("RIFF");
    if (start < 0) return new Response("no file", { status: 400 });
    const rateHz = body.readUInt32LE(start + 24);
    const end = start + HEADER_BYTES + body.readUInt32LE(start + 40);
    const samples = new Int16Array(
      Uint8Array.from(body.subarray(start + HEADER_BYTES, end)).buffer,
    );
    const text = await recognise(grammarPath, atModelRate(samples, rateHz), request.signal);
    answers.push({ audioMs: (samples.length * 1000) / rateHz, text });
    return Response.json({ text });
  };
  return {
    baseUrl: `http://127.0.0.1:${server.port}/v1`,
    answers,
    underWay: () => underWay,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
      await Bun.file(grammarPath).delete();
    },
  };
}

/** A question that nobody waits for any more ends its program too. */
async function recognise(
  grammarPath: string,
  audio: Int16Array,
  signal: AbortSignal,
): Promise<string> {
  const audioPath = `${grammarPath}-${crypto.randomUUID()}.raw`;
  await Bun.write(audioPath, audio);
  const program = ["pocketsphinx_continuous", "-infile", audioPath, "-jsgf", grammarPath];
  const child = Bun.spawn([...program, "-logfn", "/dev/null"], {
    stdout: "pipe",
    stderr: "ignore",
    signal,
  });
  const output = await new Response(child.stdout).text();
  await child.exited;
  await Bun.file(audioPath).delete();
  // One line for each stretch of speech.
  return output.trim().split(/\s+/).join(" ");
}

function atModelRate(samples: Int16Array, rateHz: number): Int16Array {
  if (rateHz === MODEL_RATE_HZ) return samples;
  const resampled = new Int16Array(Math.floor((samples.length * MODEL_RATE_HZ) / rateHz));
  for (let index = 0; index < resampled.length; index += 1) {
    const position = (index * rateHz) / MODEL_RATE_HZ;
    const before = Math.floor(position);
    const part = position - before;
    const first = samples[before] ?? 0;
    resampled[index] = Math.round(first + part * ((samples[before + 1] ?? first) - first));
  }
  return resampled;
}
