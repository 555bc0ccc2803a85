// The page beside the recordings (tests/speech/README.md): what they are and how they were made.

interface SpeechPage {
  readonly totalMs: number;
  /** Rows of the table of files. */
  readonly rows: readonly string[];
  /** Shell lines, one per spoken part. */
  readonly commands: readonly string[];
  readonly versions: string;
  readonly leadSilenceMs: number;
  readonly tailSilenceMs: number;
  readonly labelFrameMs: number;
  readonly speechLevelDbfs: number;
  readonly gapJoinedMs: number;
}

/** The page as Markdown. */
export function speechPage(page: SpeechPage): string {
  return `# Speech for the tests

Written by \`bun scripts/make-speech.ts\`; edit the script, not this page. Recordings of a synthetic
voice, 16 kHz mono pcm16, ${(page.totalMs / 1000).toFixed(2)} s in all, no person's voice in them.

| file | ms | stretches of speech | words | for |
|---|--:|--:|---|---|
${page.rows.join("\n")}

Each file is ${page.leadSilenceMs} ms of quiet, the words, ${page.tailSilenceMs} ms of quiet.
Quiet is noise at -70 dBFS.

\`labels.csv\` has one line per file: \`name,start,end,label,start,end,label,…\` in seconds, one span
after the other, label 1 = speech. The labels are computed, not heard: a frame of
${page.labelFrameMs} ms is speech from ${page.speechLevelDbfs} dBFS on, and gaps up to ${page.gapJoinedMs} ms
belong to the word around them.

## How they were made

${page.versions}. The same versions give the same bytes;
\`bun scripts/make-speech.ts --check\` compares. What the voice leaves before and after each part is
cut, then pauses and noise are added.

\`\`\`
${page.commands.join("\n")}
\`\`\`
`;
}

/** A command as one would type it. */
export function shellLine(command: readonly string[]): string {
  return command.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`)).join(" ");
}
