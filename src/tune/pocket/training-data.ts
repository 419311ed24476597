/**
 * The training rows of the pocket model, epoch by epoch: measured sentences where they are present, generated ones always.
 *
 * An epoch depends on the seed and its number alone. Knows nothing of tokens or batches.
 */

import { createRng } from '../rng.js';
import { generateRows } from '../taxonomy/generate-rows.js';
import type { Taxonomy } from '../taxonomy/load-taxonomy.js';
import type { Row } from '../taxonomy/row.js';
import { OUT_OF_SCOPE } from './read-clinc.js';
import { createValuePool, swapValues } from './swap-values.js';
import { varyRow } from './vary-row.js';

export interface PocketData {
  readonly taxonomy: Taxonomy;
  /** Sentences of people (CLINC150's train split); empty where absent. */
  readonly measured: readonly Row[];
  readonly seed: number;
  readonly generatedPerEpoch: number;
  /** Share of generated rows that are to be handed over. */
  readonly overflowShare: number;
  readonly measuredRepeats: MeasuredRepeats;
  readonly kindWeights: Readonly<Record<string, number>>;
}

/** Times that a measured row appears in an epoch: the device's, hand-overs of a known kind, and of none. */
export interface MeasuredRepeats {
  readonly device: number;
  readonly known: number;
  readonly unknown: number;
}

/** Which of the three groups a row belongs to. */
export const groupOf = (row: Row): keyof MeasuredRepeats =>
  row.tool !== null ? 'device' : row.kind === OUT_OF_SCOPE ? 'unknown' : 'known';

/** All kinds that rows may have, device kinds first, sorted by name. */
export const kindNames = (data: Pick<PocketData, 'taxonomy' | 'measured'>): string[] => {
  const device = new Set<string>();
  const overflow = new Set<string>();
  for (const [kind, templates] of data.taxonomy.kinds)
    (templates.some(({ tool }) => tool !== null) ? device : overflow).add(kind);
  for (const { kind, tool } of data.measured) (tool === null ? overflow : device).add(kind);
  return [...[...device].sort(), ...[...overflow].sort()];
};

/** Share of measured and of generated rows that get other values, and how many of those are loose words. */
const swaps = { measured: 0.5, generated: 0.15, looseWords: 0.4 };

export const epochRows = (data: PocketData, epoch: number): Row[] => {
  const generated = generateRows(data.taxonomy, {
    rows: data.generatedPerEpoch,
    seed: `${data.seed}/generated/${epoch}`,
    overflowShare: data.overflowShare,
    kindWeights: data.kindWeights,
  });
  const pool = createValuePool(generated);
  const rng = createRng(`${data.seed}/measured/${epoch}`);
  const swapped = (row: Row, options: { readonly share: number; readonly looseWords: number }): Row =>
    rng.chance(options.share) ? swapValues(row, { pool, rng, looseWords: options.looseWords }) : row;
  const measured = data.measured.flatMap((row) =>
    Array.from({ length: data.measuredRepeats[groupOf(row)] }, () => {
      const given = swapped(row, { share: swaps.measured, looseWords: swaps.looseWords });
      const way = rng.next();
      if (way < 0.45) return given;
      return varyRow(given, { rng, dropWords: way < 0.65 ? 0.12 : 0 });
    }),
  );
  // Generated rows have values of their kind already.
  return [...measured, ...generated.map((row) => swapped(row, { share: swaps.generated, looseWords: 1 }))];
};
