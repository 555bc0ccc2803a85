// What a ContextUpdate does to a CallerContext (S1-33, S1-35, RT-11, RT-12).
// Station: beside the conversation, not on the frame's way. The stores call it inside their own
// atomic step, a call's memory calls it for what holds at once; both get the same result.
// Pure. Everything that comes in was said by somebody or written by a model, so every text is
// bounded and cleaned of what cannot be seen: line breaks, controls, invisible characters.
// Limits: limits.ts, CALLER_* and CONTEXT_*.
import type {
  CallerContext,
  CallerPreferences,
  ContextUpdate,
} from "../contract/caller-context.ts";
import {
  CALLER_FACT_CHARACTERS_MAX,
  CALLER_FACTS_MAX,
  CALLER_LOCATION_CHARACTERS_MAX,
  CALLER_NAME_CHARACTERS_MAX,
  CALLER_SUMMARY_CHARACTERS_MAX,
  CALLER_TICKERS_MAX,
  CALLER_TOPICS_MAX,
  CONTEXT_UPDATE_ITEMS_MAX,
} from "../limits.ts";

/** Exchanges write BRK.B, RDS-A, ^GSPC, EURUSD=X, 7203.T. */
const TICKER = /^\^?[A-Z0-9][A-Z0-9.=-]{0,11}$/;
const TOPIC = /^[a-z][a-z0-9_]{0,31}$/;
/** Spaces of all kinds, controls, invisible marks; but for the two that join letters. */
const UNSEEN = /(?:(?![\u200c\u200d])[\p{C}\s])+/gu;
const HALF_CHARACTER = /[\ud800-\udbff]$/;

/** -> the context after the update. wallMs: now, for lastActiveMs. */
export function applyContextUpdate(
  context: CallerContext,
  update: ContextUpdate,
  wallMs: number,
): CallerContext {
  const { signals } = context;
  return boundedContext({
    preferences: changedPreferences(context.preferences, update),
    facts: changedFacts(context.facts, update),
    summary: update.summary ?? context.summary,
    signals: {
      topics: countedTopics(signals.topics, update.topic),
      callCount: signals.callCount + (update.isCallBegun === true ? 1 : 0),
      lastActiveMs: Math.max(signals.lastActiveMs, wallMs),
    },
  });
}

/** -> the same with every bound held: for what comes from a store that an older version wrote. */
export function boundedContext({
  preferences,
  facts,
  summary,
  signals,
}: CallerContext): CallerContext {
  return {
    preferences: {
      name: cleanText(preferences.name, CALLER_NAME_CHARACTERS_MAX),
      location: cleanText(preferences.location, CALLER_LOCATION_CHARACTERS_MAX),
      temperatureUnit: preferences.temperatureUnit,
      tickers: newest(tickersIn(preferences.tickers), CALLER_TICKERS_MAX),
    },
    facts: newest(distinctFacts(facts), CALLER_FACTS_MAX),
    summary: cleanText(summary, CALLER_SUMMARY_CHARACTERS_MAX),
    signals: {
      topics: boundedTopics(signals.topics),
      callCount: boundedCount(signals.callCount),
      lastActiveMs: boundedCount(signals.lastActiveMs),
    },
  };
}

/** Is there nothing in it that a model could be told? */
export function isContextEmpty({ preferences, facts, summary }: CallerContext): boolean {
  const { name, location, temperatureUnit, tickers } = preferences;
  const texts = name + location + temperatureUnit + summary;
  return texts === "" && tickers.length === 0 && facts.length === 0;
}

/** One line of at most `charactersMax`, without anything that cannot be seen. */
export function cleanText(text: string, charactersMax: number): string {
  // Twice what is kept, so that cleaning a megabyte costs no more than cleaning a line.
  const line = text
    .slice(0, charactersMax * 2)
    .toWellFormed()
    .normalize("NFC")
    .replace(UNSEEN, " ")
    .trim();
  return line.slice(0, charactersMax).replace(HALF_CHARACTER, "").trimEnd();
}

function changedPreferences(
  { name, location, temperatureUnit, tickers }: CallerPreferences,
  { preferences = {}, tickersAdd = [], tickersRemove = [] }: ContextUpdate,
): CallerPreferences {
  const removed = new Set(tickersIn(tickersRemove));
  const added = tickersIn(tickersAdd);
  const kept = tickers.filter((ticker) => !removed.has(ticker) && !added.includes(ticker));
  return {
    name: preferences.name ?? name,
    location: preferences.location ?? location,
    temperatureUnit: preferences.temperatureUnit ?? temperatureUnit,
    tickers: [...kept, ...added],
  };
}

function changedFacts(
  facts: readonly string[],
  { factsAdd = [], factsRemove = [] }: ContextUpdate,
): string[] {
  const removed = new Set(factsRemove.slice(0, CONTEXT_UPDATE_ITEMS_MAX).map(factKey));
  const kept = facts.filter((fact) => !removed.has(factKey(fact)));
  return [...kept, ...factsAdd.slice(0, CONTEXT_UPDATE_ITEMS_MAX)];
}

/** Of facts that differ in case and spaces only, the newest wording at the newest place. */
function distinctFacts(facts: readonly string[]): string[] {
  const distinct = new Map<string, string>();
  for (const fact of facts) {
    const text = cleanText(fact, CALLER_FACT_CHARACTERS_MAX);
    const key = factKey(text);
    if (key === "") continue;
    distinct.delete(key);
    distinct.set(key, text);
  }
  return [...distinct.values()];
}

/** The same for facts that are the same but for case, spaces, width and a full stop. */
function factKey(fact: string): string {
  const text = cleanText(fact, CALLER_FACT_CHARACTERS_MAX);
  return text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s.!]+$/, "");
}

function tickersIn(texts: readonly string[]): string[] {
  const tickers = texts
    .slice(0, CONTEXT_UPDATE_ITEMS_MAX)
    .map((text) => text.trim().toUpperCase().replace(/^\$/, ""))
    .filter((ticker) => TICKER.test(ticker));
  return [...new Set(tickers)];
}

function countedTopics(
  topics: CallerContext["signals"]["topics"],
  topic: string | undefined,
): Record<string, number> {
  if (topic === undefined) return topics;
  const counts = new Map(Object.entries(topics));
  counts.set(topic, (counts.get(topic) ?? 0) + 1);
  return Object.fromEntries(counts);
}

/** Only names as thinkers have them: what is there first stays when there are too many. */
function boundedTopics(topics: CallerContext["signals"]["topics"]): Record<string, number> {
  return Object.fromEntries(
    Object.entries(topics)
      .filter(([topic, count]) => TOPIC.test(topic) && count > 0)
      .slice(0, CALLER_TOPICS_MAX)
      .map(([topic, count]) => [topic, boundedCount(count)]),
  );
}

function boundedCount(count: number): number {
  const whole = Math.floor(count);
  return Number.isSafeInteger(whole) && whole > 0 ? whole : 0;
}

function newest<Item>(items: readonly Item[], countMax: number): Item[] {
  return items.slice(-countMax);
}
