/** Rows and notes of the gateway benches out of their figures. Pure. */
import type { BenchRow, Target } from '../bench.js';
import { createRow, median } from '../statistics.js';
import type { Figures, Measured } from './compare-gateways.js';

export interface RowsInput {
  readonly what: string;
  readonly unit: BenchRow['unit'];
  readonly figures: Figures;
  readonly figureOf: (measured: Measured) => number;
  /** By the other side's name. */
  readonly targets?: Readonly<Record<string, Target>>;
}

/** A row for each other side: Spillway against it. */
export const rowsAgainst = ({ what, unit, figures, figureOf, targets = {} }: RowsInput): BenchRow[] =>
  [...figures]
    .filter(([name]) => name !== 'Spillway')
    .map(([name, measured]) => {
      const target = targets[name];
      return createRow({
        what,
        unit,
        ours: { name: 'Spillway', values: figures.get('Spillway')!.map(figureOf) },
        other: { name, values: measured.map(figureOf) },
        ...(target === undefined ? {} : { target }),
      });
    });

/** What one request takes of the processor, by side. */
export const processorNote = (what: string, figures: Figures, per = { name: 'request', count: 1 }): string =>
  `Processor time of the gateway's process for each ${per.name}, ${what} (median): ${[...figures]
    .map(
      ([name, measured]) =>
        `${name} ${(median(measured.map(({ processorMicroseconds }) => processorMicroseconds)) / per.count).toFixed(per.count === 1 ? 0 : 1)} µs`,
    )
    .join(', ')}.`;
