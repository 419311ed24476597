// General ways of saying the same request: polite frames, wake words, fillers, tails, time first, and noise.
// It works on segments, so that arguments stay what they are: text is added around them or changed between them, and a
// verbatim argument changes in the text and in the value at once. It does not know tools.

import type { Rng } from '../rng.js';
import { contract, dropApostrophes, dropArticles, makeCasual, slip } from './paraphrase-noise.js';
import {
  FILLERS,
  FRAMES,
  ORDERS,
  OWN_FRAMES,
  OWN_ORDERS,
  QUESTION_FRAMES,
  QUESTION_TAILS,
  QUESTIONS,
  TAILS,
  WAKE_WORDS,
} from './paraphrase-phrases.js';
import type { Segment } from './template.js';

/** Arguments that run on to the end of the sentence: a tail after one would read as part of it. */
const OPEN_ENDED = new Set(['body', 'text', 'title', 'query', 'item', 'label', 'song', 'playlist', 'to', 'device']);
const TIMES = new Set(['time', 'day', 'when']);

/** Changes an expanded template at random; `strength` scales every probability (1 is usual, 0 changes nothing). */
export function paraphrase(segments: readonly Segment[], options: { rng: Rng; strength?: number }): Segment[] {
  const { rng } = options;
  const strength = options.strength ?? 1;
  const chance = (p: number): boolean => rng.chance(p * strength);
  let result = [...segments];
  if (chance(0.1)) result = timeFirst(result, rng);
  if (chance(0.45)) result = framed(result, rng);
  if (chance(0.035))
    result = [{ type: 'literal', text: `${rng.pick(WAKE_WORDS)}${rng.pick([' ', ' ', ', '])}` }, ...result];
  if (chance(0.12)) result = tailed(result, rng);
  if (chance(0.02)) result = withFiller(result, rng);
  if (chance(0.12)) result = onLiterals(result, (text) => contract(text, rng));
  if (chance(0.04)) result = onLiterals(result, (text) => makeCasual(text, rng));
  if (chance(0.06)) result = onLiterals(result, dropArticles);
  if (chance(0.12)) result = onAll(result, dropApostrophes);
  if (chance(0.07)) result = onOneLiteral(result, rng, (text) => slip(text, rng));
  return result;
}

function firstWord(segments: readonly Segment[]): string {
  const first = segments[0];
  return first?.type === 'literal' ? (first.text.trimStart().split(' ')[0] ?? '') : '';
}

function framed(segments: Segment[], rng: Rng): Segment[] {
  const word = firstWord(segments);
  const literal = segments.map(({ text }) => text).join('');
  let frames: readonly string[] = [];
  if (ORDERS.has(word))
    frames = OWN_ORDERS.has(word) && !/\b(?:me|us)\b/.test(literal) && rng.chance(0.3) ? OWN_FRAMES : FRAMES;
  else if (QUESTIONS.has(word) && !/^(?:how|what) about\b/.test(literal) && rng.chance(0.45)) frames = QUESTION_FRAMES;
  if (frames.length === 0) return segments;
  return [{ type: 'literal', text: `${rng.pick(frames)} ` }, ...segments];
}

function tailed(segments: Segment[], rng: Rng): Segment[] {
  const last = segments.at(-1);
  const said = segments.map(({ text }) => text).join('');
  const word = firstWord(segments);
  if (last?.type === 'arg' && OPEN_ENDED.has(last.arg) && rng.chance(0.85)) return segments;
  if (/\b(?:please|thanks|pls|now|right away)\b/.test(said)) return segments;
  const asked = QUESTIONS.has(word);
  if (!asked && !ORDERS.has(word) && !/^(?:i|can|could|would|will|please)\b/.test(said)) return segments;
  const tail = rng.pick(asked ? QUESTION_TAILS : TAILS);
  if (/now|away|asap/.test(tail) && segments.some((segment) => segment.type === 'arg' && TIMES.has(segment.arg)))
    return segments;
  if (/\bme\b/.test(tail) && /\b(?:me|my|i)\b/.test(said)) return segments;
  return [...segments, { type: 'literal', text: ` ${tail}` }];
}

// "set an alarm for 6 am" as "at 6 am set an alarm".
function timeFirst(segments: Segment[], rng: Rng): Segment[] {
  const last = segments.at(-1);
  const before = segments.at(-2);
  if (last?.type !== 'arg' || !TIMES.has(last.arg) || last.text === '' || before?.type !== 'literal') return segments;
  const match = /^(.*?)(?:(^| )(at|on|for|by|around))? $/.exec(before.text);
  if (match === null) return segments;
  const said = [...segments.slice(0, -2).map(({ text }) => text), match[1]].join('').trim();
  if (
    said.split(' ').length < 2 ||
    /\b(?:is|are|the|my|any|from|to|of|until|till|next|every|since|before|after|past|than|by|about|an?)$/.test(said)
  )
    return segments;
  const preposition = match[3] === 'for' && /^\d\d:\d\d$/.test(last.value) ? 'at' : match[3];
  const head: Segment[] = preposition === undefined ? [] : [{ type: 'literal', text: `${preposition} ` }];
  const rest: Segment[] = [...segments.slice(0, -2), { type: 'literal', text: match[1]! }];
  return [...head, last, { type: 'literal', text: rng.pick([' ', ' ', ', ']) }, ...rest];
}

function withFiller(segments: Segment[], rng: Rng): Segment[] {
  const filler: Segment = { type: 'literal', text: ` ${rng.pick(FILLERS)} ` };
  if (rng.chance(0.5)) return [filler, ...segments];
  // Only where a literal stretch ends or begins with a space, so that no word is cut.
  const places = segments.flatMap((segment, i) =>
    i > 0 && segments[i - 1]!.text.endsWith(' ') && segment.type !== 'literal' ? [i] : [],
  );
  if (places.length === 0) return [filler, ...segments];
  const at = rng.pick(places);
  return [...segments.slice(0, at), filler, ...segments.slice(at)];
}

function onLiterals(segments: Segment[], change: (text: string) => string): Segment[] {
  return segments.map((segment) => (segment.type === 'literal' ? { ...segment, text: change(segment.text) } : segment));
}

function onAll(segments: Segment[], change: (text: string) => string): Segment[] {
  return segments.map((segment) => {
    if (segment.type !== 'arg') return { ...segment, text: change(segment.text) };
    // The value follows where it is part of the text; otherwise the text of the argument is left alone.
    return segment.text.includes(segment.value)
      ? { ...segment, text: change(segment.text), value: change(segment.value) }
      : segment;
  });
}

function onOneLiteral(segments: Segment[], rng: Rng, change: (text: string) => string): Segment[] {
  const places = segments.flatMap((segment, i) => (segment.type === 'literal' && segment.text.length > 3 ? [i] : []));
  if (places.length === 0) return segments;
  const chosen = rng.pick(places);
  return segments.map((segment, i) => (i === chosen ? { ...segment, text: change(segment.text) } : segment));
}
