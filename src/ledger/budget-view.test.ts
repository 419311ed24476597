/** What is known of budgets costs a request nothing, and is forgotten rather than believed for long. */
import { describe, expect, it } from 'vitest';
import { createBudgetView } from './budget-view.js';
import type { BudgetState } from './ledger.js';
import { LedgerError } from './ledger-error.js';

const state = (fields: Partial<BudgetState>): BudgetState => ({
  id: 'b',
  keyId: null,
  app: null,
  perMonthNanoUsd: 1000,
  perMonthTokens: null,
  month: '2026-03',
  spentNanoUsd: 0,
  reservedNanoUsd: 0,
  spentTokens: 0,
  reservedTokens: 0,
  ...fields,
});

/** A ledger whose budgets a test sets, or whose outage. */
const createKnown = () => {
  const known = {
    budgets: [] as BudgetState[] | Error,
    asked: 0,
    nowMs: 0,
  };
  const view = createBudgetView(
    {
      async budgets() {
        known.asked++;
        if (known.budgets instanceof Error) throw known.budgets;
        return known.budgets;
      },
    },
    () => known.nowMs,
  );
  return { known, view };
};
const nobody = { keyId: null, app: null };
const settled = () => new Promise((resolve) => setImmediate(resolve));

describe('createBudgetView', () => {
  it('knows nothing before it has asked, and null where nothing limits money', async () => {
    const { known, view } = createKnown();
    known.budgets = [state({ perMonthNanoUsd: null, perMonthTokens: 10 })];
    expect(view.left(nobody)).toBeNull();
    await view.refresh();
    expect(view.left(nobody)).toBeNull();
    known.budgets = [state({ spentNanoUsd: 300, reservedNanoUsd: 200 })];
    await view.refresh();
    expect(view.left(nobody)).toBe(500);
  });

  it('takes the least of the budgets that the request falls under, and no other', async () => {
    const { known, view } = createKnown();
    known.budgets = [
      state({ keyId: 'one', perMonthNanoUsd: 10 }),
      state({ app: 'web', perMonthNanoUsd: 20 }),
      state({ perMonthNanoUsd: 30, spentNanoUsd: 5 }),
    ];
    await view.refresh();
    expect(view.left({ keyId: 'one', app: 'web' })).toBe(10);
    expect(view.left({ keyId: 'two', app: 'web' })).toBe(20);
    expect(view.left({ keyId: null, app: 'batch' })).toBe(25);
    known.budgets = [state({ spentNanoUsd: 2000 })];
    await view.refresh();
    expect(view.left(nobody)).toBe(0);
  });

  it('asks again in the background, once for many requests, and says what it heard meanwhile', async () => {
    const { known, view } = createKnown();
    known.budgets = [state({})];
    await view.refresh();
    known.budgets = [state({ spentNanoUsd: 400 })];
    known.nowMs += 999;
    expect(view.left(nobody)).toBe(1000);
    expect(known.asked).toBe(1);
    known.nowMs += 1;
    expect([view.left(nobody), view.left(nobody)]).toEqual([1000, 1000]);
    await settled();
    expect(known.asked).toBe(2);
    expect(view.left(nobody)).toBe(600);
  });

  it('forgets what is old: a budget may have been raised since', async () => {
    const { known, view } = createKnown();
    known.budgets = [state({ spentNanoUsd: 1000 })];
    await view.refresh();
    known.budgets = new LedgerError('unavailable', 'away');
    known.nowMs += 4_999;
    expect(view.left(nobody)).toBe(0);
    await settled();
    known.nowMs += 1;
    expect(view.left(nobody)).toBeNull();
    await settled();
    known.budgets = [state({})];
    expect(view.left(nobody)).toBeNull();
    await settled();
    expect(view.left(nobody)).toBe(1000);
  });
});
