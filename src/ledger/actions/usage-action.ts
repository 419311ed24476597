/**
 * Usage: receipts added up. The database adds up by day at the finest, months are put together here, so that it needs no
 * calendar.
 */
import { sql } from 'kysely';
import type { UsageQuery, UsageRow } from '../ledger.js';
import { addExactly } from '../money.js';
import { dayMs, dayName, monthOf } from '../month.js';
import { buildQuery } from '../sql/statement.js';
import { createReading } from '../sql/step.js';
import type { Action } from './action.js';

type GroupName = UsageQuery['by'][number];

interface Sums {
  readonly key_id?: string | null;
  readonly app?: string | null;
  readonly model?: string;
  readonly tier?: string;
  readonly day?: number;
  readonly requests: number;
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly nano_usd: number;
}

const groupValue = (row: Sums, name: GroupName): string | null => {
  switch (name) {
    case 'key':
      return row.key_id ?? null;
    case 'app':
      return row.app ?? null;
    case 'model':
      return row.model ?? null;
    case 'tier':
      return row.tier ?? null;
    case 'day':
      return dayName(row.day ?? 0);
    case 'month':
      return monthOf((row.day ?? 0) * dayMs);
    default:
      return name satisfies never;
  }
};

/** Rows of one group become one; in the order of their groups. */
const merge = (rows: readonly Sums[], by: readonly GroupName[]): UsageRow[] => {
  const merged = new Map<string, UsageRow>();
  for (const row of rows) {
    const values = by.map((name) => groupValue(row, name));
    const before = merged.get(JSON.stringify(values));
    merged.set(JSON.stringify(values), {
      group: Object.fromEntries(by.map((name, index) => [name, values[index] ?? null])),
      requests: addExactly(before?.requests ?? 0, row.requests),
      promptTokens: addExactly(before?.promptTokens ?? 0, row.prompt_tokens),
      completionTokens: addExactly(before?.completionTokens ?? 0, row.completion_tokens),
      nanoUsd: addExactly(before?.nanoUsd ?? 0, row.nano_usd),
    });
  }
  return [...merged].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
};

export const usageAction: Action<UsageQuery, readonly UsageRow[]> = {
  access: 'scan',
  step: ({ fromMs, toMs, by }, { db }) => {
    const columns = new Set(
      by.map((name) => (name === 'key' ? 'key_id' : name === 'month' || name === 'day' ? 'day' : name)),
    );
    // Both divide whole numbers to whole numbers.
    const day = sql<number>`ended_ms / ${sql.lit(dayMs)}`;
    let query = db
      .selectFrom('receipts')
      .select((eb) => [
        eb.fn.countAll<number>().as('requests'),
        eb.fn.sum<number>('prompt_tokens').as('prompt_tokens'),
        eb.fn.sum<number>('completion_tokens').as('completion_tokens'),
        eb.fn.sum<number>('nano_usd').as('nano_usd'),
      ])
      .where('ended_ms', '>=', fromMs)
      .where('ended_ms', '<', toMs);
    for (const column of columns)
      query =
        column === 'day'
          ? query.select(day.as('day')).groupBy(day)
          : (query.select(column).groupBy(column) as typeof query);
    // Without groups, nothing adds up to one row of nulls.
    return createReading({ sums: buildQuery<Sums>(query) }, ({ sums }) =>
      merge(
        sums.filter(({ requests }) => requests > 0),
        by,
      ),
    );
  },
};
