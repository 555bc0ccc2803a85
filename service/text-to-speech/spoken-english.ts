// How English is written out before it is spoken: dates, times, money, units, phone numbers, years,
// numbers, symbols, abbreviations. One table of rules, in order; a rule sees what the ones before it
// left. Used by spoken-text.ts.
// Limits: 3/5/2026 is read month first, unless the language is British or the like.
import {
  englishDigits,
  englishNumber,
  englishOrdinal,
  englishYear,
  NUMBER_MAX,
} from "./number-words.ts";
import type { SpokenRule } from "./spoken-text.ts";

const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );
const MONTH = MONTHS.join("|");
const AMOUNT = String.raw`(\d{1,3}(?:,\d{3})+|\d+)(?:\.(\d+))?`;

const ABBREVIATIONS: Readonly<Record<string, string>> = {
  "Dr.": "Doctor",
  "Mr.": "Mister",
  "Mrs.": "Missis",
  "Ms.": "Miss",
  "Prof.": "Professor",
  "e.g.": "for example",
  "i.e.": "that is",
  "etc.": "et cetera",
  "vs.": "versus",
  "approx.": "approximately",
  "No.": "number",
};

const CURRENCIES: Readonly<Record<string, readonly [string, string, string, string]>> = {
  $: ["dollar", "dollars", "cent", "cents"],
  "€": ["euro", "euros", "cent", "cents"],
  "£": ["pound", "pounds", "penny", "pence"],
  "₹": ["rupee", "rupees", "paisa", "paise"],
};

/** One and many. */
const UNITS: Readonly<Record<string, readonly [string, string]>> = {
  km: ["kilometer", "kilometers"],
  m: ["meter", "meters"],
  cm: ["centimeter", "centimeters"],
  mm: ["millimeter", "millimeters"],
  kg: ["kilogram", "kilograms"],
  g: ["gram", "grams"],
  mg: ["milligram", "milligrams"],
  ml: ["milliliter", "milliliters"],
  l: ["liter", "liters"],
  "km/h": ["kilometer per hour", "kilometers per hour"],
  mph: ["mile per hour", "miles per hour"],
  GB: ["gigabyte", "gigabytes"],
  MB: ["megabyte", "megabytes"],
  kWh: ["kilowatt hour", "kilowatt hours"],
  "°C": ["degree Celsius", "degrees Celsius"],
  "°F": ["degree Fahrenheit", "degrees Fahrenheit"],
  "°": ["degree", "degrees"],
  "%": ["percent", "percent"],
};

const SYMBOLS: Readonly<Record<string, string>> = {
  "&": " and ",
  "@": " at ",
  "+": " plus ",
  "=": " equals ",
  "<": " less than ",
  ">": " greater than ",
  "#": " number ",
  "§": " section ",
  "×": " times ",
  "÷": " divided by ",
  "→": " to ",
  "~": " about ",
};

export function englishRules(language: string): readonly SpokenRule[] {
  const isDayFirst = /^en-(gb|au|nz|ie|in|za)/i.test(language);
  return [
    [
      /\b(?:Dr|Mr|Mrs|Ms|Prof|etc|vs|approx|e\.g|i\.e)\./g,
      (found) => ABBREVIATIONS[found] ?? found,
    ],
    [/\bNo\. ?(?=\d)/g, () => "number "],
    [/\bhttps?:\/\/(?:www\.)?|\bwww\.(?=\w)/g, () => ""],
    [/(?<=\w)\.(?=[a-z]{2,}\b)(?!\w*\.\s)/g, () => " dot "],
    [/\b(\d{4})-(\d{2})-(\d{2})\b/g, (_, year, month, day) => date(year, month, day)],
    [
      /\b(\d{1,2})\/(\d{1,2})\/(\d{4})\b/g,
      (_, first, second, year) =>
        isDayFirst ? date(year, second, first) : date(year, first, second),
    ],
    [
      new RegExp(String.raw`\b(${MONTH}) (\d{1,2})(?:st|nd|rd|th)?\b(?:,? (\d{4})\b)?`, "g"),
      (_, month, day, year) =>
        `${month} ${englishOrdinal(Number(day))}${year === "" ? "" : `, ${englishYear(Number(year))}`}`,
    ],
    [
      /\b(\d{1,2}):(\d{2})(?: ?([ap])\.?m\b\.?)?/gi,
      (_, hour, minute, half) => time(hour, minute, half),
    ],
    [/\b(\d{1,2}) ?([ap])\.?m\b\.?/gi, (_, hour, half) => `${number(hour)} ${half.toUpperCase()}M`],
    [PHONE, (found) => phone(found)],
    [/(?<=^|\s)[-−](?=\d)/g, () => "minus "],
    [
      /\b\d+(?:\.\d+){2,}\b/g,
      (found) =>
        found
          .split(".")
          .map((each) => number(each))
          .join(" point "),
    ],
    [/\b(1[1-9]|20)(\d)0s\b/g, (_, century, ten) => decade(Number(`${century}${ten}0`))],
    [
      new RegExp(String.raw`([$€£₹]) ?${AMOUNT} (thousand|million|billion)\b`, "g"),
      (_, sign, whole, part, scale) =>
        `${number(whole, part)} ${scale} ${CURRENCIES[sign]?.[1] ?? sign}`,
    ],
    [new RegExp(`([$€£₹]) ?${AMOUNT}`, "g"), (_, sign, whole, part) => money(sign, whole, part)],
    [
      new RegExp(
        String.raw`${AMOUNT} ?(km/h|mph|kWh|km|cm|mm|kg|mg|ml|GB|MB|°C|°F|°|%|m\b|g\b|l\b)(?!\w)`,
        "g",
      ),
      (_, whole, part, unit) => {
        const [one, many] = UNITS[unit] ?? [unit, unit];
        return `${number(whole, part)} ${whole === "1" && part === "" ? one : many}`;
      },
    ],
    [/\b(\d+)(?:st|nd|rd|th)\b/g, (_, digits) => ordinal(digits)],
    [/(?<=\d) ?[–-] ?(?=\d)/g, () => " to "],
    [
      new RegExp(
        String.raw`\b(in|since|from|until|till|by|year|of|${MONTH}) (1[1-9]\d\d|20\d\d)\b(?![.,]\d)`,
        "gi",
      ),
      (_, word, year) => `${word} ${englishYear(Number(year))}`,
    ],
    [LETTERS_APART, () => " "],
    [new RegExp(AMOUNT, "g"), (_, whole, part) => number(whole, part)],
    [/[&@+=<>#§×÷→~]/g, (sign) => SYMBOLS[sign] ?? sign],
  ];
}

/** Between a number and letters: "5G", "A4". */
export const LETTERS_APART = /(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)/g;

/** What may be a phone number; phone() looks closer. */
export const PHONE =
  /(?<![\w.,])(?:\+\d{1,3}[ -]?)?(?:\(\d{2,5}\)[ -]?)?\d{2,}(?:[ /-]\d{2,})*(?!\w|[.,:]\d)/g;

/** True for what is dialled, not counted. */
export function isPhone(found: string): boolean {
  const digits = found.replace(/\D/g, "");
  if (digits.length > 15 || digits.length < 7) return false;
  return /^[+(0]/.test(found) || /^(?:\d{3}[ -])?\d{3}-\d{4}$/.test(found);
}

function phone(found: string): string {
  if (!isPhone(found)) return found;
  const groups = found.match(/\d+/g) ?? [];
  return (found.startsWith("+") ? "plus " : "") + groups.map(englishDigits).join(", ");
}

function number(whole: string, part = ""): string {
  const digits = whole.replaceAll(",", "");
  const isCode = /^0\d/.test(digits) || Number(digits) > NUMBER_MAX;
  const words = isCode ? englishDigits(digits) : englishNumber(Number(digits));
  return part === "" ? words : `${words} point ${englishDigits(part)}`;
}

function ordinal(digits: string): string {
  const value = Number(digits);
  return value > NUMBER_MAX ? number(digits) : englishOrdinal(value);
}

/** 1990 -> "nineteen nineties" */
function decade(year: number): string {
  const words = englishYear(year);
  return words.endsWith("y") ? `${words.slice(0, -1)}ies` : `${words}s`;
}

function date(year: string, month: string, day: string): string {
  const name = MONTHS[Number(month) - 1];
  if (name === undefined || Number(day) < 1 || Number(day) > 31) {
    return [year, month, day].map((each) => number(String(Number(each)))).join(" ");
  }
  return `${name} ${englishOrdinal(Number(day))}, ${englishYear(Number(year))}`;
}

function time(hour: string, minute: string, half: string): string {
  const suffix = half === "" ? "" : ` ${half.toUpperCase()}M`;
  if (Number(hour) > 24 || Number(minute) > 59) return `${number(hour)} ${number(minute)}`;
  if (minute === "00") return `${number(hour)}${suffix === "" ? " o'clock" : suffix}`;
  const minutes = `${Number(minute) < 10 ? "oh " : ""}${englishNumber(Number(minute))}`;
  return `${englishNumber(Number(hour))} ${minutes}${suffix}`;
}

function money(sign: string, whole: string, part: string): string {
  const [one, many, cent, cents] = CURRENCIES[sign] ?? ["", "", "", ""];
  const value = Number(whole.replaceAll(",", ""));
  if (part !== "" && part.length !== 2) return `${number(whole, part)} ${many}`;
  const words = `${number(whole)} ${value === 1 ? one : many}`;
  const small = Number(part);
  if (small === 0) return words;
  const change = `${englishNumber(small)} ${small === 1 ? cent : cents}`;
  return value === 0 ? change : `${words} and ${change}`;
}
