/**
 * Whole answers, kept in memory for requests that are the same to the last bit, asked under the same key with the same
 * reach. Off unless somebody makes one.
 *
 * An answer from a further tier is never given to a request that may not go there, nor one key's answer to another.
 * Bounded by entries, bytes and age; the answer used longest ago goes first. The clock comes as an argument. Knows nothing
 * of routes, costs or receipts: what the gateway tells of those (`served`) is not kept.
 */
import { deserialize, serialize } from 'node:v8';
import { reaches } from '../route/reach.js';
import type { ChatEvent, TierName } from '../tiers/tier.js';
import { type CacheQuestion, cacheKey, isDeterministic } from './response-cache-key.js';

export interface ResponseCachePolicy {
  readonly maxEntries: number;
  /** Of all answers as they are kept, with what keeping them takes. */
  readonly maxBytes: number;
  readonly maxAgeMs: number;
  /** Also requests whose answer is drawn by lot: neither at temperature 0 nor with a seed. Default false. */
  readonly includeRandom?: boolean;
}

export interface CachedAnswer {
  /** As they came the first time, usage and timings included. */
  readonly events: readonly ChatEvent[];
  /** Where it was answered. */
  readonly tier: TierName;
  readonly ageMs: number;
}

/** Takes down an answer while it streams. */
export interface AnswerRecorder {
  push(event: ChatEvent): void;
  /** Keeps the answer if it is whole; false where it is not kept. */
  keep(nowMs: number): boolean;
}

/** Counters since the cache was made; gauges now. */
export interface ResponseCacheStats {
  readonly entries: number;
  readonly bytes: number;
  readonly hits: number;
  readonly misses: number;
  readonly evictions: number;
}

export interface ResponseCache {
  /** Null where there is no answer, or where the policy does not look for one. */
  find(question: CacheQuestion, nowMs: number): CachedAnswer | null;
  /** `tier` is where the answer comes from. */
  record(question: CacheQuestion, tier: TierName): AnswerRecorder;
  stats(): ResponseCacheStats;
}

interface Entry {
  /** Structured clone of the events (`node:v8`): JSON has no -Infinity, which log-probabilities may be. */
  readonly body: Buffer;
  readonly bytes: number;
  readonly tier: TierName;
  readonly storedMs: number;
}

/** Key, map entry and object headers of one entry. */
const entryOverheadBytes = 300;

/** The events if they are an answer that ended well and was an answer; null otherwise. */
const wholeAnswer = (events: readonly ChatEvent[]): ChatEvent[] | null => {
  const last = events.at(-1);
  if (last?.type !== 'end' || events.filter(({ type }) => type === 'end').length > 1) return null;
  if (last.reason === 'content-filter' || last.overflow === true) return null;
  const { served: _, ...end } = last;
  return [...events.slice(0, -1), end];
};

/** About how much an event takes, from below: enough to stop taking down what will not fit. */
const leastBytes = (event: ChatEvent): number => {
  switch (event.type) {
    case 'text':
    case 'reasoning':
      return event.text.length;
    case 'tool-call':
      return event.argumentsDelta.length;
    case 'start':
    case 'end':
      return 1;
    default:
      return event satisfies never;
  }
};

const ignoring: AnswerRecorder = { push: () => undefined, keep: () => false };

export const createResponseCache = (policy: ResponseCachePolicy): ResponseCache => {
  const { maxEntries, maxBytes, maxAgeMs, includeRandom = false } = policy;
  const entries = new Map<string, Entry>();
  let bytes = 0;
  const counters = { hits: 0, misses: 0, evictions: 0 };

  const keyOf = (question: CacheQuestion): string | null =>
    includeRandom || isDeterministic(question.request) ? cacheKey(question) : null;
  const drop = (key: string): void => {
    bytes -= entries.get(key)?.bytes ?? 0;
    entries.delete(key);
  };
  // A clock that was set back makes ages unknown: such answers are too old as well.
  const isFresh = ({ storedMs }: Entry, nowMs: number): boolean => nowMs >= storedMs && nowMs - storedMs < maxAgeMs;

  const put = (key: string, entry: Entry): boolean => {
    drop(key);
    if (entry.bytes > maxBytes || maxEntries < 1) return false;
    entries.set(key, entry);
    bytes += entry.bytes;
    while (bytes > maxBytes || entries.size > maxEntries) {
      drop(entries.keys().next().value!);
      counters.evictions++;
    }
    return true;
  };

  return {
    find(question, nowMs) {
      const key = keyOf(question);
      if (key === null) return null;
      const entry = entries.get(key);
      if (entry !== undefined && !isFresh(entry, nowMs)) drop(key);
      if (entry === undefined || !entries.has(key) || !reaches(question.reach, entry.tier)) {
        counters.misses++;
        return null;
      }
      entries.delete(key);
      entries.set(key, entry);
      counters.hits++;
      const { body, tier, storedMs } = entry;
      return { events: deserialize(body) as ChatEvent[], tier, ageMs: nowMs - storedMs };
    },

    record(question, tier) {
      const key = keyOf(question);
      if (key === null || !reaches(question.reach, tier)) return ignoring;
      let events: ChatEvent[] | null = [];
      let least = 0;
      return {
        push(event) {
          if (events === null) return;
          least += leastBytes(event);
          if (least > maxBytes) events = null;
          else events.push(event);
        },
        keep(nowMs) {
          const answer = events === null ? null : wholeAnswer(events);
          events = null;
          if (answer === null) return false;
          const body = serialize(answer);
          return put(key, { body, bytes: body.byteLength + entryOverheadBytes, tier, storedMs: nowMs });
        },
      };
    },

    stats: () => ({ entries: entries.size, bytes, ...counters }),
  };
};
