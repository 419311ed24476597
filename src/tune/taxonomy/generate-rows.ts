// Rows to train on from a taxonomy: kinds balanced, no text twice, the same rows for the same seed.
// It does not know tokens, prompts, or how a row is written to a file.

import { normalizeText } from '../../models/normalize-text.js';
import { createRng, type Rng } from '../rng.js';
import type { KindTemplate, Taxonomy } from './load-taxonomy.js';
import { paraphrase } from './paraphrase.js';
import type { Row } from './row.js';
import { createDraw } from './slots.js';
import { countExpansions, expandTemplate, type Segment } from './template.js';

export interface GenerateOptions {
  /** How many rows to make in all; a kind that runs out of new texts gives fewer. */
  readonly rows: number;
  readonly seed: number | string;
  /** Relative share of a kind, 1 where none is given, 0 for none. */
  readonly kindWeights?: Readonly<Record<string, number>>;
  /** Share of all rows that are hand-overs (0 to 1); without it they take part by their kinds' weights. */
  readonly overflowShare?: number;
  /** Scales every paraphrase probability: 1 is usual, 0 leaves templates as written. */
  readonly paraphraseStrength?: number;
}

/** Generates rows in a shuffled order. */
export function generateRows(taxonomy: Taxonomy, options: GenerateOptions): Row[] {
  const rng = createRng(options.seed);
  const texts = new Set<string>();
  const rows: Row[] = [];
  for (const [kind, count] of kindCounts(taxonomy, options)) {
    const maker = createRowMaker(taxonomy, { kind, rng: rng.fork(kind), strength: options.paraphraseStrength ?? 1 });
    // A kind with few texts is given up on after a run of draws without a new one.
    for (let made = 0, misses = 0; made < count && misses < 200 + made; ) {
      const row = maker();
      if (row === null || texts.has(row.text)) {
        misses++;
        continue;
      }
      texts.add(row.text);
      rows.push(row);
      made++;
    }
  }
  return rng.fork('order').shuffle(rows);
}

/** Rows for each kind, in the order of the taxonomy; they sum to `rows`. */
function kindCounts(taxonomy: Taxonomy, options: GenerateOptions): [kind: string, count: number][] {
  const kinds = [...taxonomy.kinds].map(([kind, templates]) => ({
    kind,
    overflow: templates.every(({ tool }) => tool === null),
    weight: options.kindWeights?.[kind] ?? 1,
  }));
  const total = (overflow: boolean): number =>
    kinds.reduce((sum, entry) => sum + (entry.overflow === overflow ? entry.weight : 0), 0);
  const share =
    total(true) === 0
      ? 0
      : total(false) === 0
        ? 1
        : (options.overflowShare ?? total(true) / (total(true) + total(false)));
  let given = 0;
  let exact = 0;
  return kinds.map(({ kind, overflow, weight }) => {
    const part = (overflow ? share : 1 - share) * (weight / (total(overflow) || 1));
    exact += options.rows * part;
    const count = Math.round(exact) - given;
    given += count;
    return [kind, count];
  });
}

/** Draws rows of one kind without end; null where a draw came out empty. */
export function createRowMaker(
  taxonomy: Taxonomy,
  options: { kind: string; rng: Rng; strength: number },
): () => Row | null {
  const { kind, rng, strength } = options;
  const templates = (taxonomy.kinds.get(kind) ?? []).map((template) => ({ template, weight: drawWeight(template) }));
  return () => {
    const { template } = rng.pickWeighted(templates, ({ weight }) => weight);
    const expanded = expandTemplate(template.template, { rng, draw: createDraw(taxonomy.slots, rng) });
    const segments = paraphrase(expanded, { rng, strength });
    const text = normalizeText(joinSegments(segments));
    const args = template.args === null ? null : readArgs(segments, template.args);
    if (text === '' || args === undefined) return null;
    return { text, kind, tool: template.tool, args };
  };
}

// A template with more ways to come out is drawn more often, but far less than in proportion.
function drawWeight({ template, weight }: KindTemplate): number {
  return weight * (1 + Math.log2(countExpansions(template, 30)));
}

// "a" or "an" before what follows, as it is said: "an hour", "an 8 minute", "a one". Nothing before another article.
function withArticle(text: string, next: string): string {
  const article = /(^| )an? $/.exec(text);
  if (article === null || !/^[a-z0-9]/.test(next)) return text;
  const head = text.slice(0, article.index) + article[1]!;
  if (/^(?:an?|the|my) /.test(next)) return head;
  return `${head}${/^(?:[aeio](?!ne\b|nce\b)|u(?!ni|se|k\b|s\b)|8|11\b|18\b|hour)/.test(next) ? 'an' : 'a'} `;
}

/** The text of segments, without the spaces that empty alternatives left and "a a quarter past". */
export function joinSegments(segments: readonly Segment[]): string {
  return segments
    .map((segment, i) =>
      segment.type === 'literal' ? withArticle(segment.text, segments[i + 1]?.text ?? '') : segment.text,
    )
    .join('')
    .replace(/\s+/g, ' ')
    .replace(/ ([,.?!])/g, '$1')
    .replace(/ (?='(?:d|ll|m|ve|s|re)\b)/g, '')
    .trim();
}

/** Fixed and filled arguments; undefined where a filled one came out empty. */
function readArgs(
  segments: readonly Segment[],
  fixed: Readonly<Record<string, string>>,
): Record<string, string> | undefined {
  const args: Record<string, string> = { ...fixed };
  for (const segment of segments) {
    if (segment.type !== 'arg') continue;
    const value = normalizeText(segment.value);
    if (value === '') return undefined;
    args[segment.arg] = value;
  }
  return args;
}
