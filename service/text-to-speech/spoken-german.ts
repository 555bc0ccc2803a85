// How German is written out before it is spoken; the same as spoken-english.ts for English.
// Limits: of the cases only what a date needs: "am 3. Mai" is "am dritten Mai", else "dritte".
import {
  germanDigits,
  germanNumber,
  germanOrdinal,
  germanStem,
  germanYear,
  NUMBER_MAX,
} from "./number-words.ts";
import { isPhone, LETTERS_APART, PHONE } from "./spoken-english.ts";
import type { SpokenRule } from "./spoken-text.ts";

const MONTHS =
  "Januar Februar März April Mai Juni Juli August September Oktober November Dezember".split(" ");
const MONTH = MONTHS.join("|");
const AMOUNT = String.raw`(\d{1,3}(?:\.\d{3})+|\d+)(?:,(\d+))?`;
/** Words after which an ordinal ends in "n". */
const OBLIQUE = "am|vom|zum|beim|im|den|dem|des|bis|ab|seit";

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  "z.B.": "zum Beispiel",
  "z. B.": "zum Beispiel",
  "d.h.": "das heißt",
  "d. h.": "das heißt",
  "u.a.": "unter anderem",
  "bzw.": "beziehungsweise",
  "usw.": "und so weiter",
  "ca.": "circa",
  "evtl.": "eventuell",
  "ggf.": "gegebenenfalls",
  "inkl.": "inklusive",
  "zzgl.": "zuzüglich",
  "Nr.": "Nummer",
  "Str.": "Straße",
  "Dr.": "Doktor",
  "Hr.": "Herr",
  "Fr.": "Frau",
  "Prof.": "Professor",
  "Mio.": "Millionen",
  "Mrd.": "Milliarden",
};

const UNITS: Readonly<Record<string, string>> = {
  km: "Kilometer",
  m: "Meter",
  cm: "Zentimeter",
  mm: "Millimeter",
  kg: "Kilogramm",
  g: "Gramm",
  mg: "Milligramm",
  ml: "Milliliter",
  l: "Liter",
  "km/h": "Kilometer pro Stunde",
  GB: "Gigabyte",
  MB: "Megabyte",
  kWh: "Kilowattstunden",
  "°C": "Grad Celsius",
  "°": "Grad",
  "%": "Prozent",
};

const SYMBOLS: Readonly<Record<string, string>> = {
  "&": " und ",
  "@": " ät ",
  "+": " plus ",
  "=": " gleich ",
  "<": " kleiner als ",
  ">": " größer als ",
  "#": " Nummer ",
  "§": " Paragraf ",
  "×": " mal ",
  "÷": " geteilt durch ",
  "→": " nach ",
  "~": " etwa ",
};

export const GERMAN_RULES: readonly SpokenRule[] = [
  [
    /(?<![\wäöüß])(?:z\. ?B|d\. ?h|u\.a|bzw|usw|ca|evtl|ggf|inkl|zzgl|Nr|Str|Dr|Hr|Fr|Prof|Mio|Mrd)\./g,
    (found) => ABBREVIATIONS[found] ?? found,
  ],
  [/\bhttps?:\/\/(?:www\.)?|\bwww\.(?=\w)/g, () => ""],
  [/(?<=\w)\.(?=[a-z]{2,}\b)(?!\w*\.\s)/g, () => " Punkt "],
  [/\b(\d{4})-(\d{2})-(\d{2})\b/g, (_, year, month, day) => date("", day, month, year)],
  [
    new RegExp(String.raw`\b(?:(${OBLIQUE}) )?(\d{1,2})\. ?(\d{1,2})\. ?(\d{4})\b`, "gi"),
    (_, word, day, month, year) => date(word, day, month, year),
  ],
  [
    new RegExp(String.raw`\b(?:(${OBLIQUE}) )?(\d{1,2})\. (${MONTH})\b(?: (\d{4})\b)?`, "gi"),
    (_, word, day, month, year) =>
      `${ordinal(word, day)} ${month}${year === "" ? "" : ` ${germanYear(Number(year))}`}`,
  ],
  [/\b(\d{1,2})[:.](\d{2}) Uhr\b|\b(\d{1,2}):(\d{2})\b/g, (_, a, b, c, d) => time(a + c, b + d)],
  [/\b(\d{1,2}) Uhr\b/g, (_, hour) => `${germanStem(Number(hour))} Uhr`],
  [PHONE, (found) => phone(found)],
  [/(?<=^|\s)[-−](?=\d)/g, () => "minus "],
  [
    /\b\d+(?:\.\d{1,2}){1,3}(?![.\d])\b/g,
    (found) =>
      found
        .split(".")
        .map((each) => number(each))
        .join(" Punkt "),
  ],
  [
    new RegExp(String.raw`${AMOUNT} ?(?:€|EUR\b|Euro\b)`, "g"),
    (_, whole, part) => euros(whole, part),
  ],
  [new RegExp(`€ ?${AMOUNT}`, "g"), (_, whole, part) => euros(whole, part)],
  [
    new RegExp(String.raw`${AMOUNT} ?\$|\$ ?${AMOUNT}`, "g"),
    (_, a, b, c, d) => `${before(a + c, b + d)} Dollar`,
  ],
  [
    new RegExp(
      String.raw`${AMOUNT} ?(km/h|kWh|km|cm|mm|kg|mg|ml|GB|MB|°C|°|%|m\b|g\b|l\b)(?!\w)`,
      "g",
    ),
    (_, whole, part, unit) => `${before(whole, part)} ${UNITS[unit] ?? unit}`,
  ],
  [
    new RegExp(String.raw`\b(?:(${OBLIQUE}) )?(\d{1,3})\.(?= [A-ZÄÖÜ])`, "gi"),
    (_, word, digits) => ordinal(word, digits),
  ],
  [/(?<=\d) ?[–-] ?(?=\d)/g, () => " bis "],
  [
    new RegExp(
      String.raw`\b(im Jahr|im Jahre|Jahr|seit|bis|von|in|${MONTH}) (1[1-9]\d\d)\b(?![.,]\d)`,
      "gi",
    ),
    (_, word, year) => `${word} ${germanYear(Number(year))}`,
  ],
  [LETTERS_APART, () => " "],
  [new RegExp(AMOUNT, "g"), (_, whole, part) => number(whole, part)],
  [/[&@+=<>#§×÷→~]/g, (sign) => SYMBOLS[sign] ?? sign],
];

function number(whole: string, part = ""): string {
  const digits = whole.replaceAll(".", "");
  const isCode = /^0\d/.test(digits) || Number(digits) > NUMBER_MAX;
  const words = isCode ? germanDigits(digits) : germanNumber(Number(digits));
  return part === "" ? words : `${words} Komma ${germanDigits(part)}`;
}

/** Before a noun: "ein Euro". */
function before(whole: string, part: string): string {
  return whole === "1" && part === "" ? "ein" : number(whole, part);
}

function ordinal(word: string, digits: string): string {
  const value = Number(digits);
  return word === "" ? germanOrdinal(value) : `${word} ${germanOrdinal(value)}n`;
}

function date(word: string, day: string, month: string, year: string): string {
  const name = MONTHS[Number(month) - 1];
  if (name === undefined || Number(day) < 1 || Number(day) > 31) {
    const numbers = [day, month, year].map((each) => germanNumber(Number(each))).join(" ");
    return word === "" ? numbers : `${word} ${numbers}`;
  }
  return `${ordinal(word, day)} ${name} ${germanYear(Number(year))}`;
}

function time(hour: string, minute: string): string {
  const minutes = Number(minute) === 0 ? "" : ` ${germanNumber(Number(minute))}`;
  return `${germanStem(Number(hour))} Uhr${minutes}`;
}

function euros(whole: string, part: string): string {
  if (part !== "" && part.length !== 2) return `${number(whole, part)} Euro`;
  const cents = Number(part);
  const words = `${before(whole, "")} Euro`;
  return cents === 0 ? words : `${words} ${germanNumber(cents)}`;
}

function phone(found: string): string {
  if (!isPhone(found)) return found;
  const groups = found.match(/\d+/g) ?? [];
  return (found.startsWith("+") ? "plus " : "") + groups.map(germanDigits).join(", ");
}
