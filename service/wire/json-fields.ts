// Reads fields of a parsed JSON value that nobody has checked. A field of the wrong type reads as
// empty; who needs it present asks for that. Nothing here throws or copies.

export type Fields = Readonly<Record<string, unknown>>;

const CODE_CHARACTERS_MAX = 64;

/** The field names of `T`, with values that are not trusted yet. */
export type Inside<T> = { readonly [K in keyof T]?: unknown };

/** The fields of a JSON object; undefined for anything else, arrays included. */
export function fieldsOf(value: unknown): Fields | undefined {
  const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
  return isObject ? (value as Fields) : undefined;
}

export function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** 0 for what is not a finite number at or above 0: all numbers of these protocols are. */
export function numberOf(value: unknown): number {
  return typeof value === "number" && value >= 0 && value < Number.POSITIVE_INFINITY ? value : 0;
}

/** A code ends up in logs and messages, so it is cut to what a code looks like. */
export function codeOf(value: unknown): string {
  return textOf(value)
    .slice(0, CODE_CHARACTERS_MAX)
    .replace(/[^\w.-]/g, "");
}
