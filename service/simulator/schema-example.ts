// The emptiest value that a JSON Schema allows, as far as schemas for structured output go: what the
// chat simulator answers when it is asked for data and has none.
// Limits: DEPTH_MAX; $ref, formats and patterns are not followed.

const DEPTH_MAX = 8;

/** Empty texts and lists, zero, false, null where it may be. */
export function exampleOf(schema: unknown, depth = 0): unknown {
  if (!isRecord(schema) || depth >= DEPTH_MAX) return null;
  const types = Array.isArray(schema["type"]) ? schema["type"] : [schema["type"]];
  if (types.includes("null")) return null;
  const choices = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(choices)) {
    const isNull = (choice: unknown) => isRecord(choice) && choice["type"] === "null";
    return choices.some(isNull) ? null : exampleOf(choices[0], depth + 1);
  }
  if (schema["const"] !== undefined) return schema["const"];
  if (Array.isArray(schema["enum"])) return schema["enum"][0] as unknown;
  switch (types[0]) {
    case "object":
      return objectOf(schema, depth);
    case "array":
      return [];
    case "string":
      return "";
    case "number":
    case "integer":
      return typeof schema["minimum"] === "number" ? schema["minimum"] : 0;
    case "boolean":
      return false;
    default:
      return null;
  }
}

function objectOf(schema: Readonly<Record<string, unknown>>, depth: number): unknown {
  const properties = isRecord(schema["properties"]) ? schema["properties"] : {};
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const entries = Object.entries(properties).filter(([name]) => required.includes(name));
  return Object.fromEntries(entries.map(([name, each]) => [name, exampleOf(each, depth + 1)]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
