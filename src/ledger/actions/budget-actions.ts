/**
 * Budgets: set, removed, shown.
 *
 * A budget counts its whole calendar month: one that is set in the middle of it begins with what was spent and reserved
 * so far, summed from receipts and reservations. Sums and the new row must fit together, so setting one holds off all
 * booking for that moment.
 */
import { sql } from 'kysely';
import type { BudgetRecord, BudgetState } from '../ledger.js';
import { LedgerError } from '../ledger-error.js';
import { addExactly } from '../money.js';
import { monthOf, previousMonthStartMs } from '../month.js';
import { type Dialect, postgresSchema } from '../sql/dialect.js';
import type { BudgetMonthTable, BudgetTable } from '../sql/schema.js';
import { buildQuery } from '../sql/statement.js';
import { createReading, createStep } from '../sql/step.js';
import { type Action, lockedFor } from './action.js';

const scopeOf = ({ keyId, app }: Pick<BudgetRecord, 'keyId' | 'app'>): string =>
  keyId !== null ? `key:${keyId}` : app !== null ? `app:${app}` : 'all';

const holdBookings = (dialect: Dialect) =>
  dialect.locksRows
    ? { compile: () => sql`lock table ${sql.table(`${postgresSchema}.budgets`)} in exclusive mode`.compile(dialect.db) }
    : undefined;

interface Owner {
  readonly keyId: string | null;
  readonly app: string | null;
  readonly nowMs: number;
}

/** What the receipts of this month and the one before (whose requests may still be running) say was spent. */
const spentSoFar = ({ keyId, app, nowMs }: Owner, { db }: Dialect) =>
  db
    .selectFrom('receipts')
    .select((eb) => ['month', eb.fn.sum<number>('nano_usd').as('nano_usd'), eb.fn.sum<number>('tokens').as('tokens')])
    .where('ended_ms', '>=', previousMonthStartMs(nowMs))
    .where('month', '>=', monthOf(previousMonthStartMs(nowMs)))
    .$if(keyId !== null, (query) => query.where('key_id', '=', keyId))
    .$if(app !== null, (query) => query.where('app', '=', app))
    .groupBy('month');

const reservedNow = ({ keyId, app }: Owner, { db }: Dialect) =>
  db
    .selectFrom('reservations')
    .select((eb) => ['month', eb.fn.sum<number>('nano_usd').as('nano_usd'), eb.fn.sum<number>('tokens').as('tokens')])
    .$if(keyId !== null, (query) => query.where('key_id', '=', keyId))
    .$if(app !== null, (query) => query.where('app', '=', app))
    .groupBy('month');

interface MonthSum {
  readonly month: string;
  readonly nano_usd: number;
  readonly tokens: number;
}

const monthRows = (
  budgetId: string,
  sums: { readonly spent: readonly MonthSum[]; readonly reserved: readonly MonthSum[] },
): BudgetMonthTable[] => {
  const months = new Set([...sums.spent, ...sums.reserved].map(({ month }) => month));
  return [...months].map((month) => {
    const spent = sums.spent.find((sum) => sum.month === month);
    const reserved = sums.reserved.find((sum) => sum.month === month);
    return {
      budget_id: budgetId,
      month,
      spent_nano_usd: addExactly(spent?.nano_usd ?? 0, 0),
      reserved_nano_usd: addExactly(reserved?.nano_usd ?? 0, 0),
      spent_tokens: addExactly(spent?.tokens ?? 0, 0),
      reserved_tokens: addExactly(reserved?.tokens ?? 0, 0),
    };
  });
};

const recordOf = (row: BudgetTable): BudgetRecord => ({
  id: row.id,
  keyId: row.key_id,
  app: row.app,
  perMonthNanoUsd: row.per_month_nano_usd,
  perMonthTokens: row.per_month_tokens,
});

export interface SetBudgetArgs {
  readonly budget: Omit<BudgetRecord, 'id'>;
  /** For the budget if its scope has none yet. */
  readonly newId: string;
  readonly nowMs: number;
}

export const setBudgetAction: Action<SetBudgetArgs, BudgetRecord> = {
  access: 'write',
  step: ({ budget, newId, nowMs }, dialect) => {
    const { db } = dialect;
    const { keyId, app } = budget;
    const owner = { keyId, app, nowMs };
    const hold = holdBookings(dialect);
    return createStep(
      {
        hold: hold === undefined ? undefined : buildQuery(hold),
        key: keyId === null ? undefined : buildQuery(db.selectFrom('keys').select('id').where('id', '=', keyId)),
        present: buildQuery(db.selectFrom('budgets').selectAll().where('scope', '=', scopeOf(budget))),
        spent: buildQuery(spentSoFar(owner, dialect)),
        reserved: buildQuery(reservedNow(owner, dialect)),
      },
      ({ key, present: [present], spent, reserved }) => {
        if (keyId !== null && key.length === 0)
          throw new LedgerError('key-unknown', `Cannot set a budget of key ${keyId}: there is no key of that id.`);
        const limits = { per_month_nano_usd: budget.perMonthNanoUsd, per_month_tokens: budget.perMonthTokens };
        if (present !== undefined)
          return {
            result: recordOf({ ...present, ...limits }),
            writes: [buildQuery(db.updateTable('budgets').set(limits).where('id', '=', present.id))],
          };
        const row = { id: newId, scope: scopeOf(budget), key_id: keyId, app, ...limits };
        const months = monthRows(newId, { spent, reserved });
        return {
          result: recordOf(row),
          writes: [
            buildQuery(db.insertInto('budgets').values(row)),
            ...months.map((month) => buildQuery(db.insertInto('budget_months').values(month))),
          ],
        };
      },
    );
  },
};

export const removeBudgetAction: Action<{ readonly id: string }, null> = {
  access: 'write',
  step: ({ id }, dialect) => {
    const { db } = dialect;
    const budget = buildQuery(db.selectFrom('budgets').select('id').where('id', '=', id).$call(lockedFor(dialect)));
    return createStep({ budget }, (rows) => {
      if (rows.budget.length === 0)
        throw new LedgerError('budget-unknown', `Cannot remove budget ${id}: there is none of that id.`);
      return {
        result: null,
        writes: [
          buildQuery(db.deleteFrom('budget_months').where('budget_id', '=', id)),
          buildQuery(db.deleteFrom('budgets').where('id', '=', id)),
        ],
      };
    });
  },
};

export const listBudgetsAction: Action<{ readonly nowMs: number }, readonly BudgetState[]> = {
  access: 'read',
  step: ({ nowMs }, { db }) => {
    const month = monthOf(nowMs);
    const states = db
      .selectFrom('budgets')
      .leftJoin('budget_months', (join) =>
        join.onRef('budget_months.budget_id', '=', 'budgets.id').on('budget_months.month', '=', month),
      )
      .selectAll('budgets')
      .select(['spent_nano_usd', 'reserved_nano_usd', 'spent_tokens', 'reserved_tokens'])
      .orderBy('scope');
    return createReading({ states: buildQuery(states) }, (rows) =>
      rows.states.map((row) => ({
        ...recordOf(row),
        month,
        spentNanoUsd: row.spent_nano_usd ?? 0,
        reservedNanoUsd: row.reserved_nano_usd ?? 0,
        spentTokens: row.spent_tokens ?? 0,
        reservedTokens: row.reserved_tokens ?? 0,
      })),
    );
  },
};
