/**
 * Keeps people's words words: a text of a control token (`<|im_end|>`) in a message, a tool's result or a tool's
 * description must not become the token, or whoever wrote it could end a turn and start another one.
 *
 * A mark goes into each such text before the template renders it, and the prompt is cut at the marks afterwards. Marks
 * are a code point that Unicode keeps free for a program's own use (U+FDD0), so that no template sees a meaning in them.
 */
import type { EngineModelInfo, PromptParts } from '../../../engine/engine.js';

const mark = '\uFDD0';
const replacement = '\uFFFD';

const patterns = new WeakMap<readonly string[], RegExp | null>();

/** Matches any of the texts, the longest first; null where none can be cut. */
const patternOf = (texts: readonly string[]): RegExp | null => {
  const known = patterns.get(texts);
  if (known !== undefined) return known;
  const escaped = texts
    // One character cannot be cut, and blanks (some vocabularies have such) are nobody's command.
    .filter((text) => [...text].length > 1 && text.trim() !== '')
    .sort((a, b) => b.length - a.length)
    .map((text) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'));
  const pattern = escaped.length === 0 ? null : new RegExp(escaped.join('|'), 'gu');
  patterns.set(texts, pattern);
  return pattern;
};

const markText = (text: string, pattern: RegExp | null): string => {
  let marked = text.includes(mark) ? text.replaceAll(mark, replacement) : text;
  if (pattern === null) return marked;
  // Texts may overlap: a cut through one can leave another whole.
  for (;;) {
    const next = marked.replace(pattern, (found) => {
      const [first = ''] = found;
      return `${first}${mark}${found.slice(first.length)}`;
    });
    if (next === marked) return marked;
    marked = next;
  }
};

/** The value with marks in all its strings (keys of objects too) that hold a control token's text. */
export const markControlTexts = <T>(value: T, info: Pick<EngineModelInfo, 'controlTexts'>): T => {
  const pattern = patternOf(info.controlTexts);
  const walk = (part: unknown): unknown => {
    if (typeof part === 'string') return markText(part, pattern);
    if (Array.isArray(part)) return part.map(walk);
    if (typeof part !== 'object' || part === null) return part;
    return Object.fromEntries(Object.entries(part).map(([key, item]) => [markText(key, pattern), walk(item)]));
  };
  return walk(value) as T;
};

/** A rendered prompt cut at its marks; the text itself where it has none. */
export const cutAtMarks = (prompt: string): string | PromptParts =>
  prompt.includes(mark) ? { parts: prompt.split(mark).filter((part) => part !== '') } : prompt;
