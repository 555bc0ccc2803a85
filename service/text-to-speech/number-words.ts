// Numbers as words, English and German: cardinal, ordinal, years, digit by digit. Used by the rules
// that write a sentence out before it is spoken (spoken-english.ts, spoken-german.ts).
// Limits: up to NUMBER_MAX; whatever is longer is read digit by digit.

export const NUMBER_MAX = 999_999_999_999;

const ENGLISH_SMALL = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen " +
  "sixteen seventeen eighteen nineteen"
).split(" ");
const ENGLISH_TENS = "_ _ twenty thirty forty fifty sixty seventy eighty ninety".split(" ");
const ENGLISH_SCALES = ["", " thousand", " million", " billion"];
const ENGLISH_ORDINALS: Readonly<Record<string, string>> = {
  one: "first",
  two: "second",
  three: "third",
  five: "fifth",
  eight: "eighth",
  nine: "ninth",
  twelve: "twelfth",
};

const GERMAN_SMALL = (
  "null ein zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn " +
  "sechzehn siebzehn achtzehn neunzehn"
).split(" ");
const GERMAN_TENS = "_ _ zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig".split(
  " ",
);

/** 1234 -> "one thousand two hundred thirty-four" */
export function englishNumber(value: number): string {
  if (value < 1_000) return englishHundreds(value);
  const parts: string[] = [];
  for (let scale = 3; scale >= 0; scale -= 1) {
    const group = Math.floor(value / 1_000 ** scale) % 1_000;
    if (group > 0) parts.push(englishHundreds(group) + (ENGLISH_SCALES[scale] ?? ""));
  }
  return parts.join(" ");
}

/** 21 -> "twenty-first" */
export function englishOrdinal(value: number): string {
  const words = englishNumber(value);
  const last = /[a-z]+$/.exec(words)?.[0] ?? "";
  const stem = words.slice(0, words.length - last.length);
  const regular = last.endsWith("y") ? `${last.slice(0, -1)}ieth` : `${last}th`;
  return stem + (ENGLISH_ORDINALS[last] ?? regular);
}

/** 1984 -> "nineteen eighty-four", 2007 -> "two thousand seven", 2026 -> "twenty twenty-six" */
export function englishYear(value: number): string {
  const rest = value % 100;
  const isPlain = value < 1_100 || value > 2_099 || (value >= 2_000 && value < 2_010);
  if (isPlain || value === 2_000) return englishNumber(value);
  const century = englishNumber(Math.floor(value / 100));
  if (rest === 0) return `${century} hundred`;
  return `${century} ${rest < 10 ? "oh " : ""}${englishNumber(rest)}`;
}

/** "405" -> "four zero five" */
export function englishDigits(digits: string): string {
  return [...digits].map((digit) => ENGLISH_SMALL[Number(digit)]).join(" ");
}

/** 1234 -> "eintausendzweihundertvierunddreißig"; one alone is "eins". */
export function germanNumber(value: number): string {
  const words = germanStem(value);
  return words.endsWith("ein") ? `${words}s` : words;
}

/** As before a noun: 1 -> "ein", 21 -> "einundzwanzig". */
export function germanStem(value: number): string {
  if (value < 1_000) return germanHundreds(value);
  const parts: string[] = [];
  const billions = Math.floor(value / 1e9);
  const millions = Math.floor(value / 1e6) % 1_000;
  const thousands = Math.floor(value / 1e3) % 1_000;
  if (billions > 0) parts.push(germanLarge(billions, "Milliarde", "Milliarden"));
  if (millions > 0) parts.push(germanLarge(millions, "Million", "Millionen"));
  const rest = value % 1_000;
  const small =
    (thousands > 0 ? `${germanHundreds(thousands)}tausend` : "") +
    (rest > 0 ? germanHundreds(rest) : "");
  if (small !== "") parts.push(small);
  return parts.join(" ");
}

/** 3 -> "dritte", 20 -> "zwanzigste"; with "n" behind it in other cases. */
export function germanOrdinal(value: number): string {
  const irregular = { 1: "erste", 3: "dritte", 7: "siebte", 8: "achte" } as const;
  const found = irregular[(value % 100) as keyof typeof irregular];
  const stem = value >= 100 ? germanStem(value - (value % 100)) : "";
  if (found !== undefined) return stem + found;
  return germanStem(value) + (value % 100 > 0 && value % 100 < 20 ? "te" : "ste");
}

/** 1984 -> "neunzehnhundertvierundachtzig" */
export function germanYear(value: number): string {
  if (value < 1_100 || value > 1_999) return germanNumber(value);
  const rest = value % 100;
  return `${germanStem(Math.floor(value / 100))}hundert${rest > 0 ? germanNumber(rest) : ""}`;
}

/** "405" -> "vier null fünf" */
export function germanDigits(digits: string): string {
  return [...digits].map((digit) => germanNumber(Number(digit))).join(" ");
}

function englishHundreds(value: number): string {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  const parts: string[] = [];
  if (hundreds > 0) parts.push(`${ENGLISH_SMALL[hundreds]} hundred`);
  if (rest > 0 || hundreds === 0) parts.push(englishTens(rest));
  return parts.join(" ");
}

function englishTens(value: number): string {
  if (value < 20) return ENGLISH_SMALL[value] ?? "";
  const unit = value % 10;
  return (ENGLISH_TENS[Math.floor(value / 10)] ?? "") + (unit > 0 ? `-${ENGLISH_SMALL[unit]}` : "");
}

function germanHundreds(value: number): string {
  const hundreds = Math.floor(value / 100);
  const rest = value % 100;
  const head = hundreds > 0 ? `${GERMAN_SMALL[hundreds]}hundert` : "";
  return rest === 0 && hundreds > 0 ? head : head + germanTens(rest);
}

function germanTens(value: number): string {
  if (value < 20) return GERMAN_SMALL[value] ?? "";
  const unit = value % 10;
  return (unit > 0 ? `${GERMAN_SMALL[unit]}und` : "") + (GERMAN_TENS[Math.floor(value / 10)] ?? "");
}

function germanLarge(count: number, one: string, many: string): string {
  return count === 1 ? `eine ${one}` : `${germanStem(count)} ${many}`;
}
