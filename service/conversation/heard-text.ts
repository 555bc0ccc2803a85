// Which of an item's words the caller heard, from how much of its audio was heard.
// Station: the one place that answers this; a call's transcript and the history that a new upstream
// session is given both ask here (decision 10: heard is the ledger's).

/**
 * The words that fit into the heard share of the audio; speech runs about evenly through its text.
 * audio and heard in one unit, samples or ms.
 */
export function heardText(text: string, audio: number, heard: number): string {
  if (heard <= 0 || audio <= 0) return "";
  if (heard >= audio) return text;
  const share = Math.floor((text.length * heard) / audio);
  const end = text[share] === " " ? share : text.lastIndexOf(" ", share);
  return end <= 0 ? "" : `${text.slice(0, end).trimEnd()} …`;
}
